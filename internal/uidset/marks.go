package uidset

import (
	"cmp"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// Marks are UIDs to look up, in eight bytes for each range of them: a server names any
// number in a few bytes. UIDs are added in any order, cheapest in ascending order. nil
// holds none.
type Marks struct {
	set   imap.UIDSet
	clean int // ranges at the beginning that are in order
}

// MarksOf holds the UIDs of a set without *.
func MarksOf(set imap.UIDSet) *Marks {
	m := &Marks{set: slices.Clone(set)}
	m.tidy()
	return m
}

// TakeMarks is MarksOf, and keeps the set instead of a copy: the caller gives it away.
func TakeMarks(set imap.UIDSet) *Marks {
	m := &Marks{set: set}
	m.tidy()
	return m
}

// Add adds a UID.
func (m *Marks) Add(u imap.UID) {
	if n := len(m.set); n > 0 {
		switch last := &m.set[n-1]; {
		case last.Start <= u && u <= last.Stop:
			return
		case last.Stop+1 == u && last.Stop+1 != 0:
			last.Stop = u
			return
		}
	}
	if len(m.set) >= 2*m.clean+1024 {
		m.tidy()
	}
	m.set = append(m.set, imap.UIDRange{Start: u, Stop: u})
}

// tidy puts the ranges in order and joins those that touch.
func (m *Marks) tidy() {
	if m.clean == len(m.set) {
		return
	}
	slices.SortFunc(m.set, func(a, b imap.UIDRange) int { return cmp.Compare(a.Start, b.Start) })
	out := m.set[:0]
	for _, r := range m.set {
		if n := len(out); n > 0 && (r.Start <= out[n-1].Stop || r.Start-1 == out[n-1].Stop) {
			out[n-1].Stop = max(out[n-1].Stop, r.Stop)
			continue
		}
		out = append(out, r)
	}
	m.set, m.clean = out, len(out)
}

// Has reports whether u was added.
func (m *Marks) Has(u imap.UID) bool {
	if m == nil {
		return false
	}
	// Adding to the last range keeps the order.
	m.tidy()
	i, ok := slices.BinarySearchFunc(m.set, u, func(r imap.UIDRange, u imap.UID) int { return cmp.Compare(r.Start, u) })
	return ok || i > 0 && u <= m.set[i-1].Stop
}

// Len is how many UIDs there are.
func (m *Marks) Len() int64 { return Count(m.Set()) }

// Set are the UIDs, which the caller must not change.
func (m *Marks) Set() imap.UIDSet {
	if m == nil {
		return nil
	}
	m.tidy()
	return m.set
}
