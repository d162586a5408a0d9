package compare

import (
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// askAtOnce bounds how many contents are asked for together: what is kept of each
// takes about a kilobyte.
const askAtOnce = 5000

// Contents are what was read of messages, by UID. A message that could not be read
// is not among them.
type Contents struct {
	Src, Dst map[imap.UID]*habits.Message
	// Begins reports whether a host2 message is only the beginning of a host1 one, and
	// Sent whether it is the beginning that this run would send. nil: none is.
	Begins, Sent func(src, dst imap.UID) bool
	// Became are, by host2's UIDs, the messages of other host1 folders that these are
	// the copies of, as far as Sources asked for them and they are there.
	Became map[imap.UID]*habits.Message
	// Appended reports whether host2's is the copy of a message of another folder or
	// account that is equal to host1's, with something behind it. nil: none is.
	Appended func(src, dst imap.UID) bool
}

// Sources returns the UIDs of host2 messages that other host1 folders became, where it is
// open whether a message of this folder is equal to one of theirs: two of host1 can be
// held against each other whatever host2 made of the one. c is what Ask asked for.
func (w *Work) Sources(c Contents) (dst []imap.UID) {
	if w.in.OneToOne {
		return nil
	}
	w.eachAsked(func(g *group) {
		exact := make(map[identity.Digest]bool)
		for _, s := range g.src {
			if m := c.Src[w.in.Src.Recs[s].UID]; m != nil && w.ofSrc[s] == none {
				exact[m.Exact] = true
			}
		}
		if len(exact) == 0 {
			return
		}
		for _, d := range g.dst {
			uid := w.in.Dst.Recs[d].UID
			if m := c.Dst[uid]; w.ofDst[d] == other && (m == nil || !exact[m.Exact]) {
				dst = append(dst, uid)
			}
		}
	})
	slices.Sort(dst)
	return slices.Compact(dst)
}

// Grown returns pairs of UIDs of host1 and host2 of which the second may be the copy of an
// equal message of another folder or account, to whose body host2 has added something: it
// has all of the header, and is larger. c is what Ask asked for.
func (w *Work) Grown(c Contents, h *habits.Habits) (pairs [][2]imap.UID) {
	if w.in.OneToOne {
		return nil
	}
	w.eachAsked(func(g *group) {
		for _, s := range g.src[:min(len(g.src), maxRivals)] {
			for _, d := range g.dst[:min(len(g.dst), maxRivals)] {
				uid1, uid2 := w.in.Src.Recs[s].UID, w.in.Dst.Recs[d].UID
				a, b := c.Src[uid1], c.Dst[uid2]
				if w.ofSrc[s] == none && w.ofDst[d] == other && a != nil && b != nil && a.Body != b.Body && a.Size < b.Size && h.HoldsHeader(a, b) {
					pairs = append(pairs, [2]imap.UID{uid1, uid2})
				}
			}
		}
	})
	return pairs
}

// eachAsked calls do for the groups that Ask named, and returns how many these are.
func (w *Work) eachAsked(do func(*group)) (n int) {
	asked := 0
	for i, g := range w.groups {
		if i > 0 && asked+len(g.src)+len(g.dst) > askAtOnce {
			break
		}
		asked += len(g.src) + len(g.dst)
		n++
		do(g)
	}
	return n
}

// Ask returns the UIDs of the messages whose contents have to decide next; none when
// nothing is left to be read.
func (w *Work) Ask() (src, dst []imap.UID) {
	w.eachAsked(func(g *group) {
		for _, s := range g.src {
			src = append(src, w.in.Src.Recs[s].UID)
		}
		for _, d := range g.dst {
			dst = append(dst, w.in.Dst.Recs[d].UID)
		}
	})
	slices.Sort(src)
	slices.Sort(dst)
	return slices.Compact(src), slices.Compact(dst)
}

// maxRivals bounds of how many host2 messages it is asked whether they are only the
// beginning of one of host1.
const maxRivals = 16

// Rivals tells, for each host1 message that Ask named, the host2 messages that may be
// only its beginning.
func (w *Work) Rivals() map[imap.UID][]imap.UID {
	out := make(map[imap.UID][]imap.UID)
	w.eachAsked(func(g *group) {
		for _, s := range g.src {
			uid := w.in.Src.Recs[s].UID
			for _, d := range g.dst[:min(len(g.dst), maxRivals)] {
				out[uid] = append(out[uid], w.in.Dst.Recs[d].UID)
			}
		}
	})
	return out
}

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

// same reports whether d is s but for what host2 was seen to do; lines that d has
// besides take nothing away from s.
func (v *verdict) same(s, d int32) bool {
	a, b := v.of(1, s), v.of(2, d)
	if a == nil || b == nil || (v.g.akin || v.g.dated) && !a.Compatible(b) {
		return false
	}
	return v.h.Same(a, b) || habits.Grown(a, b)
}

// exact reports whether d is s to the last byte but for line ends.
func (v *verdict) exact(s, d int32) bool {
	a, b := v.of(1, s), v.of(2, d)
	return a != nil && b != nil && a.Exact == b.Exact
}

// unaltered reports whether d is s but for what host2 was seen to do, and for the
// Message-Id that --addheader gives.
func (v *verdict) unaltered(s, d int32) bool {
	a, b := v.of(1, s), v.of(2, d)
	if a == nil || b == nil || (v.g.akin || v.g.dated) && !a.Compatible(b) {
		return false
	}
	return v.h.Same(a, b) || habits.Labelled(a, b)
}

func (v *verdict) sameBody(s, d int32) bool {
	a, b := v.of(1, s), v.of(2, d)
	// What was delivered to both sides has other header lines on each, whatever host2
	// keeps of what it is given.
	if a == nil || b == nil || a.Body != b.Body {
		return false
	}
	// Equal bodies alone say little: many mails have the same.
	return !v.g.akin && !v.g.dated || a.Compatible(b)
}

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

// mayChange reports whether the key of a host1 message is one that host2 changes
// along with the content.
func (v *verdict) mayChange(s int32) bool {
	r := &v.w.in.Src.Recs[s]
	return r.Is(listing.ByContent|listing.ByHeader) || r.Is(listing.AddedHeader) || !r.Is(listing.HasKey)
}

// another reports whether there is evidence that d is no copy of s (row 7): d is only
// its beginning, or host2 was seen to keep what it is given.
func (v *verdict) another(s, d int32) bool {
	a, b := v.of(1, s), v.of(2, d)
	if a == nil || b == nil {
		return false
	}
	src, dst := &v.w.in.Src.Recs[s], &v.w.in.Dst.Recs[d]
	// What is cut off on purpose leaves a beginning, too.
	if v.c.Begins != nil && !v.w.in.SizesUnknown && v.c.Begins(src.UID, dst.UID) {
		return true
	}
	if v.single() && v.knows(s) && v.h.KeepsSizes() && !v.w.in.SizesAgree(src, dst) {
		return true
	}
	return v.keepsBytes(s)
}

// knows reports whether what host2 was seen to do tells anything about a host1 record.
func (v *verdict) knows(s int32) bool {
	in := &v.w.in
	return !in.SizesUnknown && (in.Undecided == nil || !in.Undecided(&in.Src.Recs[s]))
}

// keepsBytes reports whether host2 would have a host1 record byte for byte.
func (v *verdict) keepsBytes(s int32) bool { return v.h.KeepsBytes() && v.knows(s) }

// doubles finds host2 messages that are equal to another one that stays: to the last
// byte, or, where that one has a counterpart on host1, but for lines that host2 added.
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
		if w.ofDst[d] != none || m == nil {
			continue
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
			stays[m.Body] = append(same, d)
		}
	}
}

// equals reports whether d, which is free, is the same as e.
func (v *verdict) equals(d, e int32) bool {
	a, b := v.of(2, d), v.of(2, e)
	if a != nil && b != nil && a.Exact == b.Exact {
		return true
	}
	s := v.w.ofDst[e]
	if s < 0 || v.w.trust[s] != Certain {
		return false
	}
	m := v.of(1, s)
	return a != nil && m != nil && (v.h.Same(m, a) || habits.Grown(m, a))
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

// known reports whether a host1 record was tied by an earlier run.
func (w *Work) known(s int32) bool { return len(w.in.Known) > 0 && w.in.Known[s] != none }
