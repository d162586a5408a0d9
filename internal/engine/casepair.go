package engine

import (
	"context"
	"strings"
)

// tellApart finds out, when the first of several names that differ in case only has
// been opened on host2, whether host2 takes them for one folder: then it answers for
// the others, with the same UIDVALIDITY. If it does not, each is a folder of its own
// from here on.
func (fs *folderSync) tellApart(ctx context.Context) error {
	r := fs.run
	lower := strings.ToLower(fs.to.Raw)
	if !r.on2.aliases[lower] || !fs.exists || fs.dstOpened.UIDValidity == 0 || fs.merge.left < fs.merge.sources || r.mergeKey(fs.to.Raw) != lower {
		return nil
	}
	var names []string
	for i := range r.table.Rows {
		if to := r.table.Rows[i].To; to != fs.to.Raw && strings.ToLower(to) == lower {
			names = append(names, to)
		}
	}
	told, err := fs.conns.dst.Status(ctx, names)
	if err != nil {
		return err
	}
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
		if row := &r.table.Rows[i]; strings.ToLower(row.To) == lower {
			m := r.mergeOf(row)
			m.sources++
			m.left++
		}
	}
	fs.merge = r.mergeOf(fs.row)
	return nil
}

// tellListedTwins is the same for a dry run, which makes no folder: where host2 lists
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
		switch lower := strings.ToLower(to); {
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
		has[strings.ToLower(name)] = true
		r.on2.folders.Add(name) // it answers to that name, too, and nothing would be created
	}
	for lower := range some {
		if !has[lower] {
			delete(r.on2.aliases, lower)
		}
	}
	return nil
}
