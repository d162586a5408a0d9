package journal

import (
	"bytes"
	"cmp"
	"encoding/binary"

	"github.com/emersion/go-imap/v2"
)

// The packed tables.
var (
	entries = &packed[Entry]{
		bucket:    []byte("entries"),
		compare:   func(a, b *Entry) int { return cmp.Compare(a.UID1, b.UID1) },
		appendKey: func(b []byte, e *Entry) []byte { return appendUID(b, e.UID1) },
		fit:       fitEntries,
		unpack:    unpackEntries,
		keep:      keepEntry,
	}
	extras = &packed[Entry]{
		bucket:    []byte("extras"),
		compare:   func(a, b *Entry) int { return cmp.Compare(a.UID2, b.UID2) },
		appendKey: func(b []byte, e *Entry) []byte { return appendUID(b, e.UID2) },
		fit:       fitEntries,
		unpack:    unpackEntries,
		keep: func(old, fresh *Entry) {
			fresh.Delivered = fresh.Delivered || old.Delivered
			fresh.OurDeleted = fresh.OurDeleted || old.OurDeleted
		},
	}
	delivered = &packed[Key]{
		bucket:    []byte("delivered"),
		compare:   func(a, b *Key) int { return bytes.Compare(a[:], b[:]) },
		appendKey: func(b []byte, k *Key) []byte { return append(b, k[:]...) },
		fit: func(ks []Key, limit int) (int, []byte) {
			n := min(len(ks), limit/len(Key{}))
			var b []byte
			for i := range ks[:n] {
				b = append(b, ks[i][:]...)
			}
			return n, b
		},
		unpack: func(b []byte, into []Key) ([]Key, error) {
			r := reader{b: b}
			for len(r.b) > 0 {
				into = append(into, r.key())
			}
			return into, r.err
		},
	}
)

// keepEntry has a message keep what only MarkDeleted takes away, and what is true of
// the copy on host2 while it is the same one.
func keepEntry(old, fresh *Entry) {
	fresh.OurDeleted = fresh.OurDeleted || old.OurDeleted
	if old.UID2 == fresh.UID2 || old.UID2 == 0 || fresh.UID2 == 0 {
		fresh.Cut = fresh.Cut || old.Cut
	}
}

// appendUID writes a UID so that bytes order as numbers.
func appendUID(b []byte, u imap.UID) []byte { return binary.BigEndian.AppendUint32(b, uint32(u)) }

func fitEntries(es []Entry, limit int) (int, []byte) {
	p := packer{b: make([]byte, 0, min(limit, maxPacked)+64)}
	for i := range es {
		before := len(p.b)
		p.add(&es[i])
		if len(p.b) > limit && i > 0 {
			return i, p.b[:before]
		}
	}
	return len(es), p.b
}
