package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// removeFolders deletes folders as --delete2folders and --delete1emptyfolders
// ask: after all copies, and not at all when one of them failed.
func (r *run) removeFolders(ctx context.Context) error {
	f := &r.p.Folders
	if f.Delete2Folders {
		if err := r.removeExtras(ctx); err != nil {
			return err
		}
	}
	if f.Delete1EmptyFolders {
		return r.removeEmpty(ctx)
	}
	return nil
}

func (r *run) removeExtras(ctx context.Context) error {
	f := &r.p.Folders
	d, err := r.table.Deletions(folders.DeleteOptions{Only: f.Delete2Only, ButNot: f.Delete2ButNot, Quarantine: r.p.Deletion.Quarantine2})
	if err != nil {
		return err
	}
	for _, k := range d.Kept {
		r.emit(event.FolderRemoved{Side: 2, Folder: folderName(k.Name), Dry: r.p.Dry, Kept: k.Why})
	}
	r.tellIdleRules(d.Idle)
	if n := r.control.Errors(); n > 0 && len(d.Delete) > 0 {
		why := fmt.Sprintf("the run had %d errors, and folders are deleted only after everything was copied", n)
		for _, name := range d.Delete {
			r.emit(event.FolderRemoved{Side: 2, Folder: folderName(name), Dry: r.p.Dry, Kept: why})
		}
		return nil
	}
	deletable, err := r.judgeFolders(ctx, d.Delete)
	if err != nil {
		return err
	}
	for _, f := range deletable {
		if r.stopping() {
			return errStopped
		}
		if f.why != "" {
			r.emit(event.FolderRemoved{Side: 2, Folder: folderName(f.name), Dry: r.p.Dry, Kept: f.why})
			continue
		}
		if _, err := r.remove(ctx, r.main.dst, f.name, f.messages); err != nil {
			return err
		}
	}
	return nil
}

// arrivedMeanwhile is why a folder stays that was judged a moment ago.
const arrivedMeanwhile = "messages have come there since it was looked at"

// remove is tryRemove; what the server refuses is an error of the run. It reports whether
// the folder is gone.
func (r *run) remove(ctx context.Context, k *link, name string, messages int64) (bool, error) {
	told, err := r.tryRemove(ctx, k, name, messages)
	if told.Err != nil {
		r.fault(event.Error{Class: event.ErrDeletion, Folder: told.Folder, Text: fmt.Sprintf("Host%d: deleting folder %s failed: %s", k.side.N, name, serverWords(told.Err))})
	}
	return err == nil && told.Err == nil && told.Kept == "", err
}

// tryRemove unsubscribes and deletes one folder, which is never selected at that time, and
// returns what it told of it. It is looked at once more before: between the judgement and
// the turn of the last of many folders there is time for mail to arrive.
func (r *run) tryRemove(ctx context.Context, k *link, name string, messages int64) (event.FolderRemoved, error) {
	told := event.FolderRemoved{Side: k.side.N, Folder: folderName(name), Dry: r.p.Dry, Messages: messages}
	if r.p.Dry {
		r.emit(told)
		return told, nil
	}
	if k.side.N == 1 {
		r.noteDeletes1()
	}
	if err := k.Do(ctx, func(c *imapconn.Conn) error { return k.leave(ctx, c) }); err != nil && !isRefusal(err) {
		return told, err
	}
	// Between the last look and DELETE nothing else is asked. What stays is subscribed again.
	err := k.Do(ctx, func(c *imapconn.Conn) error { return c.Unsubscribe(ctx, name) })
	if isConnError(err) {
		return told, err
	}
	unsubscribed := err == nil && k.side.subs[name]
	counts, err := k.Status(ctx, []string{name})
	if err != nil {
		return told, err
	}
	if now := counts[name]; now != nil && now.NumMessages != nil && int64(*now.NumMessages) > messages {
		told.Kept = arrivedMeanwhile
		r.emit(told)
		return told, k.subscribeAgain(ctx, name, unsubscribed)
	}
	err = k.Do(ctx, func(c *imapconn.Conn) error {
		if err := k.leave(ctx, c); err != nil {
			return err
		}
		return c.Delete(ctx, name)
	})
	if err != nil && !isRefusal(err) {
		return told, err
	}
	told.Err = err
	r.emit(told)
	if err != nil {
		return told, k.subscribeAgain(ctx, name, unsubscribed)
	}
	return told, nil
}

