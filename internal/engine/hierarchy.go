package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/perlexpr"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// listFolders asks both sides for their folders, at the same time.
func (r *run) listFolders(ctx context.Context) error {
	if r.src == nil || r.dst == nil {
		return errDone
	}
	var g errgroup.Group
	g.Go(func() error { return r.src.readFolders(ctx, r.main.src) })
	g.Go(func() error { return r.dst.readFolders(ctx, r.main.dst) })
	if err := g.Wait(); err != nil {
		return err
	}
	for _, s := range []*side{r.src, r.dst} {
		told := event.FoldersListed{Side: s.n}
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
func (s *side) readFolders(ctx context.Context, k *link) error {
	return k.do(ctx, func(c *imapconn.Conn) error {
		s.world = folders.Side{Family: s.family, CreateUse: c.Has(imap.CapCreateSpecialUse)}
		extended := c.Has(imap.CapListExtended)
		var o imapconn.ListOptions
		if extended {
			o.ReturnSubscribed = true
			o.ReturnSpecialUse = c.Has(imap.CapSpecialUse)
			if c.Has(imap.CapListStatus) {
				o.ReturnStatus = s.statusItems(c)
			}
		}
		var ns *imapconn.Pending[imap.NamespaceData]
		var err error
		if c.Has(imap.CapNamespace) {
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
			return err
		}
		if s.list, err = list.Wait(ctx); err != nil {
			if isConnError(err) || !extended {
				return s.listFailed(err)
			}
			// A server may advertise LIST-EXTENDED and not understand it.
			if s.list, err = c.List(ctx, "", "*", nil); err != nil {
				return s.listFailed(err)
			}
			if lsub, err = c.StartLsub(ctx, "", "*"); err != nil {
				return err
			}
		}
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
	})
}

// listFailed keeps a refused LIST from looking like an account without folders.
func (s *side) listFailed(err error) error {
	if isConnError(err) {
		return err
	}
	s.world.ListFailed = true
	return &listError{s.n, err}
}

// listError is a LIST that was refused.
type listError struct {
	n   event.Side
	err error
}

func (e *listError) Error() string {
	return fmt.Sprintf("Host%d: the folders could not be listed: %v", e.n, e.err)
}
func (e *listError) Unwrap() error { return e.err }

// statusItems are the counts to ask of every folder.
func (s *side) statusItems(c *imapconn.Conn) *imap.StatusOptions {
	o := &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true}
	o.Size = c.Has(imap.CapStatusSize)
	o.HighestModSeq = c.Has(imap.CapCondStore)
	return o
}

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

// folderOptions is the plan in the words of package folders.
func (r *run) folderOptions() folders.Options {
	f := &r.p.Folders
	return folders.Options{
		Only: f.Only, Recursive: f.Recursive, Subscribed: f.Subscribed,
		Include: f.Include, Exclude: f.Exclude, First: f.First, Last: f.Last,
		Subfolder1: f.Subfolder1, Subfolder2: f.Subfolder2,
		Prefix1: f.Prefix1, Prefix2: f.Prefix2, Sep1: f.Sep1, Sep2: f.Sep2,
		Map: pairsOf(f.Map), MapFile: pairsOf(f.MapFilePairs),
		Automap: f.Automap, Trans: f.Trans,
		FixSlash2: f.FixSlash2, FixInbox: f.FixInbox, CheckExist: f.CheckExist, MixFolders: f.MixFolders,
		Vars:       r.vars(),
		SameServer: r.src.family == r.dst.family && r.p.Host1.Host == r.p.Host2.Host,
		Explain:    r.p.Debug.Folders,
	}
}

func pairsOf(list []plan.MapPair) []folders.Pair {
	out := make([]folders.Pair, len(list))
	for i, p := range list {
		out[i] = folders.Pair(p)
	}
	return out
}

// vars are the variables that expressions may ask for.
func (r *run) vars() perlexpr.Vars {
	return perlexpr.Vars{
		"user1": r.p.Host1.User, "user2": r.p.Host2.User,
		"host1": r.p.Host1.Host, "host2": r.p.Host2.Host,
		"subfolder1": r.p.Folders.Subfolder1, "subfolder2": r.p.Folders.Subfolder2,
	}
}

// mapFolders makes the mapping table and tells it, before the first byte.
func (r *run) mapFolders() error {
	t, err := folders.Map(r.folderOptions(), r.src.world, r.dst.world)
	if err != nil {
		var sub *folders.Subfolder1Error
		if errors.As(err, &sub) {
			r.fault(event.Error{Class: event.ErrSubfolder1, Text: sub.Error(), Hint: "--justfolderlists shows the names"})
			return errStopped
		}
		return err
	}
	r.table = t
	r.src.space, r.dst.space = t.Space1, t.Space2
	for i, s := range []folders.Space{t.Space1, t.Space2} {
		r.emit(event.Separator{
			Side: event.Side(i + 1), GuessSep: s.GuessSep, GuessPrefix: s.GuessPrefix,
			NamespaceSep: s.NamespaceSep, NamespacePfx: s.NamespacePrefix, FromNamespace: s.FromNamespace,
			Sep: s.Sep, Prefix: s.Prefix, SepGiven: s.SepGiven, PrefixGiven: s.PrefixGiven,
		})
		if s.Warning != "" {
			r.warn(fmt.Sprintf("Host%d: %s", i+1, s.Warning))
		}
	}
	r.tellChoice(&t.Choice)
	r.tellMapping(t)
	for _, p := range t.Problems {
		if p.Warning {
			r.warn(p.Error())
			continue
		}
		r.fault(event.Error{Class: event.ErrFolder, Text: fmt.Sprintf("%s %q: %s", p.Option, p.Value, p.What), Hint: p.Remedy})
	}
	for _, p := range t.Unused {
		r.warn(fmt.Sprintf("%-40s -> %-40s BUT %s does NOT exist on host1!", p.From, p.To, p.From))
	}
	r.exist2 = make(map[string]existence, len(r.dst.world.Folders))
	for _, f := range r.dst.world.Folders {
		r.exist2[f.Name] = container2
		if f.Selectable() {
			r.exist2[f.Name] = selectable2
		}
	}
	if r.o.MapWriter != nil && r.p.Folders.PrintMap != "" {
		if r.p.Folders.PrintMap == "json" {
			return t.WriteJSON(r.o.MapWriter)
		}
		return t.WriteTSV(r.o.MapWriter)
	}
	return nil
}

func (r *run) tellChoice(c *folders.Choice) {
	if c.All {
		r.emit(event.FoldersChosen{})
	}
	for _, s := range c.Steps {
		e := event.FoldersChosen{Pattern: s.Pattern, Exclude: s.Exclude}
		for _, n := range s.Names {
			e.Folders = append(e.Folders, folderName(n))
		}
		r.emit(e)
	}
	for _, i := range c.Ignored {
		r.emit(event.FolderIgnored{Side: 1, Folder: folderName(i.Name), Why: i.Why})
	}
}

func (r *run) tellMapping(t *folders.Table) {
	for n, roles := range [][]folders.Role{t.Roles1, t.Roles2} {
		for _, role := range roles {
			if t.Automap {
				r.emit(event.Role{Side: event.Side(n + 1), Folder: folderName(role.Name), Role: role.Role, Source: role.Source})
			}
		}
	}
	m := event.Mapped{Automap: t.Automap}
	for i := range t.Rows {
		row := &t.Rows[i]
		m.Rows = append(m.Rows, event.MapRow{
			From: folderName(row.From), To: folderName(row.To), Why: string(row.Why),
			Exists: row.Exists, Created: row.Create, Use: row.Use,
		})
		for _, w := range row.Warnings {
			m.Warnings = append(m.Warnings, fmt.Sprintf("[%s] -> [%s]: %s", folders.Text(row.From), folders.Text(row.To), w.Text))
		}
		for _, step := range row.Steps {
			r.emit(event.Debug{Topic: "folders", Text: step})
		}
	}
	for _, n := range t.Extras {
		m.Extra = append(m.Extra, folderName(n))
	}
	r.emit(m)
}
