package transfer

import (
	"context"
	"errors"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// neighbours is how many messages beside those that did not come are asked for as
// well: where they come, the server can be believed about the others.
const neighbours = 8

// vanished finds out which of the messages that did not come are gone from host1,
// which is no error: the folder is opened afresh and asked for their UIDs and for
// those of their neighbours. refused tells of messages whose FETCH was refused: they
// are asked for by themselves first. What can not be found out counts as there.
func (f *fetcher) vanished(ctx context.Context, refused func(*Message) bool) map[*Message]bool {
	absent := make(map[*Folder]map[imap.UID]*Message)
	for _, i := range f.todo[:f.next] {
		if t := &f.v.tasks[i]; t.at1&asked1 != 0 && t.at1&came1 == 0 && (t.at1&missed1 != 0 || !refused(t)) && f.closed[t.c] == nil && t.c.ended == nil {
			if absent[t.c] == nil {
				absent[t.c] = make(map[imap.UID]*Message)
			}
			absent[t.c][t.UID()] = t
		}
	}
	if len(absent) == 0 {
		return nil
	}
	f.settleTurns(ctx)
	gone := make(map[*Message]bool)
	for c, byUID := range absent {
		beside := c.beside(byUID)
		k := f.v.conns.Src
		opened, err := k.Open(ctx, c.From.Raw, c.Writable1)
		if session.IsRefusal(err) {
			f.closed[c] = err // it is the folder that is gone, or shut, and not its messages
		}
		if err != nil || opened.UIDValidity != c.SrcOpened.UIDValidity {
			continue
		}
		if s := &f.v.run.Plan.Selection; s.CheckMessageExists && s.AbleToSearch1 {
			f.searchedFor(ctx, byUID, gone)
		}
		came := 0
		if opened.Exists > 0 {
			ask := make(map[imap.UID]struct{}, len(byUID)+len(beside))
			for u := range byUID {
				ask[u] = struct{}{}
			}
			for u := range beside {
				ask[u] = struct{}{}
			}
			still := make(map[imap.UID]bool)
			err := k.Do(ctx, func(conn *imapconn.Conn) error {
				stream := conn.Fetch(imapconn.FetchItems{UID: true})
				if err := stream.Ask(ctx, uidset.OfKeys(ask)); err != nil {
					return err
				}
				if err := stream.Each(ctx, func(m *imapconn.Message) error { still[m.UID] = true; return nil }); err != nil {
					return err
				}
				if stream.Astray() > 0 {
					return errAstray
				}
				return survey.RangeErr(stream)
			})
			if err != nil {
				continue
			}
			for u := range still {
				if _, ok := beside[u]; ok {
					came++
				}
				delete(byUID, u)
			}
			if came == 0 && !f.allNamed(ctx, opened.Exists, byUID) {
				continue
			}
		}
		if !c.fits(opened, len(byUID)) {
			continue
		}
		for _, t := range byUID {
			gone[t] = true
		}
	}
	return gone
}

// errAstray is why an answer about other messages than those asked for is none.
var errAstray = errors.New("the server answers with UIDs that were not asked for")

// fits reports whether n messages of the listing can be gone, by the number that the
// folder has now: what came since can be no more than UIDNEXT has moved. A server that
// gives other UIDs than it did has as many messages as before.
func (c *Folder) fits(now *imapconn.SelectData, n int) bool {
	before := max(len(c.Src.Recs), int(c.SrcOpened.Exists))
	since := int64(now.UIDNext) - int64(c.Src.NextUID())
	if now.UIDNext == 0 || c.SrcOpened.UIDNext == 0 {
		since = 0 // it is not told
	}
	return int64(now.Exists) <= int64(before-n)+max(since, 0)
}

// allNamed asks for the UIDs of all messages of the folder, where no neighbour is left to
// believe the server by: when as many come as it says there are, those that do not come
// are gone. Those that come are taken out of absent.
func (f *fetcher) allNamed(ctx context.Context, exists uint32, absent map[imap.UID]*Message) bool {
	named := make(map[imap.UID]bool)
	err := f.v.conns.Src.Do(ctx, func(conn *imapconn.Conn) error {
		clear(named)
		stream := conn.Fetch(imapconn.FetchItems{UID: true})
		if err := stream.AskRange(ctx, 1, 0); err != nil {
			return err
		}
		if err := stream.Each(ctx, func(m *imapconn.Message) error { named[m.UID] = true; return nil }); err != nil {
			return err
		}
		return survey.RangeErr(stream)
	})
	if err != nil || len(named) < int(exists) {
		return false
	}
	for u := range named {
		delete(absent, u)
	}
	return true
}

// beside are listed messages next to the absent ones.
func (c *Folder) beside(absent map[imap.UID]*Message) map[imap.UID]struct{} {
	out := make(map[imap.UID]struct{})
	for uid := range absent {
		at := c.Src.Find(uid)
		for _, step := range []int{-1, 1} {
			for i, n := at+step, 0; at >= 0 && i >= 0 && i < len(c.Src.Recs) && n < neighbours/2; i += step {
				if u := c.Src.Recs[i].UID; absent[u] == nil {
					out[u] = struct{}{}
					n++
				}
			}
		}
		if len(out) >= 100*neighbours {
			break
		}
	}
	return out
}

// searchedFor is the same by SEARCH, which --checkmessageexists asks for; imapsync asks
// before each message, here only those are asked for that did not come twice.
func (f *fetcher) searchedFor(ctx context.Context, absent map[imap.UID]*Message, gone map[*Message]bool) {
	uids := make(map[imap.UID]struct{})
	for u, t := range absent {
		if t.at1&missed1 != 0 {
			uids[u] = struct{}{}
		}
	}
	if len(uids) == 0 {
		return
	}
	var there []imap.UID
	err := f.v.conns.Src.Do(ctx, func(conn *imapconn.Conn) (err error) {
		there, err = conn.UIDSearch(ctx, "UID "+uidset.OfKeys(uids).String())
		return err
	})
	if err != nil {
		return
	}
	for _, u := range there {
		delete(uids, u)
	}
	for u := range uids {
		gone[absent[u]] = true
		delete(absent, u)
	}
}
