package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// vanished finds out which of the messages that did not come twice are gone from
// host1, if --checkmessageexists asks for it: to be gone is no error then.
// imapsync asks before each message; here only those are asked for that did not
// come. What can not be found out counts as there.
func (f *feeder) vanished(ctx context.Context) map[*task]bool {
	s := &f.v.run.p.Selection
	if !s.CheckMessageExists || !s.AbleToSearch1 {
		return nil
	}
	absent := make(map[*copier]map[imap.UID]*task)
	for _, i := range f.todo[:f.next] {
		if t := &f.v.tasks[i]; t.asked && t.missed && !t.came && f.closed[t.c] == nil {
			if absent[t.c] == nil {
				absent[t.c] = make(map[imap.UID]*task)
			}
			absent[t.c][t.uid] = t
		}
	}
	if len(absent) == 0 {
		return nil
	}
	f.settleTurns(ctx)
	gone := make(map[*task]bool)
	for c, byUID := range absent {
		uids := make(map[imap.UID]struct{}, len(byUID))
		for u := range byUID {
			uids[u] = struct{}{}
		}
		k := f.v.lane.src
		if _, err := k.open(ctx, c.fs.from.Raw, c.fs.writable1()); err != nil {
			continue
		}
		var there []imap.UID
		err := k.do(ctx, func(conn *imapconn.Conn) (err error) {
			there, err = conn.UIDSearch(ctx, "UID "+uidset.OfKeys(uids).String())
			return err
		})
		if err != nil {
			continue
		}
		for _, u := range there {
			delete(byUID, u)
		}
		for _, t := range byUID {
			gone[t] = true
		}
	}
	return gone
}
