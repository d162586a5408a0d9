package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// listFolders asks both sides for their folders, at the same time.
func (r *run) listFolders(ctx context.Context) error {
	if r.src == nil || r.dst == nil {
		return errDone
	}
	err := r.main.Both(ctx,
		func() error { return r.src.readFolders(ctx, r.main.src) },
		func() error { return r.dst.readFolders(ctx, r.main.dst) })
	if err != nil {
		return err
	}
	for _, s := range []*side{r.src, r.dst} {
		told := event.FoldersListed{Side: s.N}
		for _, l := range s.list {
			if l.HasAttr(imap.MailboxAttrNoSelect) || l.HasAttr(imap.MailboxAttrNonExistent) {
				continue
			}
			told.Selectable++
			told.Folders = append(told.Folders, folderName(l.Name))
			if s.subs[l.Name] {
				told.Subscribed = append(told.Subscribed, folderName(l.Name))
			}
		}
		r.emit(told)
	}
	return nil
}

// readFolders reads what one server tells of its hierarchy: NAMESPACE, LIST and
// LSUB in one round trip, since none depends on another's answer. Where the
// server can, LIST brings roles, subscriptions and each folder's counts along.
//
// A server that twice ends the connection instead of answering NAMESPACE is not asked for
// it a third time: once may be chance, and names depend on the answer.
func (s *side) readFolders(ctx context.Context, k *link) error {
	lost := 0
	return s.refusedDoor(k.Do(ctx, func(c *imapconn.Conn) error {
		s.world = folders.Side{Family: s.Family, CreateUse: c.Has(imap.CapCreateSpecialUse)}
		extended := c.Has(imap.CapListExtended)
		var o imapconn.ListOptions
		if extended {
			o.ReturnSubscribed = true
			o.ReturnSpecialUse = c.Has(imap.CapSpecialUse)
			if c.Has(imap.CapListStatus) {
				o.ReturnStatus = session.StatusItems(c)
			}
		}
		var ns *imapconn.Pending[imap.NamespaceData]
		var err error
		if c.Has(imap.CapNamespace) && lost < maxNamespaceKills {
			if ns, err = c.StartNamespace(ctx); err != nil {
				return err
			}
		}
		list, err := c.StartList(ctx, "", "*", &o)
		if err != nil {
			return err
		}
		var lsub *imapconn.Pending[[]imapconn.ListData]
		if !extended {
			if lsub, err = c.StartLsub(ctx, "", "*"); err != nil {
				return err
			}
		}
		if err := s.takeNamespace(ctx, c, ns); err != nil {
			if lost++; lost == maxNamespaceKills {
				s.run.control.Warn(fmt.Sprintf("Host%d: the connection ends whenever NAMESPACE is asked for; separator and prefix of folders are taken from the list of folders", s.N))
			}
			return err
		}
		if s.list, err = list.Wait(ctx); err != nil {
			if isConnError(err) || s.BehindDoor(err) != nil {
				return err
			}
			if extended {
				// A server may advertise LIST-EXTENDED and not understand it.
				told := s.list
				plain, perr := c.StartList(ctx, "", "*", nil)
				if perr != nil {
					return perr
				}
				if s.list, err = plain.Wait(ctx); isConnError(err) {
					return err
				}
				if err != nil && len(s.list) < len(told) {
					s.list = told
				}
				if lsub, perr = c.StartLsub(ctx, "", "*"); perr != nil {
					return perr
				}
			}
			if err != nil {
				if err := s.listedInPart(err); err != nil {
					return err
				}
			}
		}
		s.LetIn = len(s.list) > 0
		s.status, s.touched = make(map[string]*imap.StatusData), make(map[string]bool)
		s.subs = make(map[string]bool)
		for _, l := range s.list {
			if l.HasAttr(imap.MailboxAttrSubscribed) {
				s.subs[l.Name] = true
			}
			if l.Status != nil {
				s.status[l.Name] = l.Status
			}
		}
		if lsub != nil {
			subscribed, err := lsub.Wait(ctx)
			if isConnError(err) {
				return err
			}
			if err != nil {
				s.run.warn(fmt.Sprintf("Host%d: the server does not tell which folders are subscribed: %s; known are %d, and no other folder's subscription is carried over", s.N, serverWords(err), len(subscribed)))
			}
			for _, l := range subscribed {
				if !l.HasAttr(imap.MailboxAttrNoSelect) {
					s.subs[l.Name] = true
				}
			}
		}
		for _, l := range s.list {
			f := folders.Folder{Name: l.Name, Delim: l.Delim}
			for _, a := range l.Attrs {
				f.Attrs = append(f.Attrs, string(a))
			}
			s.world.Folders = append(s.world.Folders, f)
		}
		for name := range s.subs {
			s.world.Subscribed = append(s.world.Subscribed, name)
		}
		return nil
	}))
}

// refusedDoor makes a failed login of the refusal of the first commands, where the
// server means that.
func (s *side) refusedDoor(err error) error {
	if door := s.BehindDoor(err); door != nil {
		var st session.Story
		err = s.RefusedEntry(door, &st)
		for _, e := range st {
			if fault, ok := e.(event.Error); ok {
				s.run.fault(fault)
			}
		}
	}
	return err
}

// listedInPart deals with a LIST that was refused: without a line of it nothing is
// known, and that must not look like an account without folders. The folders that
// were told are carried over; nothing is deleted on host2, since what is missing there
// may have been told of next.
func (s *side) listedInPart(err error) error {
	s.world.ListFailed = len(s.list) == 0
	if len(s.list) == 0 {
		return &listError{s.N, err}
	}
	s.run.keepAll2(fmt.Sprintf("host%d did not list all its folders", s.N))
	s.run.fault(event.Error{Class: event.ErrListing,
		Text: fmt.Sprintf("Host%d: the list of folders is not complete: %d were told, and then %s", s.N, len(s.list), serverWords(err)),
		Hint: "those that were told are carried over, and nothing is deleted on host2; look at the server's log for the folder it stumbles over, and run again"})
	return nil
}

// maxNamespaceKills is how many connections may end at NAMESPACE until it is left out.
const maxNamespaceKills = 2

// listError is a LIST that was refused.
type listError struct {
	n   event.Side
	err error
}

func (e *listError) Error() string {
	return fmt.Sprintf("Host%d: the folders could not be listed: %v", e.n, e.err)
}
func (e *listError) Unwrap() error { return e.err }

func (s *side) takeNamespace(ctx context.Context, c *imapconn.Conn, p *imapconn.Pending[imap.NamespaceData]) error {
	if p == nil {
		return nil
	}
	data, err := p.Wait(ctx)
	if isConnError(err) {
		return err
	}
	ns := &folders.Namespace{Failed: err != nil}
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
	s.world.Namespace = ns
	return nil
}
