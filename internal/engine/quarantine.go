package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// quarantine copies what would be deleted to another host2 folder, looks at what that has
// got, and deletes what it has whole.
func (fs *folderSync) quarantine(ctx context.Context, d deletion) error {
	if fs.run.sameFolder2(d.to, fs.to.Raw) {
		fs.tellKept(int64(len(d.uids)), "they are in the folder of --quarantine2 already")
		return nil
	}
	told := event.MessagesDeleted{Side: 2, Folder: fs.to, Duplicate: d.duplicate, Dry: fs.run.p.Dry, UIDs: numbers(d.uids), MovedTo: folderName(d.to).Text, Expunged: true}
	if fs.run.p.Dry {
		fs.run.noteWouldGo(fs.to.Raw, d.uids)
		fs.run.emit(told)
		return nil
	}
	if err := fs.run.makeQuarantine(ctx, d.k, d.to); err != nil {
		return fs.notDeleted(d, err)
	}
	originals, err := fs.asTheyAre(ctx, d.k, 2, d.uids)
	if err != nil {
		return fs.notDeleted(d, err)
	}
	q := &inQuarantine{name: d.to, here: fs.dstOpened.UIDValidity}
	there, err := q.look(ctx, fs, d.k, originals)
	if err != nil {
		return fs.notDeleted(d, err)
	}
	conn, err := d.k.Ready(ctx)
	if err != nil {
		return err
	}
	// MOVE is over before what it made can be looked at.
	order, moves := conn.UIDCopy, !conn.Has(imap.CapUIDPlus) && conn.Has(imap.CapMove) && !d.expungeAll
	if moves {
		order = conn.UIDMove
		fs.run.removes2(fs.to.Raw, d.uids)
		clear(there)
	}
	var send []imap.UID
	for i := range originals.Recs {
		if uid := originals.Recs[i].UID; !there[uid] {
			send = append(send, uid)
		}
	}
	if len(send) > 0 {
		// Not repeated after a lost connection: what came then is found by the next run.
		if _, err := order(ctx, uidset.Sorted(send), d.to); err != nil {
			return fs.notDeleted(d, err)
		}
		rest := *originals
		rest.Recs = slices.DeleteFunc(slices.Clone(rest.Recs), func(r listing.Record) bool { return there[r.UID] })
		came, err := q.came(ctx, fs, d.k, &rest, moves)
		if err != nil {
			return fs.notDeleted(d, err)
		}
		whole := 0
		for uid, yes := range came {
			if there[uid] = yes; yes {
				whole++
			}
		}
		if whole < len(send) {
			fs.notInQuarantine(d, len(send)-whole, moves)
		}
	}
	if moves {
		fs.noteGone(d.uids)
		fs.run.emit(told)
		return nil
	}
	d.uids = slices.DeleteFunc(slices.Clone(d.uids), func(uid imap.UID) bool { return !there[uid] })
	if len(d.uids) == 0 {
		return nil
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
