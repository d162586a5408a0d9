package recall

import (
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// maxRank is the highest rank of a key that the journal keeps, in the byte it
// has for it.
const maxRank = 127

// markKept is the bit of an entry's marks that says: Flags1 was stored on host2,
// and Flags2 is all the server kept of it.
const markKept = 0x80

// NewEntry is what the journal keeps of a listed message that goes by key, but for
// UIDs and flags. ok is false for a key that it can not keep.
func NewEntry(rec *listing.Record, key identity.Key) (e journal.Entry, ok bool) {
	e = journal.Entry{
		Key: journal.Key(key.Sum), Size: max(rec.Size, 0),
		Date: rec.Date, Zone: rec.Zone, HasDate: rec.Is(listing.HasDate),
	}
	if key.Rank() > maxRank {
		return e, false
	}
	e.Marks = uint8(key.Rank())
	return e, true
}

// KeyOf is the key that an entry goes by.
func KeyOf(e *journal.Entry) identity.Key {
	return identity.Key{Sum: e.Key}.WithRank(int(e.Marks &^ markKept))
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
