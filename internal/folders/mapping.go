package folders

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoList says that a side's folder list could not be read.
var ErrNoList = errors.New("the folder list could not be read")

// Map makes the table. An error means that no table can be trusted: a list that
// could not be read (ErrNoList), a *Subfolder1Error, or an expression that
// failed on a name. Mistakes that leave other folders untouched are Problems.
func Map(o Options, s1, s2 Side) (*Table, error) {
	for i, s := range []Side{s1, s2} {
		if s.ListFailed {
			return nil, fmt.Errorf("host%d: %w; no folder can be mapped: check the account and run again", i+1, ErrNoList)
		}
	}
	m := mapping{o: &o, s1: s1, s2: s2, list1: selectable(s1.Folders), list2: selectable(s2.Folders)}
	m.x1, m.x2 = newIndex(m.list1), newIndex(m.list2)
	t := &Table{Space1: Locate(s1, o.Sep1, o.Prefix1), Space2: Locate(s2, o.Sep2, o.Prefix2)}
	m.t = t
	m.rules = newRules(&o, t.Space1, t.Space2)
	if err := m.rules.locateSubfolder1(s1, m.x1); err != nil {
		return nil, err
	}
	t.Subfolder1, t.Subfolder2 = m.rules.sub1, m.rules.sub2
	m.rules.inboxRule(m.x1, m.x2)
	var err error
	t.Choice, err = choose(&o, s1, m.x1, t.Space1, m.rules.sub1, m.rules.vars)
	if err != nil {
		return nil, err
	}
	t.Problems = append(t.Problems, t.Choice.Problems...)
	m.leaveOut()
	if len(m.list1) == 0 {
		t.Problems = append(t.Problems, Problem{Option: "host1", What: "lists no folder that can be selected", Remedy: "check the account"})
	}
	m.same = o.SameServer || s1.Family == s2.Family && s1.Family != Generic
	m.explicit()
	v1 := viewRoles(s1, m.list1, t.Space1)
	v2 := viewRoles(s2, m.list2, t.Space2)
	t.Roles1, t.Roles2 = v1.list, v2.list
	t.Automap = o.Automap && m.rules.sub1 == "" && m.rules.sub2 == ""
	m.auto = &automapper{
		o: &o, v1: v1, v2: v2, x2: m.x2, rules: m.rules,
		create: s2.CreateUse, planned: map[string]pick{},
	}
	if err := m.rows(); err != nil {
		return nil, err
	}
	m.existence()
	m.shared()
	m.confine()
	m.warn()
	m.parents()
	if err := m.idle(); err != nil {
		return nil, err
	}
	for _, r := range t.Rows {
		if r.Refused != "" {
			t.Problems = append(t.Problems, Problem{Option: "folder", Value: Text(r.From), What: r.Refused, Remedy: "map it elsewhere with --f1f2, or leave it out with --exclude", Warning: r.Skipped || r.Outside})
		}
	}
	return t, m.extras()
}

// mapping is the work in progress of Map.
type mapping struct {
	o            *Options
	t            *Table
	s1, s2       Side
	list1, list2 []Folder
	x1, x2       *index
	rules        *rules
	auto         *automapper
	pairs        map[string]explicitPair
	same         bool
	saw          []string          // names that --regextrans2 saw, some of them
	effective    map[int]bool      // expressions of it that changed one
	used         map[string]bool   // roles given to a new folder already
	fold2        map[string]string // FoldKey -> host2 name
	folds        []string          // FoldKey of each row's To
}

type explicitPair struct {
	to  string
	why Why
}

// explicit collects --f1f2 and --mapfile. A target of "" or "0" is none, as in
// imapsync.
func (m *mapping) explicit() {
	m.pairs = map[string]explicitPair{}
	add := func(list []Pair, why Why) {
		for _, p := range list {
			from, ok := m.x1.find(p.From)
			if !ok {
				m.t.Unused = append(m.t.Unused, p)
				continue
			}
			if why == WhyMapFile && p.To == LeaveOut {
				delete(m.pairs, from) // the folder takes no part
				continue
			}
			if p.To == "" || p.To == "0" {
				delete(m.pairs, from)
				continue
			}
			to := p.To
			if !m.x2.raw[to] && !(m.same && to == from) {
				to = ToRaw(to)
			}
			m.pairs[from] = explicitPair{to, why}
		}
	}
	add(m.o.Map, WhyF1F2)
	add(m.o.MapFile, WhyMapFile)
}

