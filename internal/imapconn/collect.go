package imapconn

import (
	"cmp"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// collector gathers UIDs in the order in which a server names them. Its memory
// goes with the ranges that are different, its time with n log n: the set's own
// AddRange moves all that follows, which a list in falling order makes quadratic.
type collector struct {
	set   imap.UIDSet
	clean int // ranges at the beginning that are in order
}

// add adds a range; start is not above stop, neither is 0.
func (g *collector) add(start, stop imap.UID) {
	if n := len(g.set); n > 0 && g.set[n-1].Start <= start && (start <= g.set[n-1].Stop || start-1 == g.set[n-1].Stop) {
		g.set[n-1].Stop = max(g.set[n-1].Stop, stop)
		return
	}
	if len(g.set) >= 2*g.clean+1024 {
		g.tidy()
	}
	g.set = append(g.set, imap.UIDRange{Start: start, Stop: stop})
}

func (g *collector) addSet(set imap.UIDSet) {
	for _, r := range set {
		g.add(r.Start, r.Stop)
	}
}

// tidy puts the ranges in order and joins those that touch.
func (g *collector) tidy() {
	slices.SortFunc(g.set, func(a, b imap.UIDRange) int { return cmp.Compare(a.Start, b.Start) })
	out := g.set[:0]
	for _, r := range g.set {
		if n := len(out); n > 0 && (r.Start <= out[n-1].Stop || r.Start-1 == out[n-1].Stop) {
			out[n-1].Stop = max(out[n-1].Stop, r.Stop)
			continue
		}
		out = append(out, r)
	}
	g.set, g.clean = out, len(out)
}

// all are the UIDs so far, in order.
func (g *collector) all() imap.UIDSet {
	g.tidy()
	return g.set
}

// join is the union of two sets that are in order.
func join(a, b imap.UIDSet) imap.UIDSet {
	switch {
	case len(b) == 0:
		return a
	case len(a) == 0:
		return b
	}
	g := collector{set: a, clean: len(a)}
	g.addSet(b)
	return g.all()
}
