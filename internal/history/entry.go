package history

import (
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// The marks of an entry: the rank of its key, and what else is to be known.
const (
	// maxRank is the highest rank that is kept.
	maxRank = 0x3f
	// markSized: the entry's size is a part of its key (--noskipsize).
	markSized = 0x40
	// markKept: Flags1 was stored on host2, and Flags2 is all the server kept of it.
	markKept = 0x80
)

// NewEntry is what the journal keeps of a listed message that goes by key, but for
// UIDs and flags. ok is false for a key that it can not keep.
func NewEntry(rec *listing.Record, key identity.Key) (e journal.Entry, ok bool) {
	e = journal.Entry{
		Key: journal.Key(key.Sum), Size: max(rec.Size, 0),
		Date: rec.Date, Zone: rec.Zone, HasDate: rec.Is(listing.HasDate),
	}
	size, sized := key.Size()
	if key.Rank() > maxRank || sized && size != e.Size {
		return e, false
	}
	e.Marks = uint8(key.Rank())
	if sized {
		e.Marks |= markSized
	}
	return e, true
}

// KeyOf is the key that an entry goes by.
func KeyOf(e *journal.Entry) identity.Key {
	k := identity.Key{Sum: e.Key}.WithRank(int(e.Marks & maxRank))
	if e.Marks&markSized != 0 {
		k = k.WithSize(e.Size)
	}
	return k
}

// record is a message as the journal knows it, but for UID and flags.
func record(e *journal.Entry) listing.Record {
	rec := listing.Record{Key: KeyOf(e), Size: e.Size, Bits: listing.HasKey}
	if e.Marks&markKept != 0 {
		rec.Bits |= listing.FlagsKept
	}
	if e.HasDate {
		rec.Date, rec.Zone = e.Date, e.Zone
		rec.Bits |= listing.HasDate
	}
	return rec
}