// subscribeAgain takes back that a folder was unsubscribed which stays, if it was.
func (k *link) subscribeAgain(ctx context.Context, name string, was bool) error {
	if !was {
		return nil
	}
	err := k.Do(ctx, func(c *imapconn.Conn) error { return c.Subscribe(ctx, name) })
	if isConnError(err) {
		return err
	}
	return nil
}

// leave leaves the selected folder: some servers (Courier) delete no folder that
// is open, in the same session either. Without UNSELECT another folder is opened
// instead, INBOX, which is never deleted.
func (k *link) leave(ctx context.Context, c *imapconn.Conn) error {
	if c.Mailbox() == nil {
		return nil
	}
	var err error
	if c.Has(imap.CapUnselect) {
		err = c.Unselect(ctx)
	} else {
		_, err = c.Examine(ctx, "INBOX", nil)
	}
	k.Mailbox = ""
	return err
}

// removeEmpty deletes the empty host1 folders that took part, children first.
func (r *run) removeEmpty(ctx context.Context) error {
	if n := r.control.Errors(); n > 0 {
		r.warn(fmt.Sprintf("Host1: no empty folder is deleted, since the run had %d errors", n))
		return nil
	}
	names := folders.NewNames(r.src.world.Folders)
	byName := make(map[string]folders.Folder, len(r.src.world.Folders))
	for _, f := range r.src.world.Folders {
		byName[f.Name] = f
	}
	var wanted []string
	for i := range r.table.Rows {
		wanted = append(wanted, r.table.Rows[i].From)
	}
	slices.Sort(wanted)
	slices.Reverse(wanted)
	gone := make(map[string]bool)
	for _, name := range wanted {
		below := names.Below(name, r.src.space.Own, func(n string) bool { return gone[n] })
		f := byName[name]
		if len(gone) > 0 && !below {
			f.Attrs = slices.DeleteFunc(slices.Clone(f.Attrs), func(a string) bool { return a == `\HasChildren` })
		}
		exists, found, err := r.emptiness(ctx, name)
		if err != nil {
			return err
		}
		ok, why := folders.EmptyVerdict(f, below, exists, found)
		if !ok {
			r.emit(event.FolderRemoved{Side: 1, Folder: folderName(name), Dry: r.p.Dry, Kept: why})
			continue
		}
		why, err = r.mayRemoveSource(ctx, name)
		if err != nil {
			return err
		}
		if why != "" {
			r.emit(event.FolderRemoved{Side: 1, Folder: folderName(name), Dry: r.p.Dry, Kept: why})
			continue
		}
		removed, err := r.remove(ctx, r.main.src, name, 0)
		if err != nil {
			return err
		}
		if removed {
			gone[name] = true
		}
	}
	return nil
}

// emptiness counts a host1 folder's messages twice: by EXAMINE and by SEARCH.
func (r *run) emptiness(ctx context.Context, name string) (exists, found int, err error) {
	data, err := r.main.src.Open(ctx, name, false)
	if err != nil {
		if isRefusal(err) {
			return 1, 1, nil // it can not be looked into: it is not empty
		}
		return 0, 0, err
	}
	err = r.main.src.Do(ctx, func(c *imapconn.Conn) error {
		there, err := c.UIDSearchReturn(ctx, "ALL")
		if err != nil {
			return err
		}
		if found = int(uidset.Count(there.All)); there.Untold {
			found = 1 // nothing is not the same as none
		}
		return nil
	})
	if err != nil && !isConnError(err) {
		return int(data.Exists), 1, nil
	}
	return int(data.Exists), found, err
}
