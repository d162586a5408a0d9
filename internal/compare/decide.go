package compare

import (
	"slices"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
)

// Decide decides about the groups that Ask named. h is what host2 is known to do.
func (w *Work) Decide(c Contents, h *habits.Habits) {
	n := w.eachAsked(func(g *group) { (&verdict{w: w, g: g, c: c, h: h}).run() })
	w.groups = w.groups[n:]
}

// class are host1 messages of a group that are equal to each other.
type class struct {
	members []int32 // the best first
	content *habits.Message
	tied    int32 // to this host2 record
}

// verdict decides about one group.
type verdict struct {
	w *Work
	g *group
	c Contents
	h *habits.Habits

	classes []*class
	// byBody are the host2 records of the group by their bodies, in their order: no
	// two messages with different bodies are the same.
	byBody map[identity.Digest][]int32
}

// maxTries bounds how many messages with one body are held against one message: a
// server must not make us spend the square of their number.
const maxTries = 200

func (v *verdict) run() {
	v.classify()
	v.byBody = make(map[identity.Digest][]int32)
	for _, d := range v.g.dst {
		if m := v.of(2, d); m != nil {
			v.byBody[m.Body] = append(v.byBody[m.Body], d)
		}
	}
	if n := len(v.classes); n > 1 && !v.g.akin && !v.g.dated && !v.w.in.OneToOne {
		v.w.distinct += n - 1
	}
	// What is equal, but for what host2 does to messages (rows 2, 6, 9, 10, 11).
	v.match(none, v.exact, Certain)
	v.match(none, v.same, Certain)
	v.cutAlike(none)
	// A draft that was edited keeps its Message-Id: what belonged to a message that is
	// gone has to be this one indeed.
	passed := Certain
	if v.w.in.OneToOne && v.w.in.Deletes1 {
		passed = Doubtful // it may be the copy of an equal one that was deleted as copied
	}
	v.match(gone, v.unaltered, passed)
	v.cutAlike(gone)
	if !v.w.in.OneToOne {
		v.match(other, v.same, Certain)
		v.matchSources()
		v.matchAppended()
		v.cutAlike(other)
	}
	// An equal body: nothing of the message is lost but lines of its header.
	v.match(none, v.sameBody, Doubtful)
	if !v.w.in.OneToOne {
		v.match(other, v.sameBody, Doubtful)
	}
	v.lengthened()
	v.inVain()
	if !v.g.dated {
		v.byOrder()
	}
	for _, c := range v.classes {
		if c.tied == none {
			for _, s := range c.members[1:] {
				v.w.equal[s] = c.members[0]
			}
			v.countAlike(c)
		}
	}
	v.keepEquals()
	v.doubles()
}

// countAlike counts a class that is copied though its key is on host2 (row 7).
func (v *verdict) countAlike(c *class) {
	if v.g.akin || v.g.dated {
		return
	}
	if slices.ContainsFunc(v.g.dst, func(d int32) bool { return v.w.ofDst[d] == none && v.another(c.members[0], d) }) {
		v.w.alike++
	}
}

// single reports whether there is but one message on each side.
func (v *verdict) single() bool { return len(v.classes) == 1 && len(v.g.dst) == 1 }

func (v *verdict) of(side int, i int32) *habits.Message {
	if side == 1 {
		return v.c.Src[v.w.in.Src.Recs[i].UID]
	}
	return v.c.Dst[v.w.in.Dst.Recs[i].UID]
}

// classify puts equal host1 messages together. One that could not be read is a
// message of its own.
func (v *verdict) classify() {
	w := v.w
	byContent := make(map[identity.Digest]*class)
	for _, s := range v.g.src {
		m := v.of(1, s)
		whole := m != nil && !w.in.OneToOne && !w.cut(w.ofSrc[s])
		var c *class
		if whole {
			c = byContent[m.Exact]
		}
		if c == nil {
			c = &class{members: []int32{s}, content: m, tied: w.ofSrc[s]}
			v.classes = append(v.classes, c)
			if whole {
				byContent[m.Exact] = c
			}
			continue
		}
		c.members = append(c.members, s)
		if c.tied == none {
			c.tied = w.ofSrc[s]
		}
	}
	for _, c := range v.classes {
		slices.SortStableFunc(c.members, func(a, b int32) int {
			switch {
			case w.better(a, b):
				return -1
			case w.better(b, a):
				return 1
			}
			return 0
		})
		if c.tied == none {
			continue
		}
		for _, s := range c.members {
			if w.ofSrc[s] == none {
				w.tie(s, c.tied, Certain)
			}
		}
	}
}

