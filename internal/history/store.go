package history

import (
	"errors"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// Place is where host2 has a host1 message, if it has it.
type Place struct {
	There bool
	// UID there, 0 when it is not known.
	UID imap.UID
	// Flags it has there, in the table of side 2.
	Flags listing.FlagID
}

// storeAtOnce is how many entries are written in one transaction: enough that the
// flush to the disk costs nothing beside them, few enough to hold in memory.
const storeAtOnce = 20_000

// Store writes what a run found out about the pair, as far as it is news. placeOf is asked
// for the place of each of src's messages, by its record.
func (p *Pair) Store(src, dst *listing.Listing, placeOf func(rec int32) Place) error {
	idOf := p.flagWriter()
	var put []journal.Entry
	paired := make([]bool, len(dst.Recs)) // with a host1 message
	for i := range src.Recs {
		rec := &src.Recs[i]
		place := placeOf(int32(i)) //nolint:gosec // no more than there are UIDs
		e, ok := NewEntry(rec, rec.Key)
		switch {
		case !rec.Is(listing.HasKey) || !ok || rec.Is(listing.Report):
			continue // reports are known by their header alone
		case rec.Is(listing.AddedHeader) && place.UID == 0:
			continue // the line of --addheader is made anew with each listing; a pair stays made
		}
		on2 := place.There
		if at := dst.Find(place.UID); place.UID != 0 && at >= 0 {
			paired[at] = true
		}
		e.UID1, e.UID2, e.Flags1 = rec.UID, place.UID, idOf(0, rec.Flags)
		e.Delivered = on2 || p.unplaced[rec.UID]
		if on2 {
			e.Flags2 = idOf(1, place.Flags)
		}
		if rec.Is(listing.FlagsKept) {
			e.Marks |= markKept
		}
		if old := listing.Find(p.recs[0], rec.UID); old >= 0 {
			e.Delivered = e.Delivered || p.delivered[old]
			if p.same(old, rec, &e) && (!on2 || p.hasFlags2(place)) {
				continue
			}
		}
		if put = append(put, e); len(put) == storeAtOnce {
			if err := p.Folder.Put(put...); err != nil {
				return err
			}
			put = put[:0]
		}
	}
	var extras []journal.Entry
	for i := range dst.Recs {
		rec := &dst.Recs[i]
		e, ok := NewEntry(rec, rec.Key)
		if !rec.Is(listing.HasKey) || !ok || paired[i] || rec.Is(listing.Report) {
			continue
		}
		if old, known := p.Lookup(2, rec.UID); known && old.Flags == rec.Flags {
			continue
		}
		e.UID2, e.Flags2 = rec.UID, idOf(1, rec.Flags)
		extras = append(extras, e)
	}
	return errors.Join(
		p.Folder.Put(put...),
		p.Folder.PutExtras(extras...),
		p.Folder.Drop(p.gone(1, src)...),
		p.Folder.DropExtras(p.gone(2, dst)...),
	)
}

// same reports whether what host1 has of a message, and its place, are as the known
// message old has them.
func (p *Pair) same(old int, rec *listing.Record, e *journal.Entry) bool {
	was := &p.recs[0][old]
	return was.Flags == rec.Flags && was.Key == rec.Key && was.Is(listing.FlagsKept) == rec.Is(listing.FlagsKept) &&
		p.uid2[old] == e.UID2 && p.delivered[old] == e.Delivered
}

// hasFlags2 reports whether the flags of a host2 message are as they were known.
func (p *Pair) hasFlags2(place Place) bool {
	old, known := p.Lookup(2, place.UID)
	return known && old.Flags == place.Flags
}

// flagWriter translates lists of flags of a side into the journal's, each once.
func (p *Pair) flagWriter() func(side int, id listing.FlagID) journal.FlagsID {
	type list struct {
		side int
		id   listing.FlagID
	}
	ids := make(map[list]journal.FlagsID)
	return func(side int, f listing.FlagID) journal.FlagsID {
		id, ok := ids[list{side, f}]
		if !ok {
			id = p.j.InternFlags(p.flags[side].List(f))
			ids[list{side, f}] = id
		}
		return id
	}
}

// gone are the known UIDs of a side that a complete listing does not have.
func (p *Pair) gone(side int, l *listing.Listing) []imap.UID {
	if !l.Complete || !l.Whole {
		return nil
	}
	var gone []imap.UID
	for i := range p.recs[side-1] {
		if uid := p.recs[side-1][i].UID; l.Find(uid) < 0 {
			gone = append(gone, uid)
		}
	}
	if side == 1 {
		for uid := range p.unplaced {
			if l.Find(uid) < 0 {
				gone = append(gone, uid)
			}
		}
	}
	return gone
}
