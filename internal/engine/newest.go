package engine

import (
	"context"
	"time"

	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// findNewest finds the newest message of the whole host1 account before
// --delete2 decides about the first folder: what host2 alone has and is newer
// looks like mail delivered to host2 itself, see guard.LooksLikeNewMail. Only the days
// that this guard looks at are asked for. A folder that can not be searched says
// nothing, which keeps more and deletes less.
func (r *run) findNewest(ctx context.Context) error {
	if !r.p.Deletion.Delete2 || r.p.Deletion.Delete2New {
		return nil
	}
	// A day more: SINCE compares dates without their zones.
	since := time.Now().AddDate(0, 0, -guard.RecentDays-1).Format("2-Jan-2006")
	k := r.main.src
	for _, f := range r.src.world.Folders {
		if r.stopping() {
			return errStopped
		}
		if !f.Selectable() {
			continue
		}
		data, err := k.open(ctx, f.Name, false)
		if err == nil && data.Exists > 0 {
			err = k.do(ctx, func(c *imapconn.Conn) error { return r.newestSince(ctx, c, since) })
		}
		if err != nil && !isRefusal(err) {
			return err
		}
	}
	return nil
}

// newestSince looks at the recent messages of the selected folder.
func (r *run) newestSince(ctx context.Context, c *imapconn.Conn, since string) error {
	uids, err := c.UIDSearch(ctx, "SINCE "+since)
	if err != nil || len(uids) == 0 {
		return err
	}
	return c.FetchEach(ctx, uidset.Sorted(uids), imapconn.FetchItems{UID: true, InternalDate: true, HeaderFields: []string{messageID}}, func(m *imapconn.Message) error {
		if isReport(m.Header) {
			return nil // not mail that came to host1
		}
		if seconds, zone, ok := maildate.Read(m.InternalDate); ok {
			if t := maildate.At(seconds, zone); t.After(r.newest) {
				r.newest = t
			}
		}
		return nil
	})
}
