package folders

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// DeleteOptions is what --delete2folders was asked to do.
type DeleteOptions struct {
	// Only and ButNot are --delete2foldersonly and --delete2foldersbutnot, nil
	// when not given. A value that does not compile never gets here.
	Only, ButNot *perlexpr.Expr
	// Quarantine is a host2 folder that receives deleted mail, or "".
	Quarantine string
}

// Deletion says what --delete2folders removes.
type Deletion struct {
	// Delete holds raw host2 names, children before parents.
	Delete []string
	// Kept are the other host2 folders that are not on host1, with the reason.
	Kept []Kept
	// Refused says why nothing at all is deleted, or "".
	Refused string
	// Idle are the filters that matched none of these folders.
	Idle []Idle
}

// Kept is a folder that is not deleted.
type Kept struct {
	Name, Why string
	// Filter is the option that kept it, "" when it was kept for safety.
	Filter string
}

// guard holds what Table.Deletions must not touch.
type guard struct {
	o           *Options
	s2          Side
	space       Space
	sub2        string
	rows        []Row
	empty1      bool
	same        map[string]string // FoldKey of host1 and mapped names -> host1 folder
	counterpart map[string]string // host2 name -> host1 folder that takes no part
}

// Deletions decides about every folder of Extras. Two filters are the user's;
// after them come the reasons imapsync does not have: INBOX, folders with a
// role, names that differ from a needed one only in case, counterparts of
// folders that were left out, what lies outside --subfolder2, other people's
// folders, the quarantine folder, and parents of anything that stays. Nothing is
// deleted when host1's list is empty or some folder could not be chosen or mapped.
// An error means that a filter failed on a name.
//
// It is for the caller to delete only after all copies succeeded.
func (t *Table) Deletions(d DeleteOptions) (Deletion, error) {
	var out Deletion
	g := &t.guard
	if g.empty1 {
		out.Refused = "host1 lists no folder, so every host2 folder would go"
	}
	for _, p := range t.Problems {
		if !p.Warning && out.Refused == "" {
			out.Refused = p.Error()
		}
	}
	byName := make(map[string]Folder, len(g.s2.Folders))
	for _, f := range g.s2.Folders {
		if _, ok := byName[f.Name]; !ok {
			byName[f.Name] = f
		}
	}
	var gone []string
	for _, n := range t.Extras {
		k, err := g.filter(n, d)
		if err != nil {
			return Deletion{}, err
		}
		if k.Why == "" && out.Refused != "" {
			k.Why = out.Refused
		}
		if k.Why == "" {
			k.Why = g.reason(byName[n], d)
		}
		if k.Why != "" {
			k.Name = n
			out.Kept = append(out.Kept, k)
		} else {
			gone = append(gone, n)
		}
	}
	out.Idle = t.idleFilters(d)
	needed := g.parents(t, gone, d)
	for _, n := range gone {
		if child, ok := needed[n]; ok {
			out.Kept = append(out.Kept, Kept{Name: n, Why: fmt.Sprintf("%q stays below it", Text(child))})
		} else {
			out.Delete = append(out.Delete, n)
		}
	}
	slices.SortStableFunc(out.Kept, func(a, b Kept) int { return strings.Compare(b.Name, a.Name) })
	return out, nil
}

// idleFilters are the filters that were tried and matched nothing.
func (t *Table) idleFilters(d DeleteOptions) (out []Idle) {
	for _, f := range []struct {
		option string
		e      *perlexpr.Expr
	}{{"--delete2foldersonly", d.Only}, {"--delete2foldersbutnot", d.ButNot}} {
		if f.e != nil && f.e.Idle() {
			out = append(out, Idle{f.option, f.e.String(), "matched no folder of host2 that host1 lacks", near(wanted(f.e.String()), t.Extras, prefixOf(t.Space2))})
		}
	}
	return out
}

// filter applies the two expressions, in imapsync's order, to the raw name.
func (g *guard) filter(n string, d DeleteOptions) (Kept, error) {
	if d.Only != nil {
		ok, err := matches(d.Only, n, nil)
		if err != nil {
			return Kept{}, fmt.Errorf("--delete2foldersonly %q on folder %q: %w", d.Only, Text(n), err)
		}
		if !ok {
			return Kept{Why: "because of --delete2foldersonly " + d.Only.String(), Filter: "--delete2foldersonly"}, nil
		}
	}
	if d.ButNot != nil {
		ok, err := matches(d.ButNot, n, nil)
		if err != nil {
			return Kept{}, fmt.Errorf("--delete2foldersbutnot %q on folder %q: %w", d.ButNot, Text(n), err)
		}
		if ok {
			return Kept{Why: "because of --delete2foldersbutnot " + d.ButNot.String(), Filter: "--delete2foldersbutnot"}, nil
		}
	}
	return Kept{}, nil
}

