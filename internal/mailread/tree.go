package mailread

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// Tree is what an account tells of its folders.
type Tree struct {
	// Side is it in the words of package folders.
	Side folders.Side
	// Subscribed are raw names.
	Subscribed map[string]bool
	// NoSubscriptions is why subscriptions are not known, "" if they are.
	NoSubscriptions string
	// Greeting is the server's first line, ID what it says of itself, Caps its
	// capabilities.
	Greeting string
	ID       map[string]string
	Caps     imap.CapSet
	TLS      string
	RemoteIP string
}

// maxNamespaceKills is how many connections may end at NAMESPACE until it is left out, as
// the engine does.
const maxNamespaceKills = 2

// Tree asks for namespaces, folders, roles and subscriptions.
func (r *Reader) Tree(ctx context.Context) (*Tree, error) {
	var t *Tree
	ask := func() error {
		return r.do(ctx, func(c *imapconn.Conn) (err error) {
			t, err = r.tree(ctx, c)
			return err
		})
	}
	err := ask()
	if err != nil && r.namespaceKills >= maxNamespaceKills && ctx.Err() == nil {
		err = ask()
	}
	return t, err
}

// TreeOn is Tree on a connection that is logged in; id is what the server said of
// itself. Nothing is tried again.
func TreeOn(ctx context.Context, c *imapconn.Conn, id map[string]string) (*Tree, error) {
	return (&Reader{id: id}).tree(ctx, c)
}

func (r *Reader) tree(ctx context.Context, c *imapconn.Conn) (*Tree, error) {
	greeting, info := c.Greeting(), c.Info()
	t := &Tree{Greeting: greeting.Line(), ID: r.id, Caps: c.Caps(), TLS: info.TLS, RemoteIP: info.RemoteIP, Subscribed: make(map[string]bool)}
	names := make([]string, 0, len(t.Caps))
	for name := range t.Caps {
		names = append(names, string(name))
	}
	t.Side.Family = folders.FamilyOf(t.Greeting, r.id, names)
	t.Side.CreateUse = c.Has(imap.CapCreateSpecialUse)
	if c.Has(imap.CapNamespace) && r.namespaceKills < maxNamespaceKills {
		if err := namespaces(ctx, c, t); err != nil {
			r.namespaceKills++
			return nil, err
		}
	}
	list, err := r.list(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("the folders could not be listed completely: %w", err)
	}
	for _, l := range list {
		f := folders.Folder{Name: l.Name, Delim: l.Delim}
		for _, a := range l.Attrs {
			f.Attrs = append(f.Attrs, string(a))
		}
		t.Side.Folders = append(t.Side.Folders, f)
	}
	subscribed, err := c.Lsub(ctx, "", "*")
	var refusal *imapconn.Response
	switch {
	case errors.As(err, &refusal):
		t.NoSubscriptions = words(err)
	case err != nil:
		return nil, err
	}
	for _, l := range subscribed {
		if !l.HasAttr(imap.MailboxAttrNoSelect) {
			t.Subscribed[l.Name] = true
			t.Side.Subscribed = append(t.Side.Subscribed, l.Name)
		}
	}
	return t, nil
}

// list asks for all folders, with their roles where the server tells them.
func (r *Reader) list(ctx context.Context, c *imapconn.Conn) ([]imapconn.ListData, error) {
	if c.Has(imap.CapListExtended) && c.Has(imap.CapSpecialUse) {
		list, err := c.List(ctx, "", "*", &imapconn.ListOptions{ReturnSpecialUse: true})
		var refusal *imapconn.Response
		if !errors.As(err, &refusal) {
			return list, err
		}
		// A server may advertise LIST-EXTENDED and not understand it.
	}
	return c.List(ctx, "", "*", nil)
}

func namespaces(ctx context.Context, c *imapconn.Conn, t *Tree) error {
	data, err := c.Namespace(ctx)
	var refusal *imapconn.Response
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	ns := &folders.Namespace{Failed: err != nil}
	if data == nil {
		data = &imap.NamespaceData{}
	}
	for _, class := range []struct {
		from []imap.NamespaceDescriptor
		to   *[]folders.NamespaceEntry
	}{{data.Personal, &ns.Personal}, {data.Other, &ns.Other}, {data.Shared, &ns.Shared}} {
		for _, d := range class.from {
			e := folders.NamespaceEntry{Prefix: d.Prefix}
			if d.Delim != 0 {
				e.Delim = string(d.Delim)
			}
			*class.to = append(*class.to, e)
		}
	}
	t.Side.Namespace = ns
	return nil
}

// Search returns the UIDs of a folder that match SEARCH criteria, ascending.
func (r *Reader) Search(ctx context.Context, folder, criteria string) (uids []imap.UID, err error) {
	err = r.do(ctx, func(c *imapconn.Conn) error {
		if _, err := c.Examine(ctx, folder, nil); err != nil {
			return err
		}
		uids, err = c.UIDSearch(ctx, criteria)
		return err
	})
	if err != nil {
		return nil, folderError(folder, err)
	}
	return uids, nil
}

// Permanent is which flags a folder can keep.
type Permanent struct {
	Flags  []imap.Flag // PERMANENTFLAGS, if Told
	Told   bool
	Listed []imap.Flag // FLAGS, if HasListed
	// HasListed: the server told which flags exist.
	HasListed bool
}

// Permanent asks which flags a folder can keep. Only SELECT tells that, so this one
// command opens the folder as a user's program would, on a connection of its own that
// sends nothing else; it changes nothing but who sees \Recent.
func (r *Reader) Permanent(ctx context.Context, folder string) (p Permanent, err error) {
	c, err := r.a.Connect(ctx)
	if err != nil {
		return p, err
	}
	defer func() {
		r.count(c.CommandNames())
		_ = c.Close() // without CLOSE, which would expunge
	}()
	if err := c.Login(ctx, r.a.Credentials()); err != nil {
		return p, err
	}
	opened, err := c.Select(ctx, folder, nil)
	if err != nil {
		return p, folderError(folder, err)
	}
	_ = c.Logout(ctx) // whatever it answers
	p.Flags, p.Told, p.Listed, p.HasListed = opened.PermanentFlags, opened.HasPermanentFlags, opened.Flags, opened.HasFlags
	return p, nil
}
