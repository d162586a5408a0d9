package engine

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// subscribe subscribes to the host2 folder when host1's is subscribed.
func (fs *folderSync) subscribe(ctx context.Context) error {
	r := fs.run
	if fs.presubscribed != nil {
		r.tellSubscribed(*fs.presubscribed)
		return nil
	}
	if !fs.wantsSubscription() {
		return nil
	}
	told := event.FolderSubscribed{Folder: fs.to, Dry: r.p.Dry}
	if !r.p.Dry {
		err := fs.conns.dst.Do(ctx, func(c *imapconn.Conn) error { return c.Subscribe(ctx, fs.to.Raw) })
		if err != nil && !isRefusal(err) {
			return err
		}
		told.Err = err
		r.dst.subs[fs.to.Raw] = true
	}
	r.tellSubscribed(told)
	return nil
}

// tellSubscribed tells of a subscription, and remembers it for the journal.
func (r *run) tellSubscribed(told event.FolderSubscribed) {
	r.emit(told)
	if told.Err == nil && !told.Dry {
		r.on2.subscribed = append(r.on2.subscribed, told.Folder.Raw)
	}
}

// wantsSubscription reports whether the host2 folder is to be subscribed to, and
// is not yet.
func (fs *folderSync) wantsSubscription() bool {
	f := &fs.run.p.Folders
	return (f.SubscribeAll || f.Subscribe && fs.run.src.subs[fs.from.Raw]) && !fs.run.dst.subs[fs.to.Raw]
}