// reason says why a folder that the filters let go stays all the same.
func (g *guard) reason(f Folder, d DeleteOptions) string {
	n := f.Name
	if IsInbox(n) {
		return "it is INBOX"
	}
	if r := guardRole(f, g.space); r != "" {
		return "it is the folder for " + strings.TrimPrefix(r, `\`)
	}
	if _, gmail := baseName(n, g.space); gmail {
		return "it is one of Gmail's own folders"
	}
	if from, ok := g.same[FoldKey(n)]; ok {
		return fmt.Sprintf("it differs only in case or in the form of its characters from what host1's %q becomes", Text(from))
	}
	if from, ok := g.counterpart[n]; ok {
		return fmt.Sprintf("it is the counterpart of host1's %q, which takes no part in this run", Text(from))
	}
	if g.foreign(n) {
		return "it is not in the user's own namespace"
	}
	if d.Quarantine != "" && inside(n, ToRaw(d.Quarantine), g.space.Own) {
		return "it is the quarantine folder"
	}
	if g.sub2 != "" && d.Only == nil && !inside(n, g.sub2, g.space.Own) && !inside(n, prefixOf(g.space)+g.sub2, g.space.Own) {
		return "it is outside --subfolder2; name it with --delete2foldersonly to delete it"
	}
	return ""
}

// inside reports whether n is root or below it.
func inside(n, root, sep string) bool {
	rest, ok := strings.CutPrefix(n, root)
	return ok && (rest == "" || strings.HasPrefix(rest, sep))
}

// Outside returns the prefixes below which the server has the user's own folders, the
// first one first, if a name lies below none of its namespaces; nil if it does, or if
// that is not known.
func (s Side) Outside(name string) (prefixes []string) {
	if s.Namespace == nil || IsInbox(name) {
		return nil
	}
	for i, class := range [][]NamespaceEntry{s.Namespace.Personal, s.Namespace.Other, s.Namespace.Shared} {
		for _, e := range class {
			within := strings.HasPrefix(name, e.Prefix)
			if n := len("INBOX"); !within && len(e.Prefix) > n && IsInbox(e.Prefix[:n]) && len(name) > n && IsInbox(name[:n]) {
				within = strings.HasPrefix(name[n:], e.Prefix[n:])
			}
			if within {
				return nil
			}
			if i == 0 {
				prefixes = append(prefixes, e.Prefix)
			}
		}
	}
	return prefixes
}

// foreign reports whether the longest namespace prefix that fits a name is one
// of other users or of a shared space.
func (g *guard) foreign(n string) bool {
	ns := g.s2.Namespace
	if ns == nil {
		return false
	}
	best, own := -1, true
	for i, class := range [][]NamespaceEntry{ns.Personal, ns.Other, ns.Shared} {
		for _, e := range class {
			root := strings.TrimSuffix(e.Prefix, e.Delim)
			if len(e.Prefix) > best && (strings.HasPrefix(n, e.Prefix) || n == root) {
				best, own = len(e.Prefix), i == 0
			}
		}
	}
	return !own
}

// parents returns the names above anything that stays or is to be made, each
// with one folder below it.
func (g *guard) parents(t *Table, gone []string, d DeleteOptions) map[string]string {
	out := map[string]string{}
	if len(gone) == 0 {
		return out
	}
	going := make(map[string]bool, len(gone))
	for _, n := range gone {
		going[n] = true
	}
	climb := func(n string) {
		for i := strings.LastIndex(n, g.space.Own); i > 0; i = strings.LastIndex(n[:i], g.space.Own) {
			if _, ok := out[n[:i]]; ok {
				return
			}
			out[n[:i]] = n
		}
	}
	if g.space.Own == "" {
		return out
	}
	for _, f := range g.s2.Folders {
		if !going[f.Name] && f.Selectable() {
			climb(f.Name)
		}
	}
	for _, r := range g.rows {
		for _, n := range []string{r.To, r.Fallback} {
			climb(n)
		}
	}
	climb(ToRaw(d.Quarantine))
	return out
}
