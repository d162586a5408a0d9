package property

import "slices"

// shrink makes a failing case smaller as long as it fails in the same way, which fails
// tells; it asks that at most budget times.
func shrink(c *testCase, budget int, fails func(*testCase) bool) *testCase {
	best := c
	try := func(smaller *testCase) bool {
		if budget == 0 {
			return false
		}
		budget--
		if !fails(smaller) {
			return false
		}
		best = smaller
		return true
	}
	for progress := true; progress && budget > 0; {
		progress = false
		for i := len(best.steps) - 1; i >= 0; i-- {
			s := best.copy()
			s.steps = slices.Delete(s.steps, i, i+1)
			progress = len(s.steps) > 0 && try(s) || progress
		}
		for i := len(best.puts) - 1; i >= 0; i-- {
			s := best.copy()
			s.puts = slices.Delete(s.puts, i, i+1)
			progress = try(s) || progress
		}
		progress = shrinkOptions(func() *testCase { return best }, try) || progress
		progress = shrinkWords(func() *testCase { return best }, try) || progress
	}
	return best
}

// shrinkOptions takes options away, in all steps at once and then in each.
func shrinkOptions(best func() *testCase, try func(*testCase) bool) (progress bool) {
	for i := 0; i < len(best().steps); i++ {
		for at := len(best().steps[i].options) - 1; at >= 0; at-- {
			if at >= len(best().steps[i].options) || best().steps[i].options[at][0] != '-' {
				continue
			}
			group := optionAt(best().steps[i].options, at)
			everywhere := best().copy()
			for j := range everywhere.steps {
				everywhere.steps[j].options = without(everywhere.steps[j].options, group)
			}
			if everywhere.allowed() && try(everywhere) {
				progress = true
				continue
			}
			here := best().copy()
			here.steps[i].options = without(here.steps[i].options, group)
			if here.allowed() && try(here) {
				progress = true
			}
		}
	}
	return progress
}

// shrinkWords takes flags away, and what is checked beside a run.
func shrinkWords(best func() *testCase, try func(*testCase) bool) (progress bool) {
	for i := range best().puts {
		for at := len(best().puts[i].flags) - 1; at >= 0; at-- {
			s := best().copy()
			s.puts[i].flags = slices.Delete(s.puts[i].flags, at, at+1)
			progress = try(s) || progress
		}
	}
	for i := range best().steps {
		for _, change := range []func(*step) bool{
			func(s *step) bool { was := s.dry; s.dry = false; return was },
			func(s *step) bool { was := s.again; s.again = false; return was },
			func(s *step) bool {
				was := s.verb == "kill"
				if was {
					s.verb, s.side, s.bytes = "run", 0, 0
				}
				return was
			},
			func(s *step) bool {
				was := s.verb == "deliver" && len(s.flags) > 0
				if was {
					s.flags = nil
				}
				return was
			},
		} {
			s := best().copy()
			if change(&s.steps[i]) {
				progress = try(s) || progress
			}
		}
	}
	return progress
}

// optionAt is the option at a place, with its value.
func optionAt(list []string, at int) []string {
	if at+1 < len(list) && list[at+1][0] != '-' {
		return list[at : at+2]
	}
	return list[at : at+1]
}

// without takes an option out of a list, if it is there.
func without(list, group []string) []string {
	for i := range list {
		if i+len(group) <= len(list) && slices.Equal(list[i:i+len(group)], group) {
			return slices.Concat(list[:i], list[i+len(group):])
		}
	}
	return list
}

// allowed tells whether the program takes the options of all steps.
func (c *testCase) allowed() bool {
	return !slices.ContainsFunc(c.steps, func(s step) bool { return s.runs() && refusedOptions(s.options) != "" })
}

func (c *testCase) copy() *testCase {
	out := &testCase{mails: slices.Clone(c.mails), puts: slices.Clone(c.puts), steps: slices.Clone(c.steps)}
	for i := range out.puts {
		out.puts[i].flags = slices.Clone(out.puts[i].flags)
	}
	for i := range out.steps {
		out.steps[i].options, out.steps[i].flags = slices.Clone(out.steps[i].options), slices.Clone(out.steps[i].flags)
	}
	return out
}
