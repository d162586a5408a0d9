package verification

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/mailread"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// chooser tells which messages of a folder take part.
type chooser func(uid imap.UID, date time.Time) bool

// choose asks a side which messages of a folder the plan chooses; nil: all.
func choose(ctx context.Context, r *mailread.Reader, s *plan.Selection, side int, folder string) (chooser, error) {
	criteria, able := s.Search(side)
	search := s.Criterion(side)
	if !able && criteria == "" && (s.FetchSet != "" || search != "") {
		return byDate(s)
	}
	if search == "" {
		return nil, nil
	}
	uids, err := r.Search(ctx, folder, search)
	var refusal *imapconn.Response
	if errors.As(err, &refusal) && criteria == "" {
		return byDate(s) // as the run does
	}
	if err != nil {
		return nil, fmt.Errorf("UID SEARCH %s: %w", search, err)
	}
	return func(uid imap.UID, _ time.Time) bool {
		_, ok := slices.BinarySearch(uids, uid)
		return ok
	}, nil
}

// byDate chooses by INTERNALDATE (--noabletosearch, --fetch_hash_set).
func byDate(s *plan.Selection) (chooser, error) {
	var wanted imap.UIDSet
	if s.FetchSet != "" {
		set, err := uidset.Parse(s.FetchSet)
		if err != nil {
			return nil, fmt.Errorf("--fetch_hash_set %s: %w", s.FetchSet, err)
		}
		wanted = set
	}
	return func(uid imap.UID, date time.Time) bool {
		return (wanted == nil || wanted.Contains(uid)) && s.InAges(date)
	}, nil
}

// bySize is why the size of a message leaves it out. limit is the largest that host2
// takes, 0 for any.
func bySize(s *plan.Selection, size, limit int64) skip {
	switch {
	case s.MaxSize != nil && size > *s.MaxSize:
		return skipMaxSize
	case s.MinSize != nil && size <= *s.MinSize:
		return skipMinSize
	case limit > 0 && size > limit:
		return skipLimit
	}
	return skipNone
}
