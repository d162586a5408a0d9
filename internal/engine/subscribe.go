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
		r.emit(*fs.presubscribed)
		return nil
	}
	if !fs.wantsSubscription() {
		return nil
	}
	told := event.FolderSubscribed{Folder: fs.to, Dry: r.p.Dry}
	if !r.p.Dry {
		err := fs.lane.dst.Do(ctx, func(c *imapconn.Conn) error { return c.Subscribe(ctx, fs.to.Raw) })
		if err != nil && !isRefusal(err) {
			return err
		}
		told.Err = err
		r.dst.subs[fs.to.Raw] = true
	}
	r.emit(told)
	return nil
}

// wantsSubscription reports whether the host2 folder is to be subscribed to, and
// is not yet.
func (fs *folderSync) wantsSubscription() bool {
	f := &fs.run.p.Folders
	return (f.SubscribeAll || f.Subscribe && fs.run.src.subs[fs.from.Raw]) && !fs.run.dst.subs[fs.to.Raw]
}
