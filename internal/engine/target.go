package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// create makes sure that the host2 folder is there, with its parents. It sets
// fs.exists.
func (fs *folderSync) create(ctx context.Context) error {
	r := fs.run
	if r.has2(fs.to.Raw) {
		fs.exists = true
		fs.tellMade()
		return nil
	}
	if other, ok := r.clash2(fs.to.Raw); ok && !r.p.Folders.MixFolders {
		r.emit(event.FolderCreated{Folder: fs.to, From: fs.from, Already: "already exists and --nomixfolders is set"})
		r.emit(event.FolderSkipped{Side: 2, Folder: fs.to, Why: "exists as " + other})
		return nil
	}
	for _, parent := range fs.row.Parents {
		if r.known2(parent) {
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
		if untold, made := r.made[name]; made && untold {
			r.made[name] = false
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
		r.emit(event.FolderCreated{Folder: folder, From: fs.from, Dry: true, Use: use})
		return nil
	}
	var refused *imapconn.Response
	err := fs.lane.dst.do(ctx, func(c *imapconn.Conn) error {
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
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if refused == nil {
		r.emit(event.FolderCreated{Folder: folder, From: fs.from, Use: use})
		r.add2(name)
		fs.exists = fs.exists || own
		return nil
	}
	there := false
	err = fs.lane.dst.do(ctx, func(c *imapconn.Conn) error {
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
		r.add2(name)
		fs.exists = fs.exists || own
	case own && fs.row.Fallback != "":
		return fs.createFallback(ctx, refused)
	case own:
		class := event.ErrCreate
		if r.dst.classify(refused).Action == provider.MailboxFull {
			class = event.ErrOverquota
		}
		fs.problem(class, fmt.Sprintf("Could not create folder %s from %s: %s", bracket(folder), bracket(fs.from), refused.Line()),
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
	fs.run.warn(fmt.Sprintf("Host2 refuses the folder %s: %s; it becomes %s", bracket(fs.to), refused.Line(), bracket(next)))
	row.To, row.Fallback, fs.to = next.Raw, "", next
	row.Parents = fs.run.table.Missing(next.Raw)
	return fs.create(ctx)
}

// bracket shows a folder as imapsync does.
func bracket(f event.Folder) string {
	if f.Text == f.Raw {
		return "[" + f.Raw + "]"
	}
	return "[" + f.Raw + "] = [" + f.Text + "]"
}

// has2 reports whether host2 lists this very name as a folder for messages.
func (r *run) has2(name string) bool {
	if folders.IsInbox(name) {
		return true // INBOX is there, in every case of letters (RFC 3501 section 5.1)
	}
	return r.exist2[name] == selectable2
}

// known2 reports whether host2 has the name at all, be it as a mere container.
func (r *run) known2(name string) bool { return r.has2(name) || r.exist2[name] != 0 }

func (r *run) add2(name string) { r.exist2[name] = selectable2 }

// clash2 finds a host2 folder that differs from name only in case.
func (r *run) clash2(name string) (string, bool) {
	if r.lower2 == nil {
		r.lower2 = make(map[string]string, len(r.exist2))
		for n := range r.exist2 {
			r.lower2[strings.ToLower(n)] = n
		}
	}
	other, ok := r.lower2[strings.ToLower(name)]
	return other, ok && other != name
}

// existence of a host2 name.
type existence uint8

const (
	container2 existence = 1 + iota
	selectable2
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
		err := fs.lane.dst.do(ctx, func(c *imapconn.Conn) error { return c.Subscribe(ctx, fs.to.Raw) })
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

// acls copies access rights (--syncacls): those of identifiers host1 knows, and
// never the rights of the one who is logged in on host2, who would lock himself
// out.
func (fs *folderSync) acls(ctx context.Context) error {
	r := fs.run
	if !r.p.Folders.SyncACLs || !fs.exists {
		return nil
	}
	get := func(k *link, name string) (acl []imapconn.ACLEntry, err error) {
		err = k.do(ctx, func(c *imapconn.Conn) error {
			if !c.Has(imap.CapACL) {
				return errNoACL
			}
			acl, err = c.GetACL(ctx, name)
			return err
		})
		return acl, err
	}
	acl1, err := get(fs.lane.src, fs.from.Raw)
	if err != nil {
		return fs.aclProblem(1, fs.from, err)
	}
	acl2, err := get(fs.lane.dst, fs.to.Raw)
	if err != nil {
		return fs.aclProblem(2, fs.to, err)
	}
	have := make(map[string]string, len(acl2))
	for _, e := range acl2 {
		have[e.Identifier] = e.Rights
	}
	for _, e := range acl1 {
		r.note(fmt.Sprintf("Host1: user %s has acl [%s] on host1", e.Identifier, e.Rights))
		switch {
		case e.Identifier == r.p.Host1.User || e.Identifier == r.p.Host2.User:
			continue // the owners keep what they have
		case have[e.Identifier] == e.Rights:
			r.note(fmt.Sprintf("Host2: user %s has already the same acl, no need to set it.", e.Identifier))
			continue
		}
		dry := ""
		if r.p.Dry {
			dry = "\t(not really since --dry mode)"
		}
		r.note(fmt.Sprintf("Host2: setting acl for folder %s user %s acl %s %s", fs.to.Raw, e.Identifier, e.Rights, dry))
		if r.p.Dry {
			continue
		}
		err := fs.lane.dst.do(ctx, func(c *imapconn.Conn) error { return c.SetACL(ctx, fs.to.Raw, e.Identifier, e.Rights) })
		if err != nil {
			if !isRefusal(err) {
				return err
			}
			r.warn(fmt.Sprintf("Could not set acl for user %s on host2: %s", e.Identifier, serverWords(err)))
		}
	}
	return nil
}

type noACL struct{}

func (noACL) Error() string { return "the server has no ACL capability" }

var errNoACL error = noACL{}

func (fs *folderSync) aclProblem(n event.Side, f event.Folder, err error) error {
	if isConnError(err) {
		return err
	}
	fs.run.warn(fmt.Sprintf("Host%d: Could not getacl for %s: %s", n, f.Raw, serverWords(err)))
	return nil
}

// quarantineFolder is the raw name of --quarantine2 on host2.
func (r *run) quarantineFolder() string {
	return folders.ToRaw(r.p.Deletion.Quarantine2)
}

// makeQuarantine creates the quarantine folder once.
func (r *run) makeQuarantine(ctx context.Context, k *link, name string) error {
	if r.has2(name) {
		return nil
	}
	err := k.do(ctx, func(c *imapconn.Conn) error { return c.Create(ctx, name) })
	if err == nil || isRefusal(err) {
		// A refusal may mean that it exists; the COPY or MOVE will tell.
		r.add2(name)
		return nil
	}
	return err
}
