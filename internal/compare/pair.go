// Package compare holds the listings of a folder on both sides against each other:
// what is missing, what is there, what is there twice. It asks no server; the
// contents that tell lookalikes apart are brought to it.
package compare

import (
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// Pairing is the outcome of holding one folder's two listings against each
// other. The numbers are indexes into the listings' records.
type Pairing struct {
	// Missing: on host1, chosen, identified, first of its key, not on host2.
	Missing []int32
	// Present: on both sides; the first of each key.
	Present []Match
	// Repeated1 and Repeated2 are later messages with a key seen before.
	Repeated1, Repeated2 []int32
	// Extra: on host2, chosen, identified, first of its key, not on host1.
	Extra []int32
	// Nameless1 and Nameless2 have no identity at all.
	Nameless1, Nameless2 []int32
}

// Match is one message found on both sides.
type Match struct{ Src, Dst int32 }

// Pair compares two listings by key. It marks repeated messages in both with
// listing.Duplicate. Linear in the number of messages.
//
// A host1 message outside the selection is neither missing nor present, but it
// keeps its host2 counterpart from being extra.
func Pair(src, dst *listing.Listing) Pairing {
	var p Pairing
	first := make(map[identity.Key]int32, len(dst.Recs))
	for i := range dst.Recs {
		r := &dst.Recs[i]
		r.Bits &^= listing.Duplicate
		if !r.Is(listing.HasKey) {
			if !r.Is(listing.Outside) {
				p.Nameless2 = append(p.Nameless2, int32(i))
			}
			continue
		}
		if j, ok := first[r.Key]; ok {
			// A message inside the selection stands for its key before one outside.
			if dst.Recs[j].Is(listing.Outside) && !r.Is(listing.Outside) {
				first[r.Key] = int32(i)
				continue
			}
			r.Bits |= listing.Duplicate
			if !r.Is(listing.Outside) {
				p.Repeated2 = append(p.Repeated2, int32(i))
			}
			continue
		}
		first[r.Key] = int32(i)
	}
	// From here on a value below zero means: seen on host1. -1-i keeps the index.
	const seenOnly = int32(-1) << 30
	for i := range src.Recs {
		r := &src.Recs[i]
		r.Bits &^= listing.Duplicate
		if !r.Is(listing.HasKey) {
			if !r.Is(listing.Outside) {
				p.Nameless1 = append(p.Nameless1, int32(i))
			}
			continue
		}
		j, known := first[r.Key]
		switch {
		case r.Is(listing.Outside):
			if known && j >= 0 {
				first[r.Key] = -2 - j
			}
		case !known:
			p.Missing = append(p.Missing, int32(i))
			first[r.Key] = seenOnly
		case j >= 0:
			p.Present = append(p.Present, Match{int32(i), j})
			first[r.Key] = seenOnly
		case j == seenOnly:
			r.Bits |= listing.Duplicate
			p.Repeated1 = append(p.Repeated1, int32(i))
		default: // a message outside the selection had the key first
			p.Present = append(p.Present, Match{int32(i), -2 - j})
			first[r.Key] = seenOnly
		}
	}
	for i := range dst.Recs {
		r := &dst.Recs[i]
		if !r.Is(listing.HasKey) || r.Is(listing.Duplicate) || r.Is(listing.Outside) {
			continue
		}
		if j, ok := first[r.Key]; ok && j == int32(i) {
			p.Extra = append(p.Extra, int32(i))
		}
	}
	return p
}
