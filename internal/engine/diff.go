package engine

import "github.com/imaphaul/imaphaul/internal/identity"

// pairing is the outcome of holding one folder's two listings against each
// other. The numbers are indexes into the listings' records.
type pairing struct {
	// missing: on host1, chosen, identified, first of its key, not on host2.
	missing []int32
	// present: on both sides; the first of each key.
	present []match
	// repeated1 and repeated2 are later messages with a key seen before.
	repeated1, repeated2 []int32
	// extra: on host2, chosen, identified, first of its key, not on host1.
	extra []int32
	// nameless1 and nameless2 have no identity at all.
	nameless1, nameless2 []int32
}

// match is one message found on both sides.
type match struct{ src, dst int32 }

// pair compares two listings by key. It marks repeated messages in both with
// the duplicate bit. Linear in the number of messages.
//
// A host1 message outside the selection is neither missing nor present, but it
// keeps its host2 counterpart from being extra.
func pair(src, dst *listing) pairing {
	var p pairing
	first := make(map[identity.Key]int32, len(dst.recs))
	for i := range dst.recs {
		r := &dst.recs[i]
		r.bits &^= duplicate
		if !r.is(hasKey) {
			if !r.is(outside) {
				p.nameless2 = append(p.nameless2, int32(i))
			}
			continue
		}
		if j, ok := first[r.key]; ok {
			// A message inside the selection stands for its key before one outside.
			if dst.recs[j].is(outside) && !r.is(outside) {
				first[r.key] = int32(i)
				continue
			}
			r.bits |= duplicate
			if !r.is(outside) {
				p.repeated2 = append(p.repeated2, int32(i))
			}
			continue
		}
		first[r.key] = int32(i)
	}
	// From here on a value below zero means: seen on host1. -1-i keeps the index.
	const seenOnly = int32(-1) << 30
	for i := range src.recs {
		r := &src.recs[i]
		r.bits &^= duplicate
		if !r.is(hasKey) {
			if !r.is(outside) {
				p.nameless1 = append(p.nameless1, int32(i))
			}
			continue
		}
		j, known := first[r.key]
		switch {
		case r.is(outside):
			if known && j >= 0 {
				first[r.key] = -2 - j
			}
		case !known:
			p.missing = append(p.missing, int32(i))
			first[r.key] = seenOnly
		case j >= 0:
			p.present = append(p.present, match{int32(i), j})
			first[r.key] = seenOnly
		case j == seenOnly:
			r.bits |= duplicate
			p.repeated1 = append(p.repeated1, int32(i))
		default: // a message outside the selection had the key first
			p.present = append(p.present, match{int32(i), -2 - j})
			first[r.key] = seenOnly
		}
	}
	for i := range dst.recs {
		r := &dst.recs[i]
		if !r.is(hasKey) || r.is(duplicate) || r.is(outside) {
			continue
		}
		if j, ok := first[r.key]; ok && j == int32(i) {
			p.extra = append(p.extra, int32(i))
		}
	}
	return p
}
