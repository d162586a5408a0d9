package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// choose runs the search of a side's selection. nil means all messages.
func (l *lister) choose(ctx context.Context) error {
	s := &l.fs.run.p.Selection
	criteria, able := s.Search(int(l.n))
	search := s.Criterion(int(l.n))
	if !able && s.FetchSet != "" && criteria == "" {
		return l.chooseByDate(ctx)
	}
	if search == "" {
		return nil
	}
	if !able && criteria == "" {
		return l.chooseByDate(ctx)
	}
	var uids []imap.UID
	err := l.k.Do(ctx, func(c *imapconn.Conn) (err error) {
		uids, err = c.UIDSearch(ctx, search)
		return err
	})
	if err != nil {
		if isConnError(err) || criteria != "" {
			return fmt.Errorf("UID SEARCH %s: %w", search, err)
		}
		l.fs.run.warn(fmt.Sprintf("Host%d: SEARCH failed in folder [%s] (%s), so ages are taken from INTERNALDATE there, like --noabletosearch%d", l.n, l.k.Mailbox, serverWords(err), l.n))
		return l.chooseByDate(ctx)
	}
	l.chosen = make(map[imap.UID]struct{}, len(uids))
	for _, u := range uids {
		l.chosen[u] = struct{}{}
	}
	return nil
}

// chooseByDate chooses by INTERNALDATE (--noabletosearch).
func (l *lister) chooseByDate(ctx context.Context) error {
	s := &l.fs.run.p.Selection
	l.chosen = make(map[imap.UID]struct{})
	if l.k.Opened.Exists == 0 {
		return nil // some servers refuse 1:* in an empty folder
	}
	var wanted imap.UIDSet
	if s.FetchSet != "" {
		set, err := uidset.Parse(s.FetchSet)
		if err != nil {
			return fmt.Errorf("--fetch_hash_set %s: %w", s.FetchSet, err)
		}
		wanted = set
	}
	choose := func(m *imapconn.Message) {
		if (wanted == nil || wanted.Contains(m.UID)) && l.inAges(m) {
			l.chosen[m.UID] = struct{}{}
		}
	}
	err := l.k.Do(ctx, func(c *imapconn.Conn) error {
		stream := c.Fetch(imapconn.FetchItems{UID: true, InternalDate: true})
		if err := stream.AskRange(ctx, 1, 0); err != nil {
			return err
		}
		err := answers(ctx, stream, nil, func(m *imapconn.Message, _ imapconn.FetchItems) error {
			choose(m)
			return nil
		})
		if err != nil {
			return err
		}
		return rangeErr(stream)
	})
	if err != nil && spoilt(err) && !endsRun(err) {
		return l.datesInParts(ctx, choose)
	}
	return err
}

func (l *lister) considering() int64 {
	if l.chosen != nil {
		return int64(len(l.chosen))
	}
	return int64(l.k.Opened.Exists)
}
