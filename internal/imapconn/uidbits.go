package imapconn

import (
	"maps"
	"math/bits"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// uidBits is a set of UIDs for marking one after the other: constant time each, some
// 20 bytes for every 64 UIDs touched, so that UIDs far apart cost little more than
// their lines.
type uidBits struct {
	words map[uint32]uint64
	count uint64
}

// set marks u and reports whether it was not marked before.
func (b *uidBits) set(u imap.UID) bool {
	n, bit := uint32(u)>>6, uint64(1)<<(u&63)
	w := b.words[n]
	if w&bit != 0 {
		return false
	}
	if b.words == nil {
		b.words = make(map[uint32]uint64)
	}
	b.words[n] = w | bit
	b.count++
	return true
}

// clear takes the mark off u.
func (b *uidBits) clear(u imap.UID) {
	if b.has(u) {
		b.words[uint32(u)>>6] &^= uint64(1) << (u & 63)
		b.count--
	}
}

func (b *uidBits) has(u imap.UID) bool { return b.words[uint32(u)>>6]&(1<<(u&63)) != 0 }

// missing returns the UIDs of set that are not marked, in ascending order. Its
// cost goes with the marks and the ranges, not with the width of the set.
func (b *uidBits) missing(set imap.UIDSet) imap.UIDSet {
	if b.count == 0 {
		return slices.Clone(set)
	}
	var marks []imap.UID
	for _, n := range slices.Sorted(maps.Keys(b.words)) {
		for w := b.words[n]; w != 0; w &= w - 1 {
			marks = append(marks, imap.UID(n<<6|uint32(bits.TrailingZeros64(w))))
		}
	}
	var out imap.UIDSet
	k := 0
	for _, r := range set {
		from := uint64(r.Start)
		for k < len(marks) && marks[k] < r.Start {
			k++
		}
		for ; k < len(marks) && marks[k] <= r.Stop; k++ {
			if u := uint64(marks[k]); u > from {
				out = append(out, imap.UIDRange{Start: imap.UID(from), Stop: imap.UID(u - 1)})
			}
			from = uint64(marks[k]) + 1
		}
		if from <= uint64(r.Stop) {
			out = append(out, imap.UIDRange{Start: imap.UID(from), Stop: r.Stop})
		}
	}
	return out
}
