package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// Names that host2 does not tell apart are one folder, and everything that is known of
// the folder is kept by one name: the one that host2 lists, or else the first one that is
// created. So rows that go to another one are led there, as if --f1f2 had said so, before
// anything is compared.

// oneName leads rows of a table to the name that host2 knows their folder by. Where host2
// lists one name and not another one that differs only in case or in the form of its
// characters, it is asked for both: if the folder answers to both they are one. Servers
// of a family that ignores case need not be asked. tell: it is said of each row that is
// led elsewhere.
func (r *run) oneName(ctx context.Context, rows []folders.Row, tell bool) error {
	if !r.p.Folders.MixFolders {
		return nil // such a folder is left out
	}
	listed, twins := make(map[string]string), make(map[string]bool)
	for _, f := range r.dst.world.Folders {
		key := folders.FoldKey(f.Name)
		twins[key] = twins[key] || listed[key] != "" && listed[key] != f.Name
		listed[key] = f.Name
	}
	var ask, beside []string
	first := make(map[string]*folders.Row) // those that are to be created, where case is ignored
	for i := range rows {
		row := &rows[i]
		key := folders.FoldKey(row.To)
		name := listed[key]
		switch {
		case row.To == "" || row.To == name || row.Refused != "":
		case folders.IsInbox(row.To): // in any case (RFC 9051 section 5.1)
			r.leadTo(row, cmp.Or(name, "INBOX"), nil, tell)
		case twins[key]:
		case name == "" && r.dst.Family.FoldsCase() && first[key] == nil:
			first[key] = row
		case name == "" && r.dst.Family.FoldsCase():
			r.leadTo(row, first[key].To, first[key], tell)
		case name == "":
		case r.dst.Family.FoldsCase(), r.on2.one[key]:
			r.leadTo(row, name, nil, tell)
		default:
			ask, beside = append(ask, row.To), append(beside, name)
		}
	}
	for try := 0; len(ask) > 0 && try < 2; try++ { // mail may arrive between two answers
		told, err := r.main.dst.statusApart(ctx, ask, beside)
		if err != nil {
			return err
		}
		unsure := false
		for i := range rows {
			row := &rows[i]
			key := folders.FoldKey(row.To)
			name := listed[key]
			a, b := told[row.To], told[name]
			switch {
			case row.Refused != "" || twins[key] || row.To == name || a == nil || b == nil:
			case oneFolder(a, b):
				r.leadTo(row, name, nil, tell)
			default:
				unsure = unsure || a.UIDValidity != 0 && a.UIDValidity == b.UIDValidity
			}
		}
		if !unsure {
			break
		}
	}
	return nil
}

// statusApart asks for names, and when that was answered for others which may be of the
// same folders: the answer to each may come under the one name that host2 lists.
func (k *link) statusApart(ctx context.Context, names, others []string) (map[string]*imap.StatusData, error) {
	told, err := k.Status(ctx, names)
	if err != nil {
		return nil, err
	}
	more, err := k.Status(ctx, others)
	maps.Copy(told, more)
	return told, err
}

// oneFolder reports whether two names answer as one folder does: to be asked only where
// host2 does not list one of them.
func oneFolder(a, b *imap.StatusData) bool {
	return a != nil && b != nil && a.UIDValidity != 0 && a.UIDValidity == b.UIDValidity && a.UIDNext == b.UIDNext &&
		(a.NumMessages == nil || b.NumMessages == nil || *a.NumMessages == *b.NumMessages)
}

