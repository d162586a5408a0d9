package imapconn

import (
	"slices"

	"github.com/emersion/go-imap/v2"
)

// uidBits is a set of UIDs for marking one after the other: constant time
// each, 512 bytes for every 4096 UIDs touched.
type uidBits struct {
	pages map[uint32]*uidPage
	last  *uidPage // most UIDs fall on the page of the one before
	lastN uint32
	count uint64
}

type uidPage [64]uint64

func (b *uidBits) page(n uint32, make_ bool) *uidPage {
	if b.last != nil && b.lastN == n {
		return b.last
	}
	p := b.pages[n]
	if p == nil {
		if !make_ {
			return nil
		}
		if b.pages == nil {
			b.pages = make(map[uint32]*uidPage)
		}
		p = new(uidPage)
		b.pages[n] = p
	}
	b.last, b.lastN = p, n
	return p
}

// set marks u and reports whether it was not marked before.
func (b *uidBits) set(u imap.UID) bool {
	p := b.page(uint32(u)>>12, true)
	i, bit := uint32(u)>>6&63, uint64(1)<<(u&63)
	if p[i]&bit != 0 {
		return false
	}
	p[i] |= bit
	b.count++
	return true
}

// clear takes the mark off u.
func (b *uidBits) clear(u imap.UID) {
	p := b.page(uint32(u)>>12, false)
	if p == nil {
		return
	}
	i, bit := uint32(u)>>6&63, uint64(1)<<(u&63)
	if p[i]&bit != 0 {
		p[i] &^= bit
		b.count--
	}
}

func (b *uidBits) has(u imap.UID) bool {
	p := b.page(uint32(u)>>12, false)
	return p != nil && p[uint32(u)>>6&63]&(1<<(u&63)) != 0
}

// missing returns the UIDs of set that are not marked, in ascending order. Its
// cost goes with the marks and the ranges, not with the width of the set.
func (b *uidBits) missing(set imap.UIDSet) imap.UIDSet {
	if b.count == 0 {
		return slices.Clone(set)
	}
	var marks []imap.UID
	numbers := make([]uint32, 0, len(b.pages))
	for n := range b.pages {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		for i, word := range b.pages[n] {
			for bit := 0; word != 0; bit, word = bit+1, word>>1 {
				if word&1 != 0 {
					marks = append(marks, imap.UID(n<<12|uint32(i)<<6|uint32(bit)))
				}
			}
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
