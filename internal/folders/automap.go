package folders

import (
	"slices"
	"strings"
)

// Role is a folder's role and how it is known.
type Role struct {
	// Name is the raw name, Role its role as a SPECIAL-USE attribute.
	Name, Role string
	// Source is "attribute", "name" (imapsync's table) or "dictionary".
	Source string
	// Second says that another folder has the role already.
	Second bool
}

// The sources of a role.
const (
	fromAttr  = "attribute"
	fromTable = "name"
	fromWords = "dictionary"
)

// roleView is what one side's folders are for.
type roleView struct {
	announced map[string]string // name -> attribute, imapsync's reading
	byAttr    map[string]string // role -> announced folder
	guessed   map[string]string // name -> role, imapsync's table
	byName    map[string]string // role -> first guessed folder
	wide      map[string]Role   // name -> role by any sign
	byAny     map[string]string // role -> folder: attribute, table, dictionary
	list      []Role            // in the order they were found, for the log
	important string            // the folder that announces \Important (RFC 8457), which is no role of imapsync's

	sep string
	// foreign reports whether a folder is somebody else's: its role is his.
	foreign func(name string) bool
}

// outerFirst puts folders with fewer levels first: of several that claim a role
// the nested ones are copies (an archive of an older account), whatever the order
// in which the server lists them.
func (v *roleView) outerFirst(list []Folder) []Folder {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b Folder) int {
		return strings.Count(a.Name, v.sep) - strings.Count(b.Name, v.sep)
	})
	return out
}

// foreignTo returns a check for names in the namespaces of other users and of
// groups (RFC 2342).
func foreignTo(ns *Namespace) func(name string) bool {
	if ns == nil || ns.Failed {
		return func(string) bool { return false }
	}
	longest := func(class []NamespaceEntry, name string) int {
		n := -1
		for _, e := range class {
			if strings.HasPrefix(name, e.Prefix) || name == strings.TrimSuffix(e.Prefix, e.Delim) && name != "" {
				n = max(n, len(e.Prefix))
			}
		}
		return n
	}
	others := append(slices.Clone(ns.Other), ns.Shared...)
	return func(name string) bool {
		theirs := longest(others, name)
		// An empty prefix of a shared namespace says nothing: the personal one wins.
		return theirs > 0 && theirs > longest(ns.Personal, name)
	}
}

// viewRoles reads attributes in the server's order and names in byte order
// (imapsync: --automap), then by any other sign.
func viewRoles(side Side, sorted []Folder, s Space) *roleView {
	v := &roleView{
		announced: map[string]string{}, byAttr: map[string]string{}, guessed: map[string]string{},
		byName: map[string]string{}, wide: map[string]Role{}, byAny: map[string]string{},
	}
	v.sep, v.foreign = separator(s.Sep), foreignTo(side.Namespace)
	for _, f := range v.outerFirst(side.Folders) {
		if f.Name == "" || !f.Selectable() || v.announced[f.Name] != "" || v.foreign(f.Name) {
			continue
		}
		if f.Has(`\Important`) && v.important == "" {
			v.important = f.Name
		}
		a := announcedAttr(f)
		if a == "" {
			continue
		}
		r := Role{f.Name, a, fromAttr, v.byAttr[a] != ""}
		v.list = append(v.list, r)
		if !r.Second {
			v.announced[f.Name] = a
			v.byAttr[a] = f.Name
		}
	}
	for _, f := range sorted {
		if r := tableRole(f.Name, s); r != "" {
			v.guessed[f.Name] = r
			second := v.byName[r] != ""
			if !second {
				v.byName[r] = f.Name
			}
			v.list = append(v.list, Role{f.Name, r, fromTable, second})
		}
	}
	v.widen(sorted, s)
	return v
}

// announcedAttr is the first attribute that contains the name of a role. It is
// the role itself, even when it says more (\AllMail).
func announcedAttr(f Folder) string {
	for _, a := range f.Attrs {
		for _, r := range tableRoles {
			if strings.Contains(a, r) {
				return a
			}
		}
	}
	return ""
}

// widen adds what imapsync does not see: attributes in other spellings, and
// names of the dictionary.
func (v *roleView) widen(sorted []Folder, s Space) {
	outer := v.outerFirst(sorted)
	for _, source := range []string{fromAttr, fromTable, fromWords} {
		for _, f := range outer {
			if _, done := v.wide[f.Name]; done || IsInbox(f.Name) || v.foreign(f.Name) {
				continue
			}
			var r string
			switch source {
			case fromAttr:
				r = attrRole(f)
			case fromTable:
				r = v.guessed[f.Name]
			default:
				r = wordRole(f.Name, s)
			}
			if r == "" {
				continue
			}
			second := v.byAny[r] != ""
			if second && source == fromAttr && strings.Count(f.Name, v.sep) > strings.Count(v.byAny[r], v.sep) {
				continue // it only says what it once was
			}
			role := Role{f.Name, r, source, second}
			v.wide[f.Name] = role
			if !second {
				v.byAny[r] = f.Name
			}
			if source == fromWords || source == fromAttr && announcedAttr(f) == "" {
				v.list = append(v.list, role)
			}
		}
	}
	// A folder that announces a role comes before all others, and the first in
	// the server's order before those behind it.
	for a, n := range v.byAttr {
		if r := attrRoles[strings.ToLower(a)]; r != "" {
			v.byAny[r] = n
		}
	}
}

