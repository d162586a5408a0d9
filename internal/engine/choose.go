package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// choose runs the search of a side's selection. nil means all messages.
func (l *lister) choose(ctx context.Context) error {
	s := &l.fs.run.p.Selection
	criteria, able := s.Search1, s.AbleToSearch1
	if l.n == 2 {
		criteria, able = s.Search2, s.AbleToSearch2
	}
	search := criterion(criteria, s.MaxAge, s.MinAge, s.Now)
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
	err := l.k.do(ctx, func(c *imapconn.Conn) (err error) {
		uids, err = c.UIDSearch(ctx, search)
		return err
	})
	if err != nil {
		if isConnError(err) || criteria != "" {
			return fmt.Errorf("UID SEARCH %s: %w", search, err)
		}
		l.fs.run.warn(fmt.Sprintf("Host%d: SEARCH failed in folder [%s] (%s), so ages are taken from INTERNALDATE there, like --noabletosearch%d", l.n, l.k.mailbox, serverWords(err), l.n))
		return l.chooseByDate(ctx)
	}
	l.chosen = make(map[imap.UID]struct{}, len(uids))
	for _, u := range uids {
		l.chosen[u] = struct{}{}
	}
	return nil
}

// criterion is the SEARCH key of a selection: the user's own words and the ages
// together; "" when everything is chosen. Ages are whole days of the Date
// header, as in imapsync (imapsync-messages.md section 3).
func criterion(search string, maxAge, minAge *float64, now time.Time) string {
	day := func(age float64) string {
		return now.Add(-time.Duration(age * float64(24*time.Hour))).Format("2-Jan-2006")
	}
	ages := ""
	switch {
	case maxAge != nil && minAge != nil && *minAge > *maxAge:
		ages = "OR SENTSINCE " + day(*maxAge) + " SENTBEFORE " + day(*minAge)
	case maxAge != nil && minAge != nil:
		ages = "SENTSINCE " + day(*maxAge) + " SENTBEFORE " + day(*minAge)
	case maxAge != nil:
		ages = "SENTSINCE " + day(*maxAge)
	case minAge != nil:
		ages = "SENTBEFORE " + day(*minAge)
	}
	switch {
	case ages == "":
		return search
	case search == "":
		return ages
	}
	return search + " " + ages
}

// inAges reports whether a message of this INTERNALDATE is chosen by --maxage
// and --minage, to the second: the union when minage is above maxage.
func inAges(arrived time.Time, maxAge, minAge *float64, now time.Time) bool {
	limit := func(age float64) time.Time { return now.Add(-time.Duration(age * float64(24*time.Hour))) }
	young := maxAge == nil || !arrived.Before(limit(*maxAge))
	old := minAge == nil || !arrived.After(limit(*minAge))
	if maxAge != nil && minAge != nil && *minAge > *maxAge {
		return young || old
	}
	return young && old
}

// chooseByDate chooses by INTERNALDATE (--noabletosearch).
func (l *lister) chooseByDate(ctx context.Context) error {
	s := &l.fs.run.p.Selection
	l.chosen = make(map[imap.UID]struct{})
	if l.k.opened.Exists == 0 {
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
	return l.k.do(ctx, func(c *imapconn.Conn) error {
		stream := c.Fetch(imapconn.FetchItems{UID: true, InternalDate: true})
		if err := stream.AskRange(ctx, 1, 0); err != nil {
			return err
		}
		err := stream.Each(ctx, func(m *imapconn.Message) error {
			if wanted != nil && !wanted.Contains(m.UID) {
				return nil
			}
			if seconds, zone, ok := maildate.Read(m.InternalDate); !ok || inAges(maildate.At(seconds, zone), s.MaxAge, s.MinAge, s.Now) {
				l.chosen[m.UID] = struct{}{}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return rangeErr(stream)
	})
}

func (l *lister) considering() int64 {
	if l.chosen != nil {
		return int64(len(l.chosen))
	}
	return int64(l.k.opened.Exists)
}
