package compare

import (
	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/listing"
)

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