// pick is where automap sends a folder.
type pick struct {
	to   string
	role string
	why  string // for people: how both sides were recognised
	use  bool   // to is to be created with the role
}

// automapper decides for single folders.
type automapper struct {
	o       *Options
	v1, v2  *roleView
	x2      *index
	rules   *rules
	create  bool // host2 can CREATE ... (USE ...)
	planned map[string]pick
}

// pick decides for one host1 folder; ok is false when the ordinary rules apply.
func (m *automapper) pick(name string) (p pick, ok bool, err error) {
	if IsInbox(name) {
		return pick{}, false, nil
	}
	if name == m.v1.important && m.v2.important != "" && !m.o.TableOnly {
		return pick{to: m.v2.important, role: `\Important`, why: fromAttr + " to " + fromAttr}, true, nil
	}
	p, ok = m.table(name)
	if ok {
		same, err := m.ownName(name, p.role)
		if err != nil {
			return pick{}, false, err
		}
		if same != "" {
			p.to, p.why = same, "same name and role on both sides"
		}
	}
	if !ok && !m.o.TableOnly {
		if p, ok, err = m.wide(name); err != nil {
			return pick{}, false, err
		}
	}
	if ok && IsInbox(p.to) {
		return pick{}, false, nil
	}
	if was := m.o.Previous[name]; was != "" && m.x2.raw[was] && (ok && was != p.to || !ok && m.o.PreviousByRole[name]) {
		return pick{to: was, role: p.role, why: "as in the run before"}, true, nil
	}
	return p, ok, nil
}

// table is imapsync's decision (--automap).
func (m *automapper) table(name string) (pick, bool) {
	r, how := m.v1.announced[name], fromAttr
	if r == "" {
		r, how = m.v1.guessed[name], fromTable
	}
	if r == "" {
		return pick{}, false
	}
	if to := m.v2.byAttr[r]; to != "" {
		return pick{to: to, role: r, why: how + " to " + fromAttr}, true
	}
	if to := m.v2.byName[r]; to != "" {
		return pick{to: to, role: r, why: how + " to " + fromTable}, true
	}
	return pick{}, false
}

// ownName keeps a folder's own name when host2 has it, with the same role, and
// announces nobody for that role. Without this a second run would move the
// folders that the first run created side by side into one.
func (m *automapper) ownName(name, role string) (string, error) {
	if m.v2.byAttr[role] != "" || len(m.v2.guessed) < 2 {
		return "", nil
	}
	res, err := m.rules.apply(name)
	if err != nil {
		return "", err
	}
	if m.v2.guessed[res.name] == role {
		return res.name, nil
	}
	return "", nil
}

// wide decides by all signs of a role; where host2 has no such folder and can
// create one with a role, the folder is planned.
func (m *automapper) wide(name string) (pick, bool, error) {
	r, ok := m.v1.wide[name]
	if !ok {
		return pick{}, false, nil
	}
	if r.Role == roleAll && m.o.LastRole == roleAll && m.v1.byAttr[roleArchive] == "" && m.v2.byAttr[roleAll] == "" {
		r.Role = roleArchive // what has no label was archived
	}
	virtual := r.Role == roleAll || r.Role == roleFlagged // often views, not folders
	if to := m.v2.byAny[r.Role]; to != "" {
		src := m.v2.wide[to].Source
		if virtual && (r.Source != fromAttr || src != fromAttr) {
			return pick{}, false, nil
		}
		if src != fromAttr {
			res, err := m.rules.apply(name)
			if err != nil {
				return pick{}, false, err
			}
			if own, ok := m.v2.wide[res.name]; ok && own.Role == r.Role {
				to = res.name
			}
		}
		return pick{to: to, role: r.Role, why: r.Source + " to " + src}, true, nil
	}
	if virtual {
		return pick{}, false, nil
	}
	if !m.create {
		return m.webmail(name, r)
	}
	if p, ok := m.planned[r.Role]; ok {
		p.why = r.Source + " to new folder"
		return p, true, nil
	}
	p, err := m.plan(r.Role)
	if err != nil {
		return pick{}, false, err
	}
	m.planned[r.Role] = p
	p.why = r.Source + " to new folder"
	return p, true, nil
}

// webmail names a folder for a role that host2 can not be told: mail programs on
// host2 will look for it, or make it, under the name that webmails use.
func (m *automapper) webmail(name string, r Role) (pick, bool, error) {
	res, err := m.rules.apply(name)
	if err != nil {
		return pick{}, false, err
	}
	to := prefixOf(m.rules.sp2) + strings.TrimPrefix(r.Role, `\`)
	if res.name == to {
		return pick{}, false, nil // it is called so anyway
	}
	return pick{to: to, role: r.Role, why: r.Source + " to the name that webmails use, since host2 has no such folder and cannot be told the role"}, true, nil
}

// plan names the folder to create for a role: the name of host1's first folder
// of that role, or the common English one when Gmail's container would come along.
func (m *automapper) plan(role string) (pick, error) {
	first := m.v1.byAny[role]
	res, err := m.rules.apply(first)
	if err != nil {
		return pick{}, err
	}
	to := res.name
	if _, gmail := baseName(first, m.rules.sp1); gmail {
		to = prefixOf(m.rules.sp2) + strings.TrimPrefix(role, `\`)
	}
	return pick{to: to, role: role, use: !m.x2.raw[to]}, nil
}
