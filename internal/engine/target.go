package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// create makes sure that the host2 folder is there, with its parents. It sets
// fs.exists.
func (fs *folderSync) create(ctx context.Context) error {
	r := fs.run
	if r.on2.folders.Has(fs.to.Raw) {
		fs.exists = true
		fs.tellMade()
		return nil
	}
	if other, ok := r.on2.folders.Clash(fs.to.Raw); ok && !r.p.Folders.MixFolders {
		r.emit(event.FolderCreated{Folder: fs.to, From: fs.from, Already: "already exists and --nomixfolders is set"})
		r.emit(event.FolderSkipped{Side: 2, Folder: fs.to, Why: "exists as " + other})
		return nil
	}
	if fs.row.Outside {
		// Known without asking, so that a dry run tells it as well.
		fs.problem(event.ErrCreate, fmt.Sprintf("Could not create folder %s from %s: %s", fs.to.Bracketed(), fs.from.Bracketed(), fs.row.Refused),
			"correct the name in --f1f2 or --mapfile")
		return nil
	}
	for _, parent := range fs.row.Parents {
		if r.on2.folders.Knows(parent) {
			continue
		}
		if err := fs.createOne(ctx, parent, ""); err != nil {
			return err
		}
	}
	return fs.createOne(ctx, fs.to.Raw, fs.row.Use)
}

// tellMade tells of folders that were made for this one ahead of its turn.
func (fs *folderSync) tellMade() {
	r := fs.run
	for _, name := range append(slices.Clone(fs.row.Parents), fs.to.Raw) {
		if untold, made := r.on2.made[name]; made && untold {
			r.on2.made[name] = false
			e := event.FolderCreated{Folder: folderName(name), From: fs.from}
			if name == fs.to.Raw {
				e.Use = fs.row.Use
			}
			r.emit(e)
		}
	}
}

// createOne creates one host2 folder. It asks the server whether a folder that
// it did not list, or refuses to create, is there nevertheless: another case of
// letters, or somebody else was faster.
func (fs *folderSync) createOne(ctx context.Context, name, use string) error {
	r := fs.run
	folder := folderName(name)
	own := name == fs.to.Raw
	if r.p.Dry {
		if r.dry.makes[name] {
			return nil // another folder of host1 goes there, too
		}
		if r.dry.makes == nil {
			r.dry.makes = make(map[string]bool)
		}
		r.dry.makes[name] = true
		r.emit(event.FolderCreated{Folder: folder, From: fs.from, Dry: true, Use: use})
		return nil
	}
	var refused *imapconn.Response
	err := fs.conns.dst.Do(ctx, func(c *imapconn.Conn) error {
		refused = nil
		var attrs []imap.MailboxAttr
		if use != "" && c.Has(imap.CapCreateSpecialUse) {
			attrs = append(attrs, imap.MailboxAttr(use))
		}
		err := c.Create(ctx, name, attrs...)
		if resp, ok := refusalIn(err); ok && !isConnError(err) && len(attrs) > 0 {
			_ = resp // some servers refuse the role only
			err = c.Create(ctx, name)
		}
		if resp, ok := refusalIn(err); ok && !isConnError(err) {
			refused = resp
			if !r.dst.Classify(resp).Later() {
				return nil
			}
		}
		return err // it is tried again when the refusal is about time
	})
	if err != nil && (refused == nil || isStopped(err) || !isRefusal(err) || errors.As(err, new(*errKiller))) {
		return err
	}
	if refused == nil {
		r.emit(event.FolderCreated{Folder: folder, From: fs.from, Use: use})
		r.journalFailed(r.j.NoteMade(name))
		r.on2.folders.Add(name)
		fs.exists = fs.exists || own
		return nil
	}
	there := false
	err = fs.conns.dst.Do(ctx, func(c *imapconn.Conn) error {
		_, err := c.Status(ctx, name, imap.StatusOptions{NumMessages: true})
		there = err == nil
		if isConnError(err) {
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case there && own && !r.p.Folders.MixFolders:
		r.emit(event.FolderCreated{Folder: folder, From: fs.from, Already: "already exists and --nomixfolders is set"})
	case there:
		r.emit(event.FolderCreated{Folder: folder, From: fs.from, Already: "already exists"})
		r.on2.folders.Add(name)
		fs.exists = fs.exists || own
		if own {
			return fs.joinStore(ctx)
		}
	case own && fs.row.Fallback != "":
		return fs.createFallback(ctx, refused)
	case own:
		class := event.ErrCreate
		if r.dst.Classify(refused).Action == provider.MailboxFull {
			class = event.ErrOverquota
		}
		fs.problem(class, fmt.Sprintf("Could not create folder %s from %s: %s", folder.Bracketed(), fs.from.Bracketed(), refused.Line()),
			"choose another name with --f1f2 or --regextrans2")
	}
	return nil
}

// createFallback creates the folder under the name that the mapping keeps for
// the case that host2 refuses the right one. From here on the row leads there;
// the next run finds the folder by that name.
func (fs *folderSync) createFallback(ctx context.Context, refused *imapconn.Response) error {
	row := fs.row
	next := folderName(row.Fallback)
	fs.run.warn(fmt.Sprintf("Host2 refuses the folder %s: %s; it becomes %s", fs.to.Bracketed(), refused.Line(), next.Bracketed()))
	row.To, row.Fallback, fs.to = next.Raw, "", next
	row.Parents = fs.run.table.Missing(next.Raw)
	return fs.create(ctx)
}
