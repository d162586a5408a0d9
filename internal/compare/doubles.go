package compare

import (
	"slices"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// byOrder deals with what no content decides.
func (v *verdict) byOrder() {
	w := v.w
	var free, open []int32
	var classes []*class
	exact := make(map[identity.Digest]bool)
	for _, c := range v.classes {
		if c.content != nil {
			exact[c.content.Exact] = true
		}
	}
	for _, d := range v.g.dst {
		// One that is equal to a message of host1 is no copy of another.
		if m := v.of(2, d); w.ofDst[d] == none && (m == nil || !exact[m.Exact]) {
			free = append(free, d)
		}
	}
	for _, c := range v.classes {
		if c.tied == none {
			classes = append(classes, c)
			open = append(open, c.members[0])
		}
	}
	if len(free) == 0 || len(open) == 0 {
		return
	}
	for _, c := range classes {
		if v.keepsBytes(c.members[0]) {
			continue
		}
		if v.g.akin && !v.mayChange(c.members[0]) {
			continue // its own key says that it is another message
		}
		at := slices.IndexFunc(free, func(d int32) bool { return !v.another(c.members[0], d) && !w.goes(c.members[0], d, Likely) })
		if at < 0 {
			continue
		}
		trust := Likely
		if v.single() {
			trust = Doubtful // row 8
		}
		v.tie(c, free[at], trust)
		free = slices.Delete(free, at, at+1)
	}
}

// keepEquals keeps the equals of a message in doubt from leaving host1 where each needs
// a copy of its own: the copy of the one would prove the other at the next run, and one
// copy be left of two messages.
func (v *verdict) keepEquals() {
	w := v.w
	if !w.in.OneToOne || !w.in.Deletes1 {
		return
	}
	doubt := make(map[identity.Digest]bool)
	for _, c := range v.classes {
		if t := w.trust[c.members[0]]; c.content != nil && (t == Doubtful || t == Likely) {
			doubt[c.content.Exact] = true
		}
	}
	for _, c := range v.classes {
		if c.content == nil || !doubt[c.content.Exact] {
			continue
		}
		if w.bound == nil {
			w.bound = make(map[int32]bool)
		}
		for _, s := range c.members {
			w.bound[s] = true
		}
	}
}

// doubles finds host2 messages that are equal to another one that stays: to the last
// byte, or, where that one has a counterpart on host1, but for lines that host2 or other
// servers added to either.
// Never one that is claimed.
func (v *verdict) doubles() {
	w := v.w
	stays := make(map[identity.Digest][]int32) // those that have a counterpart, and free ones with no equal
	for _, d := range v.g.dst {
		if m := v.of(2, d); m != nil && w.ofDst[d] != none {
			stays[m.Body] = append(stays[m.Body], d)
		}
	}
	open := slices.ContainsFunc(v.g.src, func(s int32) bool { return w.trust[s] == Doubtful || w.trust[s] == Likely })
	for _, d := range v.g.dst {
		m := v.of(2, d)
		w.undecided[d] = w.undecided[d] || open && w.ofDst[d] == gone
		if w.ofDst[d] != none || m == nil || w.part[d] {
			continue // a part is what tells that another one would come
		}
		same := stays[m.Body]
		at := slices.IndexFunc(same[:min(len(same), maxTries)], func(e int32) bool { return v.equals(d, e) })
		switch {
		case at >= 0 && v.replaces(d, same[at]):
			w.double[same[at]] = true
			same[at] = d
		case at >= 0:
			w.double[d] = true
			w.undecided[d] = w.undecided[d] || open && w.in.OneToOne
		default:
			// It may be the copy of one of those that are not told apart.
			w.undecided[d] = open
			w.unlike[d] = len(same) > 0 && !v.g.akin && !v.g.dated
			stays[m.Body] = append(same, d)
		}
	}
}

// equals reports whether d, which is free, is the same as e, so that either may go.
func (v *verdict) equals(d, e int32) bool {
	a, b := v.of(2, d), v.of(2, e)
	if a == nil || b == nil || a.Exact == b.Exact {
		return a != nil && b != nil
	}
	s := v.w.ofDst[e]
	if s < 0 || v.w.trust[s] != Certain {
		return false
	}
	m := v.of(1, s)
	return m != nil && v.h.Redundant(m, a) && v.h.Redundant(m, b)
}

// replaces reports whether d should stay rather than its equal e, and has it take e's
// place: one that is not marked \Deleted before one that is, where the other one goes,
// else the one that has the mark of its counterpart; then the one that came first. What
// was tied by an earlier run stays tied.
func (v *verdict) replaces(d, e int32) bool {
	w := v.w
	s := w.ofDst[e]
	if s < 0 && s != none || s >= 0 && w.known(s) {
		return false
	}
	worse := func(d int32) bool { return w.marked(2, &w.in.Dst.Recs[d]) }
	if s >= 0 && !w.in.Doubles {
		worse = func(d int32) bool { return w.marksDiffer(s, d) }
	}
	wd, we := worse(d), worse(e)
	if wd && !we || wd == we && d > e {
		return false
	}
	for _, s := range v.g.src {
		if w.ofSrc[s] == e {
			w.ofSrc[s] = d
		}
	}
	w.ofDst[d], w.ofDst[e] = w.ofDst[e], none
	return true
}
