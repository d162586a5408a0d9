package folders

import (
	"slices"
)

// Idle is a rule of the user that matched no folder.
type Idle struct {
	Option, Value string
	// What says so, as the rest of a sentence that begins with the rule.
	What string
	// Looks are names, as the rule sees them, that look like what it wants; few, or
	// none.
	Looks []string
}

// idle finds the rules that had no effect. That is no error: many accounts share
// one command line.
func (m *mapping) idle() error {
	o := m.o
	prefix1, prefix2 := prefixOf(m.t.Space1), prefixOf(m.t.Space2)
	add := func(option, value, what string, looks []string) {
		m.t.Idle = append(m.t.Idle, Idle{option, value, what, looks})
	}
	for _, e := range o.Exclude[:max(0, len(o.Exclude)-o.ExcludePresets)] {
		took, err := m.excludes(e.String())
		if err != nil {
			return err
		}
		if !took {
			add("--exclude", e.String(), "matched no folder", near(wanted(e.String()), m.x1.names, prefix1))
		}
	}
	for i, e := range o.Trans[:max(0, len(o.Trans)-o.TransPresets)] {
		if m.effective[i] || len(m.t.Rows) == 0 {
			continue
		}
		looks := near(wanted(e.String()), m.saw, prefix2)
		what := "changed no name; it sees names as they are written on host2"
		if first := m.mappedBefore(); len(looks) == 0 && len(first) > 0 {
			if looks = near(wanted(e.String()), first, prefix1); len(looks) > 0 || len(m.saw) == 0 {
				what = "changed no name; --mapfile, --f1f2 and --automap come before it, and what they map it does not see"
			}
		}
		add("--regextrans2", e.String(), what, looks)
	}
	for _, l := range []struct {
		option string
		names  []string
	}{{"--folderfirst", o.First}, {"--folderlast", o.Last}} {
		for _, typed := range l.names {
			n, ok := m.x1.find(typed)
			switch {
			case ok && slices.Contains(m.t.Choice.Wanted, n) || typed == "[Gmail]/All Mail":
				// The second is what presets add.
			case ok:
				add(l.option, typed, "has no effect: the folder takes no part in this run", nil)
			default:
				add(l.option, typed, "matched no folder", near(wordsOf(typed), m.x1.names, prefix1))
			}
		}
	}
	m.idlePairs(add)
	return nil
}

// sawMost bounds the names that are kept to show what --regextrans2 sees.
const sawMost = 10_000

// sees remembers what --regextrans2 saw and did.
func (m *mapping) sees(res *result) {
	if len(m.o.Trans) == 0 {
		return
	}
	if len(m.saw) < sawMost {
		m.saw = append(m.saw, res.before)
	}
	for _, i := range res.changed {
		if m.effective == nil {
			m.effective = make(map[int]bool)
		}
		m.effective[i] = true
	}
}

// idlePairs finds the pairs of --f1f2 and --mapfile without a folder in this run.
func (m *mapping) idlePairs(add func(option, value, what string, looks []string)) {
	prefix := prefixOf(m.t.Space1)
	for _, l := range []struct {
		option string
		pairs  []Pair
	}{{"--f1f2", m.o.Map[min(m.o.MapPresets, len(m.o.Map)):]}, {"--mapfile", m.o.MapFile}} {
		for _, p := range l.pairs {
			value := p.From + "=" + p.To
			n, ok := m.x1.find(p.From)
			switch {
			case !ok:
				add(l.option, value, "has no effect: host1 has no folder of this name", near(wordsOf(p.From), m.x1.names, prefix))
			case p.To != LeaveOut && p.To != "" && !slices.Contains(m.t.Choice.Wanted, n):
				add(l.option, value, "has no effect: the folder takes no part in this run", nil)
			}
		}
	}
}

// excludes reports whether an --exclude matched a folder of host1, or would have
// if the folder took part.
func (m *mapping) excludes(pattern string) (bool, error) {
	for i, s := range m.t.Choice.Steps {
		if !s.Exclude || s.Pattern != pattern {
			continue
		}
		if len(s.Names) > 0 {
			return true, nil
		}
		e := m.o.Exclude[i-(len(m.t.Choice.Steps)-len(m.o.Exclude))]
		for _, n := range m.x1.names {
			if ok, err := matches(e, n, m.rules.vars); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}

// mappedBefore are the folders whose names are given by rules before --regextrans2.
func (m *mapping) mappedBefore() []string {
	var out []string
	for i := range m.t.Rows {
		switch r := &m.t.Rows[i]; r.Why {
		case WhyMapFile, WhyF1F2, WhyAutomap:
			out = append(out, r.From)
		}
	}
	return out
}
