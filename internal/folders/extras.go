package folders

import "sort"

// extras finds the host2 folders that are not on host1 and notes what protects
// the others (imapsync: --delete2folders).
func (m *mapping) extras() error {
	t := m.t
	t.guard = guard{
		o: m.o, s2: m.s2, space: t.Space2, sub2: m.rules.sub2, rows: t.Rows,
		empty1: len(m.list1) == 0, same: map[string]string{}, counterpart: map[string]string{},
	}
	mapped := make(map[string]bool, len(m.list1))
	wanted := make(map[string]bool, len(t.Rows))
	for i, r := range t.Rows {
		wanted[r.From] = true
		for _, n := range []string{r.To, r.Ruled, r.Fallback} {
			if n != "" {
				mapped[n] = true
			}
		}
		t.guard.same[m.folds[i]] = r.From
	}
	for _, f := range m.list1 {
		n := f.Name
		t.guard.same[FoldKey(n)] = n
		if wanted[n] {
			continue
		}
		if err := m.unwanted(n, mapped); err != nil {
			return err
		}
	}
	for _, f := range m.list2 {
		n := f.Name
		if m.x1.raw[n] || mapped[n] || m.rules.sub2 != "" && (n == m.rules.sub2 || n == prefixOf(t.Space2)+m.rules.sub2) {
			continue
		}
		t.Extras = append(t.Extras, n)
	}
	sort.Sort(sort.Reverse(sort.StringSlice(t.Extras)))
	return nil
}

// unwanted notes where a folder that takes no part would go: its counterpart
// on host2 is not an extra.
func (m *mapping) unwanted(n string, mapped map[string]bool) error {
	if p, ok := m.pairs[n]; ok {
		mapped[p.to] = true
		return nil
	}
	res, err := m.rules.apply(n)
	if err != nil {
		return err
	}
	mapped[res.name] = true
	r := Row{From: n, To: res.name, Ruled: res.name}
	m.repair(&r)
	for _, name := range []string{r.To, r.Fallback} {
		if name != "" && name != res.name {
			mapped[name] = true
		}
	}
	m.t.guard.same[FoldKey(r.To)] = n
	if !m.o.Automap {
		return nil
	}
	p, ok, err := m.auto.pick(n)
	if err != nil {
		return err
	}
	if ok {
		m.t.guard.counterpart[p.to] = n
	}
	return nil
}
