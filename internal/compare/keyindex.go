package compare

import (
	"hash/maphash"
	"math/bits"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// keyIndex finds the records of both listings by their keys. A folder may have a million of
// them, and most keys stand once: so it is a table of numbers, some 20 bytes a record, where
// a map of lists would take ten times as much while the folders are compared.
type keyIndex struct {
	src, dst []listing.Record
	seed     maphash.Seed // by chance: who writes a message has a say in its key
	slots    []keySlot
	// next lead from a record to the one with its key that comes after it, counted from 1;
	// 0 is the last one.
	next1, next2 []int32
}

// keySlot are the first records with a key, counted from 1; 0 is none.
type keySlot struct {
	// src is negative for a key that host1 has not: it is that of host2's record -src.
	src, dst int32
}

// newKeyIndex is an empty one with room for so many keys.
func newKeyIndex(src, dst []listing.Record, keys int) *keyIndex {
	return &keyIndex{
		src: src, dst: dst, seed: maphash.MakeSeed(),
		slots: make([]keySlot, 1<<bits.Len(uint(keys+keys/2))), //nolint:gosec // not negative
		next1: make([]int32, len(src)), next2: make([]int32, len(dst)),
	}
}

// find is the slot of a key, which is empty where the key is not there.
func (x *keyIndex) find(key identity.Key) *keySlot {
	mask := uint64(len(x.slots) - 1) //nolint:gosec // not negative
	for at := maphash.Comparable(x.seed, key) & mask; ; at = (at + 1) & mask {
		s := &x.slots[at]
		if s.src == 0 || x.keyOf(s) == key {
			return s
		}
	}
}

func (x *keyIndex) keyOf(s *keySlot) identity.Key {
	if s.src < 0 {
		return x.dst[-s.src-1].Key
	}
	return x.src[s.src-1].Key
}

// addSrc puts a host1 record before those with its key.
func (x *keyIndex) addSrc(i int) {
	s := x.find(x.src[i].Key)
	x.next1[i], s.src = s.src, int32(i+1) //nolint:gosec // no more than there are UIDs
}

// addDst puts a host2 record before those of the slot.
func (x *keyIndex) addDst(s *keySlot, i int) {
	x.next2[i], s.dst = s.dst, int32(i+1) //nolint:gosec // as above
}

// clearDst takes all host2 records out, but not their keys.
func (x *keyIndex) clearDst() {
	clear(x.next2)
	for i := range x.slots {
		x.slots[i].dst = 0
	}
}

// fill makes g the group of a slot.
func (x *keyIndex) fill(g *group, s *keySlot) {
	g.src, g.dst = g.src[:0], g.dst[:0]
	for i := s.src; i > 0; i = x.next1[i-1] {
		g.src = append(g.src, i-1)
	}
	for i := s.dst; i > 0; i = x.next2[i-1] {
		g.dst = append(g.dst, i-1)
	}
}
