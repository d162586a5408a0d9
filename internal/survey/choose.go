package survey

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// Choose runs the search of a side's selection, and leaves out what is elsewhere. nil
// means all messages.
func (l *Reader) Choose(ctx context.Context) error {
	if err := l.search(ctx); err != nil || l.Elsewhere == nil {
		return err
	}
	return l.chooseRest(ctx)
}

// search runs the search.
func (l *Reader) search(ctx context.Context) error {
	s := l.Selection
	criteria, able := s.Search(int(l.Side))
	search := s.Criterion(int(l.Side))
	if !able && s.FetchSet != "" && criteria == "" {
		return l.chooseByDate(ctx)
	}
	if search == "" {
		return nil
	}
	if !able && criteria == "" {
		return l.chooseByDate(ctx)
	}
	var uids imap.UIDSet
	err := l.Link.Do(ctx, func(c *imapconn.Conn) (err error) {
		uids, err = c.UIDSearchSet(ctx, search)
		return err
	})
	if err != nil {
		if session.IsConnError(err) || criteria != "" {
			return fmt.Errorf("UID SEARCH %s: %w", search, err)
		}
		l.Control.Warn(fmt.Sprintf("Host%d: SEARCH failed in folder [%s] (%s), so ages are taken from INTERNALDATE there, like --noabletosearch%d", l.Side, l.Link.Mailbox, session.ServerWords(err), l.Side))
		return l.chooseByDate(ctx)
	}
	l.Chosen = uidset.TakeMarks(uids)
	return nil
}

// chooseByDate chooses by INTERNALDATE (--noabletosearch).
func (l *Reader) chooseByDate(ctx context.Context) error {
	s := l.Selection
	l.Chosen = new(uidset.Marks)
	if l.Link.Opened.Exists == 0 {
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
	there := 0 // of those that the folder had when it was opened
	choose := func(m *imapconn.Message) {
		there += l.countedBelow([]imap.UID{m.UID})
		if (wanted == nil || wanted.Contains(m.UID)) && l.inAges(m) {
			l.Chosen.Add(m.UID)
		}
	}
	owed := 0
	err := l.Link.Do(ctx, func(c *imapconn.Conn) error {
		there = 0
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
		owed = l.owed(c)
		return RangeErr(stream)
	})
	if err == nil && there < owed {
		return l.datesInParts(ctx, choose)
	}
	if err != nil && spoilt(err) && !session.EndsRun(err) {
		return l.datesInParts(ctx, choose)
	}
	return err
}

// Considering is how many messages are looked at.
func (l *Reader) Considering() int64 {
	if l.Chosen != nil {
		return l.Chosen.Len()
	}
	return int64(l.Link.Opened.Exists)
}