// leadTo has a row go to a folder by the name that host2 knows it by; like: a row that
// creates it, nil where it is there.
func (r *run) leadTo(row *folders.Row, name string, like *folders.Row, tell bool) {
	if row.To == name {
		return
	}
	if tell {
		r.warn(fmt.Sprintf("Host2: [%s] and [%s] are one folder there: host1's folder [%s] goes to [%s]", folders.Text(row.To), folders.Text(name), folders.Text(row.From), folders.Text(name)))
	}
	if r.on2.one == nil {
		r.on2.one = make(map[string]bool)
	}
	r.on2.one[folders.FoldKey(name)] = true
	row.To, row.Exists, row.Create, row.Container = name, like == nil, like != nil, false
	row.Use, row.Fallback, row.Parents = "", "", nil
	if like != nil {
		row.Use, row.Fallback, row.Parents = like.Use, like.Fallback, like.Parents
	}
	row.Warnings = slices.DeleteFunc(row.Warnings, func(w folders.Warning) bool { return w.Kind == folders.WarnCase })
}

// tellApart finds out, when a folder that has several names which differ in case only has
// been opened on host2, whether host2 takes them for one folder: then it answers for the
// others, with the same UIDVALIDITY, and their rows are led to it. If it does not, each is
// a folder of its own from here on.
func (fs *folderSync) tellApart(ctx context.Context) error {
	r := fs.run
	lower := folders.FoldKey(fs.to.Raw)
	if !r.on2.aliases[lower] || !fs.exists || fs.dstOpened.UIDValidity == 0 {
		return nil
	}
	var names []string
	for i := range r.table.Rows {
		if to := r.table.Rows[i].To; to != fs.to.Raw && folders.FoldKey(to) == lower {
			names = append(names, to)
		}
	}
	if len(names) == 0 {
		return nil
	}
	told, err := fs.conns.dst.statusApart(ctx, names, []string{fs.to.Raw})
	if err != nil {
		return err
	}
	own, one := told[fs.to.Raw], true
	for _, name := range names {
		one = one && !r.listed2(name) && oneFolder(own, told[name])
	}
	if one {
		for i := range r.table.Rows {
			if row := &r.table.Rows[i]; folders.FoldKey(row.To) == lower {
				r.leadTo(row, fs.to.Raw, nil, true)
			}
		}
		return nil
	}
	if fs.merge.left < fs.merge.sources {
		return nil
	}
	delete(told, fs.to.Raw)
	for _, s := range told {
		if s.UIDValidity == 0 || s.UIDValidity == fs.dstOpened.UIDValidity {
			return nil // it may be this very folder
		}
	}
	delete(r.on2.aliases, lower)
	if r.mergeKey(fs.to.Raw) == lower {
		r.on2.aliases[lower] = true // for another reason
		return nil
	}
	delete(r.merges, lower)
	for i := range r.table.Rows {
		if row := &r.table.Rows[i]; folders.FoldKey(row.To) == lower {
			m := r.mergeOf(row)
			m.sources++
			m.left++
			m.changed = true
		}
	}
	fs.merge = r.mergeOf(fs.row)
	return nil
}

// listed2 reports whether host2 listed a folder of this very name when the run began.
func (r *run) listed2(name string) bool {
	return slices.ContainsFunc(r.dst.world.Folders, func(f folders.Folder) bool { return f.Name == name })
}

// tellListedAliases is the same for a dry run, which makes no folder: where host2 lists
// one of the names and has none of the others, they are folders of their own.
func (r *run) tellListedAliases(ctx context.Context) error {
	if !r.p.Dry || len(r.on2.aliases) == 0 {
		return nil
	}
	listed := make(map[string]bool)
	for _, f := range r.dst.world.Folders {
		listed[f.Name] = f.Selectable()
	}
	some, has := make(map[string]bool), make(map[string]bool) // by the name in lower case
	var names []string
	for i := range r.table.Rows {
		to := r.table.Rows[i].To
		switch lower := folders.FoldKey(to); {
		case !r.on2.aliases[lower]:
		case listed[to]:
			some[lower] = true
		default:
			names = append(names, to)
		}
	}
	told, err := r.main.dst.Status(ctx, names)
	if err != nil {
		return err
	}
	for name := range told {
		has[folders.FoldKey(name)] = true
		r.on2.folders.Add(name) // it answers to that name, too, and nothing would be created
	}
	for lower := range some {
		if !has[lower] {
			delete(r.on2.aliases, lower)
		}
	}
	return nil
}