// cut reports whether a host2 record holds only a part of a message.
func (w *Work) cut(d int32) bool {
	return d >= 0 && w.in.Cut != nil && w.in.Cut(&w.in.Dst.Recs[d])
}

// match ties classes to host2 records that belong to whom, where alike says so.
func (v *verdict) match(whom int32, alike func(s, d int32) bool, trust Trust) {
	w := v.w
	for _, c := range v.classes {
		if c.tied != none {
			continue
		}
		found, tries := none, 0
		if c.content == nil {
			continue
		}
		for _, d := range v.byBody[c.content.Body] {
			if w.ofDst[d] != whom {
				continue
			}
			if tries++; tries > maxTries {
				break
			}
			if w.ofDst[d] == whom && !w.goes(c.members[0], d, trust) && alike(c.members[0], d) && (found == none || w.marksDiffer(c.members[0], found) && !w.marksDiffer(c.members[0], d)) {
				found = d
			}
		}
		if found != none {
			v.tie(c, found, trust)
		}
	}
}

// marksDiffer reports whether one of s and d is marked \Deleted and the other is not. Of
// equal messages of host2 the one that has the mark of s is its copy: it was given that
// by a run before, and another one would be given it by each run after that.
func (w *Work) marksDiffer(s, d int32) bool {
	return w.marked(1, &w.in.Src.Recs[s]) != w.marked(2, &w.in.Dst.Recs[d])
}

// matchSources ties classes to what equal messages of other host1 folders became.
func (v *verdict) matchSources() {
	became := make(map[identity.Digest]int32)
	for _, d := range v.g.dst {
		if m := v.c.Became[v.w.in.Dst.Recs[d].UID]; m != nil && v.w.ofDst[d] == other {
			if _, known := became[m.Exact]; !known {
				became[m.Exact] = d
			}
		}
	}
	for _, c := range v.classes {
		if c.tied != none || c.content == nil {
			continue
		}
		if d, ok := became[c.content.Exact]; ok && !v.w.goes(c.members[0], d, Certain) {
			v.tie(c, d, Certain)
		}
	}
}

// matchAppended ties classes to the copies of equal messages to which host2 has added
// something.
func (v *verdict) matchAppended() {
	w := v.w
	if v.c.Appended == nil {
		return
	}
	for _, c := range v.classes {
		for _, s := range c.members {
			for _, d := range v.g.dst[:min(len(v.g.dst), maxRivals)] {
				if c.tied == none && w.ofDst[d] == other && !w.goes(s, d, Certain) && v.c.Appended(w.in.Src.Recs[s].UID, w.in.Dst.Recs[d].UID) {
					v.tie(c, d, Certain)
				}
			}
		}
	}
}

// cutAlike ties classes to what an option that cuts messages makes of them.
func (v *verdict) cutAlike(whom int32) {
	w := v.w
	if v.c.Sent == nil {
		return
	}
	for _, c := range v.classes {
		for _, d := range v.g.dst[:min(len(v.g.dst), maxRivals)] {
			s := c.members[0]
			if c.tied == none && w.ofDst[d] == whom && !w.goes(s, d, Certain) && v.c.Sent(w.in.Src.Recs[s].UID, w.in.Dst.Recs[d].UID) {
				v.tie(c, d, Certain)
			}
		}
	}
}

func (v *verdict) tie(c *class, d int32, trust Trust) {
	c.tied = d
	for _, s := range c.members {
		v.w.tie(s, d, trust)
	}
	if trust != Certain {
		v.w.undecided[d] = true
	}
}

// known reports whether a host1 record was tied by an earlier run.
func (w *Work) known(s int32) bool { return len(w.in.Known) > 0 && w.in.Known[s] != none }
