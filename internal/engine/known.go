package engine

import (
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
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

// entryKey is a key as the journal keeps it; ok is false for one it can not.
func entryKey(k identity.Key) (journal.Key, uint8, bool) {
	return journal.Key(k.Sum), uint8(min(k.Rank(), maxRank)), k.Rank() <= maxRank
}

func keyOfEntry(e *journal.Entry) identity.Key {
	return identity.Key{Sum: e.Key}.WithRank(int(e.Marks &^ markKept))
}

// known is what the journal tells of a folder pair before the servers are asked.
type known struct {
	folder *journal.Folder
	// recs are the known messages by UID, per side; flags are those last seen.
	recs [2][]listing.Record
	// uid2 and delivered go with recs[0].
	uid2      []imap.UID
	delivered []bool
	// unplaced are messages of host1 without a place on host2, and whether they had
	// one once. They are not among recs: a message that is to be copied, or may be,
	// is looked at again, since the key under which it is stored here may be one
	// that told it from lookalikes then, which says nothing now.
	unplaced map[imap.UID]bool
	state    journal.FolderState
	// usable: both UIDVALIDITYs are the ones the journal knows.
	usable bool
}

// recall reads what the journal knows of the folder pair, after both folders
// were opened.
func (fs *folderSync) recall() {
	r := fs.run
	fs.known = &known{folder: r.j.Folder(fs.from.Raw, fs.to.Raw)}
	k := fs.known
	if fs.srcOpened.UIDValidity == 0 || fs.dstOpened.UIDValidity == 0 {
		return
	}
	st, had := k.folder.State()
	if had && (uint32(fs.srcOpened.UIDNext) < st.UIDNext1 && fs.srcOpened.UIDNext != 0 || uint32(fs.dstOpened.UIDNext) < st.UIDNext2 && fs.dstOpened.UIDNext != 0) {
		// UIDs are never given twice; a server that was restored from a backup
		// gives them again without a new UIDVALIDITY.
		r.warn(fmt.Sprintf("folder [%s] or [%s] has a lower UIDNEXT than at the last run, as after a restore from a backup: the journal's knowledge of it is dropped", fs.from.Raw, fs.to.Raw))
		r.journalFailed(k.folder.Forget())
		st, had = journal.FolderState{}, false
	}
	change, err := k.folder.Attach(fs.srcOpened.UIDValidity, fs.dstOpened.UIDValidity)
	if err != nil {
		r.journalFailed(err)
		return
	}
	if !change.New && (change.Rebuilt1 || change.Rebuilt2) {
		r.note(fmt.Sprintf("folder [%s] or [%s] was rebuilt since the last run (its UIDVALIDITY changed): all its headers are read again", fs.from.Raw, fs.to.Raw))
	}
	k.usable = true
	if had && !change.Rebuilt1 && !change.Rebuilt2 {
		k.state = st
	}
	ids := make(map[journal.FlagsID]listing.FlagID)
	flagsOf := func(side int, id journal.FlagsID) listing.FlagID {
		key := id<<1 | journal.FlagsID(side)
		if f, ok := ids[key]; ok {
			return f
		}
		set, _ := r.j.Flags(id)
		f := r.flags[side].Intern(set)
		ids[key] = f
		return f
	}
	for e, err := range k.folder.Entries() {
		if err != nil {
			r.journalFailed(err)
			fs.known = &known{folder: r.j.Folder(fs.from.Raw, fs.to.Raw)}
			return
		}
		if e.UID2 == 0 {
			if k.unplaced == nil {
				k.unplaced = make(map[imap.UID]bool)
			}
			k.unplaced[e.UID1] = e.Delivered
			continue
		}
		rec := recordOf(&e)
		rec.UID, rec.Flags = e.UID1, flagsOf(0, e.Flags1)
		k.recs[0] = append(k.recs[0], rec)
		k.uid2 = append(k.uid2, e.UID2)
		k.delivered = append(k.delivered, e.Delivered)
		rec.UID, rec.Flags = e.UID2, flagsOf(1, e.Flags2)
		k.recs[1] = append(k.recs[1], rec)
	}
	for e, err := range k.folder.Extras() {
		if err != nil {
			r.journalFailed(err)
			break
		}
		rec := recordOf(&e)
		rec.UID, rec.Flags = e.UID2, flagsOf(1, e.Flags2)
		k.recs[1] = append(k.recs[1], rec)
	}
	r.debugf(r.p.Debug.Cache, "cache", "the journal knows %d messages of [%s] and %d of [%s]", len(k.recs[0]), fs.from.Raw, len(k.recs[1]), fs.to.Raw)
	k.recs[1] = listing.Sorted(k.recs[1])
}

// recordOf is a message as the journal knows it.
func recordOf(e *journal.Entry) listing.Record {
	rec := listing.Record{Key: keyOfEntry(e), Size: e.Size, Bits: listing.HasKey}
	if e.Marks&markKept != 0 {
		rec.Bits |= listing.FlagsKept
	}
	if e.HasDate {
		rec.Date, rec.Zone = e.Date, e.Zone
		rec.Bits |= listing.HasDate
	}
	return rec
}

// lookup finds a known message of a side by UID.
func (k *known) lookup(n event.Side, uid imap.UID) (*listing.Record, bool) {
	i := listing.Find(k.recs[n-1], uid)
	if i < 0 {
		return nil, false
	}
	return &k.recs[n-1][i], true
}

// knownEntry is what the journal knew of a host1 message, and its place.
func (fs *folderSync) knownEntry(uid imap.UID) (*listing.Record, int) {
	k := fs.known
	i := listing.Find(k.recs[0], uid)
	if i < 0 {
		return nil, -1
	}
	return &k.recs[0][i], i
}
