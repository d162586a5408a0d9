package folders

import (
	"fmt"
	"strings"
)

// repair rewrites a name host2 would refuse. A name host2 has, and an unchanged
// name between servers of one kind, is left as it is.
func (m *mapping) repair(r *Row) {
	if r.To == "" || m.x2.raw[r.To] || IsInbox(r.To) || m.same && m.unchanged(r) {
		return
	}
	sep := m.t.Space2.Own
	prefix := prefixOf(m.t.Space2)
	m.inboxSpelling(r, sep)
	r.To = repair(r.To, prefix, sep, families[m.s2.Family])
	if m.x2.raw[r.To] {
		return
	}
	if f := repair(r.Ruled, prefix, sep, fallback); f != r.To {
		if m.x2.raw[f] {
			r.To = f // the second try of an earlier run
		} else {
			r.Fallback = f
		}
	}
}

// inboxSpelling writes the first level of a name as host2 spells its INBOX, where
// that is what it means: "Inbox/Foo" would make a second tree, or nothing, on a
// server that knows INBOX alone.
func (m *mapping) inboxSpelling(r *Row, sep string) {
	first, rest, below := strings.Cut(r.To, sep)
	if sep == "" || !below || !IsInbox(first) || first == "INBOX" {
		return
	}
	for _, f := range m.list2 {
		if f.Name == first {
			return // host2 spells it so
		}
		if strings.HasPrefix(f.Name, first+sep) {
			return // it has children of this spelling
		}
	}
	r.To = "INBOX" + sep + rest
}

// unchanged reports whether the name is the same on both sides but for prefix.
func (m *mapping) unchanged(r *Row) bool {
	return m.t.Space1.Sep == m.t.Space2.Sep &&
		strings.TrimPrefix(r.From, prefixOf(m.t.Space1)) == strings.TrimPrefix(r.To, prefixOf(m.t.Space2))
}

// existence compares the names with host2's list.
func (m *mapping) existence() {
	containers := map[string]bool{}
	m.t.known = map[string]bool{"INBOX": true}
	for _, f := range m.s2.Folders {
		m.t.known[f.Name] = true
		if !f.Selectable() {
			containers[f.Name] = true
		}
	}
	if ns := m.s2.Namespace; ns != nil {
		for _, class := range [][]NamespaceEntry{ns.Personal, ns.Other, ns.Shared} {
			for _, e := range class {
				m.t.known[strings.TrimSuffix(e.Prefix, e.Delim)] = true
			}
		}
	}
	m.fold2 = make(map[string]string, len(m.list2))
	for _, f := range m.list2 {
		if k := FoldKey(f.Name); m.fold2[k] == "" {
			m.fold2[k] = f.Name
		}
	}
	fold := m.s2.Family.FoldsCase()
	m.folds = make([]string, len(m.t.Rows))
	for i := range m.t.Rows {
		r := &m.t.Rows[i]
		m.folds[i] = FoldKey(r.To)
		switch twin := m.fold2[m.folds[i]]; {
		case r.To == "":
			r.Refused = "the rules leave an empty name"
		case m.x2.raw[r.To], IsInbox(r.To):
			r.Exists = true
		case twin != "" && fold && !m.o.MixFolders:
			r.Skipped = true
			r.Refused = fmt.Sprintf("folder %q already exists on host2 as %q and --nomixfolders is set", Text(r.To), Text(twin))
		case twin != "" && fold:
			r.Exists = true
			r.warn(WarnCase, "host2 has %q, which is the same folder there", Text(twin))
		default:
			r.Create, r.Container = true, containers[r.To]
			if twin != "" {
				r.warn(WarnCase, "host2 has %q already, which differs only in case or in the form of its characters", Text(twin))
			}
		}
		if !r.Create {
			r.Use, r.Fallback = "", ""
		}
	}
}

// shared counts the rows that meet in one folder.
func (m *mapping) shared() {
	rows := m.t.Rows
	id := func(i int) string {
		if IsInbox(rows[i].To) {
			return "INBOX"
		}
		if m.s2.Family.FoldsCase() {
			return m.folds[i]
		}
		return rows[i].To
	}
	byID := make(map[string][]int, len(rows))
	byFold := make(map[string][]int, len(rows))
	for i, r := range rows {
		if r.To == "" {
			continue
		}
		byID[id(i)] = append(byID[id(i)], i)
		byFold[m.folds[i]] = append(byFold[m.folds[i]], i)
	}
	for i := range rows {
		r := &rows[i]
		if r.To == "" {
			continue
		}
		if g := byID[id(i)]; len(g) > 1 {
			r.Shared = len(g)
			r.warn(WarnShared, "%d host1 folders go to this folder: %s", len(g), some(rows, g, func(r Row) string { return r.From }))
		} else if g := byFold[m.folds[i]]; len(g) > 1 {
			r.warn(WarnCase, "these names differ only in case or in the form of their characters, and are one folder on servers that ignore it: %s",
				some(rows, g, func(r Row) string { return r.To }))
		}
	}
}

// some names at most five folders of a group, so that a thousand folders in one
// do not make a thousand long lines.
func some(rows []Row, group []int, name func(Row) string) string {
	const most = 5
	var b strings.Builder
	for i, g := range group {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(group)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", Text(name(rows[g])))
	}
	return b.String()
}

// parents lists what is to be created above each new folder.
func (m *mapping) parents() {
	made := map[string]bool{}
	for i := range m.t.Rows {
		r := &m.t.Rows[i]
		if r.Create {
			for _, p := range m.t.Missing(r.To) {
				if !made[p] {
					made[p] = true
					r.Parents = append(r.Parents, p)
				}
			}
			made[r.To] = true
		}
	}
}
