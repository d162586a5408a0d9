package engine

import (
	"errors"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// remember writes what this run found out about the folder pair.
func (fs *folderSync) remember(c *copier) {
	k := fs.known
	if k == nil || !k.usable || fs.run.p.Dry || fs.src == nil || fs.dst == nil {
		return
	}
	j := fs.run.j
	to := make(map[int32]imap.UID, len(fs.pairing.Present))
	flags2 := make(map[int32]listing.FlagID, len(fs.pairing.Present))
	for _, m := range fs.pairing.Present {
		to[m.Src] = fs.dst.Recs[m.Dst].UID
		flags2[m.Src] = fs.dst.Recs[m.Dst].Flags
	}
	sent := make(map[int32]*task)
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == copied {
			sent[t.src] = t
			to[t.src] = t.newUID
		}
	}
	ids := make(map[listing.FlagID]journal.FlagsID)
	idOf := func(side int, f listing.FlagID) journal.FlagsID {
		key := f<<1 | listing.FlagID(side)
		if id, ok := ids[key]; ok {
			return id
		}
		id := j.InternFlags(fs.run.flags[side].List(f))
		ids[key] = id
		return id
	}
	var put []journal.Entry
	paired := make(map[imap.UID]bool, len(to))
	for i := range fs.src.Recs {
		rec := &fs.src.Recs[i]
		key, rank, ok := entryKey(rec.Key)
		if !rec.Is(listing.HasKey) || !ok || rec.Is(listing.AddedHeader) {
			continue // the line of --addheader is made anew with each listing
		}
		uid2, on2 := to[int32(i)]
		if uid2 != 0 {
			paired[uid2] = true
		}
		e := journal.Entry{UID1: rec.UID, UID2: uid2, Key: key, Marks: rank, Size: max(rec.Size, 0),
			Date: rec.Date, Zone: rec.Zone, HasDate: rec.Is(listing.HasDate), Flags1: idOf(0, rec.Flags), Delivered: on2}
		if f, ok := flags2[int32(i)]; ok {
			e.Flags2 = idOf(1, f)
		} else if t := sent[int32(i)]; t != nil {
			e.Flags2 = j.InternFlags(t.flags)
		}
		if rec.Is(listing.FlagsKept) {
			e.Marks |= markKept
		}
		if !on2 && k.unplaced[rec.UID] {
			e.Delivered = true
		}
		if old, i1 := fs.knownEntry(rec.UID); old != nil {
			if !on2 && k.delivered[i1] {
				e.Delivered = true
			}
			if old.Flags == rec.Flags && old.Key == rec.Key && old.Bits&listing.FlagsKept == rec.Bits&listing.FlagsKept && k.uid2[i1] == uid2 && k.delivered[i1] == e.Delivered && !fs.newFlags2(uid2, flags2, int32(i)) {
				continue
			}
		}
		put = append(put, e)
	}
	var extras []journal.Entry
	for i := range fs.dst.Recs {
		rec := &fs.dst.Recs[i]
		key, rank, ok := entryKey(rec.Key)
		if !rec.Is(listing.HasKey) || !ok || paired[rec.UID] {
			continue
		}
		if old, known := k.lookup(2, rec.UID); known && old.Flags == rec.Flags {
			continue
		}
		extras = append(extras, journal.Entry{UID2: rec.UID, Key: key, Marks: rank, Size: max(rec.Size, 0), Date: rec.Date, Zone: rec.Zone, HasDate: rec.Is(listing.HasDate), Flags2: idOf(1, rec.Flags)})
	}
	fs.run.journalFailed(errors.Join(
		k.folder.Put(put...),
		k.folder.PutExtras(extras...),
		k.folder.Drop(fs.goneFrom(1)...),
		k.folder.DropExtras(fs.goneFrom(2)...),
	))
}

// newFlags2 reports whether host2's flags of a message are news to the journal.
func (fs *folderSync) newFlags2(uid2 imap.UID, flags2 map[int32]listing.FlagID, i int32) bool {
	f, ok := flags2[i]
	if !ok {
		return false
	}
	old, known := fs.known.lookup(2, uid2)
	return !known || old.Flags != f
}

// goneFrom are the known UIDs of a side that a complete listing does not have.
func (fs *folderSync) goneFrom(n event.Side) []imap.UID {
	l := fs.src
	if n == 2 {
		l = fs.dst
	}
	if !l.Complete || !l.Whole {
		return nil
	}
	var gone []imap.UID
	for i := range fs.known.recs[n-1] {
		if uid := fs.known.recs[n-1][i].UID; l.Find(uid) < 0 {
			gone = append(gone, uid)
		}
	}
	if n == 1 {
		for uid := range fs.known.unplaced {
			if l.Find(uid) < 0 {
				gone = append(gone, uid)
			}
		}
	}
	return gone
}
