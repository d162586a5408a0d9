package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// quarantine moves what would be deleted to another host2 folder.
func (fs *folderSync) quarantine(ctx context.Context, d deletion) error {
	told := event.MessagesDeleted{Side: 2, Folder: fs.to, Duplicate: d.duplicate, Dry: fs.run.p.Dry, UIDs: numbers(d.uids), MovedTo: folderName(d.to).Text, Expunged: true}
	if fs.run.p.Dry {
		fs.run.noteWouldGo(fs.to.Raw, d.uids)
		fs.run.emit(told)
		return nil
	}
	if err := fs.run.makeQuarantine(ctx, d.k, d.to); err != nil {
		return fs.notDeleted(d, err)
	}
	set := uidset.Sorted(d.uids)
	conn, err := d.k.Ready(ctx)
	if err != nil {
		return err
	}
	if conn.Has(imap.CapMove) {
		fs.run.removes2(fs.to.Raw, d.uids)
		// Not repeated after a lost connection: what was moved is gone from here,
		// the rest is found again by the next run.
		if _, err := conn.UIDMove(ctx, set, d.to); err != nil {
			return fs.notDeleted(d, err)
		}
		fs.noteGone(d.uids)
		fs.run.emit(told)
		return nil
	}
	if _, err := conn.UIDCopy(ctx, set, d.to); err != nil {
		return fs.notDeleted(d, err)
	}
	return fs.markAndExpunge(ctx, d)
}

// quarantineFolder is the raw name of --quarantine2 on host2.
func (r *run) quarantineFolder() string {
	return folders.ToRaw(r.p.Deletion.Quarantine2)
}

// checkQuarantine says before anything is done, in a dry run as well, if host2 cannot
// have a folder of that name.
func (r *run) checkQuarantine() {
	name := r.quarantineFolder()
	if name == "" || r.on2.folders.Has(name) {
		return
	}
	prefixes := r.dst.world.Outside(name)
	if len(prefixes) == 0 {
		return
	}
	r.guard2.badQuarantine = fmt.Sprintf("--quarantine2 %q: host2 has the user's folders below %q only", r.p.Deletion.Quarantine2, prefixes[0])
	r.fault(event.Error{Class: event.ErrFolder, Text: r.guard2.badQuarantine + "; no message is moved there or deleted by --delete2",
		Hint: fmt.Sprintf("write it as --quarantine2 %q", prefixes[0]+r.p.Deletion.Quarantine2)})
}

// makeQuarantine creates the quarantine folder once.
func (r *run) makeQuarantine(ctx context.Context, k *link, name string) error {
	if r.on2.folders.Has(name) {
		return nil
	}
	err := k.Do(ctx, func(c *imapconn.Conn) error { return c.Create(ctx, name) })
	if err == nil || isRefusal(err) {
		// A refusal may mean that it exists; the COPY or MOVE will tell.
		r.on2.folders.Add(name)
		return nil
	}
	return err
}