// leaveOut takes those folders from the choice that the map file leaves out, and
// notes those that it does not have.
func (m *mapping) leaveOut() {
	if len(m.o.MapFile) == 0 {
		return
	}
	out, has := map[string]bool{}, map[string]bool{}
	for _, p := range m.o.MapFile {
		if n, ok := m.x1.find(p.From); ok {
			has[n] = true
			out[n] = p.To == LeaveOut
		}
	}
	c := &m.t.Choice
	c.Wanted = slices.DeleteFunc(c.Wanted, func(n string) bool {
		if out[n] {
			c.Ignored = append(c.Ignored, Ignored{n, "is left out by --mapfile"})
		}
		return out[n]
	})
	for _, n := range c.Wanted {
		if !has[n] {
			m.t.Unlisted = append(m.t.Unlisted, n)
		}
	}
}

// confine refuses names that the user typed and that host2 has no place for: where
// all of its namespaces have a prefix, a name without one of them is no folder.
// Names that came by other rules, such as --regextrans2 or --prefix2, are warned of:
// they were not typed to be final, and host2 may know better.
func (m *mapping) confine() {
	ns := m.s2.Namespace
	if ns == nil || ns.Failed || len(ns.Personal) == 0 {
		return
	}
	var prefixes []string
	for _, class := range [][]NamespaceEntry{ns.Personal, ns.Other, ns.Shared} {
		for _, e := range class {
			if e.Prefix == "" {
				return
			}
			prefixes = append(prefixes, e.Prefix)
		}
	}
	for i := range m.t.Rows {
		r := &m.t.Rows[i]
		if !r.Create || r.Refused != "" {
			continue
		}
		inside := slices.ContainsFunc(prefixes, func(p string) bool {
			return strings.HasPrefix(r.To, p) || IsInbox(strings.TrimSuffix(p, m.t.Space2.Own)) && len(r.To) >= len(p) && strings.EqualFold(r.To[:len(p)], p)
		})
		if inside {
			continue
		}
		own := ns.Personal[0].Prefix
		if r.Why != WhyF1F2 && r.Why != WhyMapFile || m.t.Space2.PrefixGiven {
			r.warn(WarnUnusual, "host2 says that it has folders only below %q, so it will probably refuse %q", Text(own), Text(r.To))
		} else {
			r.Refused, r.Outside = fmt.Sprintf("host2 has folders only below %q, so %q cannot be made: write %q", own, Text(r.To), Text(own+r.To)), true
		}
	}
}

// rows maps every wanted folder.
func (m *mapping) rows() error {
	m.t.Rows = make([]Row, 0, len(m.t.Choice.Wanted))
	m.used = map[string]bool{}
	for _, n := range m.t.Choice.Wanted {
		r, err := m.row(n)
		if err != nil {
			return err
		}
		m.t.Rows = append(m.t.Rows, r)
	}
	return nil
}

func (m *mapping) row(n string) (Row, error) {
	r := Row{From: n, Shared: 1}
	if p, ok := m.pairs[n]; ok {
		r.To, r.Ruled, r.Why = p.to, p.to, p.why
		m.note(&r, "%s [%s] -> [%s]", p.why, n, p.to)
		return r, nil
	}
	if m.t.Automap {
		p, ok, err := m.auto.pick(n)
		if err != nil {
			return Row{}, err
		}
		if ok {
			r.To, r.Ruled, r.Why, r.Detail = p.to, p.to, WhyAutomap, strings.TrimPrefix(p.role+": "+p.why, ": ")
			if p.use && !m.used[p.role] {
				m.used[p.role] = true
				r.Use = p.role
			}
			if !m.x2.raw[p.to] {
				m.repair(&r)
			}
			m.note(&r, "automap [%s] -> [%s]", n, r.To)
			return r, nil
		}
	}
	res, err := m.rules.apply(n)
	if err != nil {
		return Row{}, err
	}
	m.sees(&res)
	r.To, r.Ruled, r.Steps = res.name, res.name, res.steps
	switch {
	case res.expr != "":
		r.Why, r.Detail = WhyTrans, res.expr
	case m.rules.sub2 != "":
		r.Why = WhySubfolder2
	case m.rules.sub1 != "" && m.rules.cutSubfolder1(n, prefixOf(m.t.Space1)) != n:
		r.Why = WhySubfolder1
	case r.To == n:
		r.Why = WhySame
	default:
		r.Why = WhySpace
	}
	if res.garbled {
		r.warn(WarnGarbled, "the expression changed the letters of encoded characters: %q became %q", Text(n), Text(r.To))
	}
	if res.slashes {
		r.warn(WarnChanged, "host2's separator inside a level became \"/\" and then \"_\", so that levels stay levels: %q; see --nofixslash2", Text(r.To))
	}
	m.repair(&r)
	return r, nil
}

func (m *mapping) note(r *Row, format string, args ...any) {
	if m.o.Explain {
		r.Steps = append(r.Steps, fmt.Sprintf(format, args...))
	}
}

func (r *Row) warn(kind WarningKind, format string, args ...any) {
	r.Warnings = append(r.Warnings, Warning{kind, fmt.Sprintf(format, args...)})
}
