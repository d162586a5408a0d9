package folders

import "strings"

// deep is the number of levels beyond which clients and file systems are known
// to give up; a row with more gets a warning.
const deep = 50

// warn looks at every row for what usually goes wrong (user reports of merged,
// flattened and doubled folders).
func (m *mapping) warn() {
	split := m.roleSplit()
	apart := m.roleParents()
	leaves := map[string]bool{}
	for _, f := range m.s2.Folders {
		if f.Has(`\NoInferiors`) && !IsInbox(f.Name) { // some say it of INBOX and do not mean it
			leaves[f.Name] = true
		}
	}
	for i := range m.t.Rows {
		r := &m.t.Rows[i]
		if r.To == "" {
			continue
		}
		m.inboxInbox(r)
		m.trap(r)
		split(r)
		apart(r)
		if r.Changed() {
			r.warn(WarnChanged, "host2 does not take %q; it becomes %q", Text(r.Ruled), Text(r.To))
		} else if r.Create && (r.Why == WhyF1F2 || r.Why == WhyMapFile) && !m.same {
			if want := repair(r.To, prefixOf(m.t.Space2), m.t.Space2.Own, families[m.s2.Family]); want != r.To {
				r.warn(WarnUnusual, "host2 probably refuses this name; %q would be taken", Text(want))
			}
		}
		if i := strings.LastIndex(r.To, m.t.Space2.Own); r.Create && i > 0 && leaves[r.To[:i]] {
			r.warn(WarnNoChildren, "host2 says that %q can have no folders below it", Text(r.To[:i]))
		}
		if n := levels(r.To, m.t.Space2.Own); n > deep {
			r.warn(WarnDeep, "%d levels; some servers and most programs give up before", n)
		}
	}
}

// inboxInbox finds the doubled INBOX of a wrong prefix.
func (m *mapping) inboxInbox(r *Row) {
	sep := m.t.Space2.Own
	first, rest, ok := strings.Cut(r.To, sep)
	second, _, _ := strings.Cut(rest, sep)
	if ok && IsInbox(first) && IsInbox(second) {
		r.warn(WarnInboxInbox, "INBOX below INBOX: the prefix of host1 (%q) or of host2 (%q) is probably wrong; see --prefix1 and --prefix2",
			m.t.Space1.Prefix, m.t.Space2.Prefix)
	}
}

// trap finds levels that are lost: a separator of host1 that is an ordinary
// character on host2. Separators that were ordinary characters on host1 and
// changed places with it do not count.
func (m *mapping) trap(r *Row) {
	own1, own2 := m.t.Space1.Own, m.t.Space2.Own
	if own1 == "" || own2 == "" || own1 == own2 && m.t.Space2.Sep == own2 && m.t.Space1.Sep == own1 {
		return
	}
	from := strings.TrimPrefix(r.From, prefixOf(m.t.Space1))
	to := strings.TrimPrefix(r.To, prefixOf(m.t.Space2))
	if !strings.Contains(from, own1) || r.Why == WhyAutomap {
		return
	}
	survived := own1 != own2 && strings.Count(to, own1) > strings.Count(from, own2)
	flat := levels(to, own2) < levels(from, own1) && r.Why != WhyTrans && r.Why != WhyF1F2 && r.Why != WhyMapFile && r.Why != WhySubfolder1
	if survived || flat {
		r.warn(WarnTrap, "the tree is flattened: host1 separates levels by %q, host2 by %q, and %q has fewer levels than %q; see --sep1 and --sep2",
			own1, own2, Text(r.To), Text(r.From))
	}
}

func levels(name, sep string) int {
	if sep == "" {
		return 1
	}
	return strings.Count(name, sep) + 1
}

// roleSplit returns a check for two folders of one role on host2 ("Sent"
// beside "Sent Items").
func (m *mapping) roleSplit() func(*Row) {
	first := map[string]string{}
	for role, name := range m.auto.v2.byAny {
		first[role] = name
	}
	return func(r *Row) {
		if IsInbox(r.To) {
			return
		}
		role := m.auto.v2.wide[r.To].Role
		if role == "" && r.Use != "" {
			role = r.Use
		}
		if role == "" {
			if role = tableRole(r.To, m.t.Space2); role == "" {
				role = wordRole(r.To, m.t.Space2)
			}
		}
		if role == "" {
			return
		}
		switch other := first[role]; {
		case other == "":
			first[role] = r.To
		case other != r.To:
			r.warn(WarnSplit, "%q will be beside %q, and both are for %s; see --automap and --f1f2", Text(r.To), Text(other), strings.TrimPrefix(role, `\`))
		}
	}
}

// roleParents returns a check for folders below one that goes elsewhere by its
// role: they keep their names, and with them the tree that the role has left.
func (m *mapping) roleParents() func(*Row) {
	moved := map[string]*Row{}
	for i := range m.t.Rows {
		r := &m.t.Rows[i]
		if r.Why != WhyAutomap {
			continue
		}
		if res, err := m.rules.apply(r.From); err == nil && res.name != r.To {
			moved[r.From] = r
		}
	}
	sep1, sep2 := separator(m.t.Space1.Own), m.t.Space2.Own
	return func(r *Row) {
		if len(moved) == 0 || r.Why == WhyAutomap || r.Why == WhyF1F2 || r.Why == WhyMapFile {
			return
		}
		for i := strings.LastIndex(r.From, sep1); i > 0; i = strings.LastIndex(r.From[:i], sep1) {
			up := moved[r.From[:i]]
			if up == nil || inside(r.To, up.To, sep2) {
				continue
			}
			r.warn(WarnApart, "the folder above it, %q, goes to %q by its role; this one keeps its own name. To keep them together use --f1f2 %s=%s",
				Text(up.From), Text(up.To), Text(r.From), Text(up.To+sep2+r.From[i+len(sep1):]))
			return
		}
	}
}
