// Package history stands between the listings of a folder pair and the journal: what
// earlier runs knew of its messages, and what this one has to add.
//
// It only ever saves work: what is known of a message is its key, so that headers
// need not be read again, and never whether it is still there, which the servers
// are asked each time.
package history

import (
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// Pair is what the journal tells of a folder pair before the servers are asked.
// Sides are numbered 1 and 2. Where a method says so it may be nil.
type Pair struct {
	// Folder is the pair in the journal.
	Folder *journal.Folder
	j      *journal.Journal
	flags  [2]*listing.FlagTable

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
	// leftBehind are the host2 messages whose host1 message is gone, in ascending order.
	leftBehind []imap.UID
	state      journal.FolderState
	usable     bool
}

// New is the pair of these raw names, of which nothing is read yet. flags are the
// tables of side 1 and 2.
func New(j *journal.Journal, name1, name2 string, flags [2]*listing.FlagTable) *Pair {
	return &Pair{Folder: j.Folder(name1, name2), j: j, flags: flags}
}

// Opened is what SELECT told of a folder; 0 where it told nothing.
type Opened struct {
	UIDValidity uint32
	UIDNext     imap.UID
}

// Change is what happened to the folders since the journal saw them.
type Change struct {
	// Restored: UIDs are given again, as after a restore from a backup; what was
	// known is dropped.
	Restored bool
	// Rebuilt: a UIDVALIDITY is not the known one.
	Rebuilt bool
}

// Load reads what is known of the pair as it was opened. An error means that the
// journal is not to be relied on any more; what was read of it before still holds.
func (p *Pair) Load(one, two Opened) (Change, error) {
	var change Change
	if one.UIDValidity == 0 || two.UIDValidity == 0 {
		return change, nil
	}
	state, had := p.Folder.State()
	if restored1 := one.restored(state.UIDValidity1, state.UIDNext1); had && (restored1 || two.restored(state.UIDValidity2, state.UIDNext2)) {
		change.Restored = true
		p.usable = true
		return change, p.Drop(one.UIDValidity, two.UIDValidity, !restored1)
	}
	attached, err := p.Folder.Attach(one.UIDValidity, two.UIDValidity)
	if err != nil {
		return change, err
	}
	change.Rebuilt = !attached.New && (attached.Rebuilt1 || attached.Rebuilt2)
	if had && !attached.Rebuilt1 && !attached.Rebuilt2 {
		p.state = state
	}
	if err := p.readEntries(); err != nil {
		*p = Pair{Folder: p.Folder, j: p.j, flags: p.flags}
		return change, err
	}
	p.usable = true
	err = p.readExtras()
	p.recs[1] = listing.Sorted(p.recs[1])
	return change, err
}

// restored reports whether the folder gives UIDs again that it gave before: a
// server that was restored from a backup does so without a new UIDVALIDITY.
func (o Opened) restored(validity, next uint32) bool {
	return o.UIDValidity == validity && o.UIDNext != 0 && uint32(o.UIDNext) < next
}

// mostExpected bounds for how many messages there is room from the beginning.
const mostExpected = 1 << 20

func (p *Pair) readEntries() error {
	flagsOf := p.flagReader()
	one, two := int(min(p.state.Messages1, mostExpected)), int(min(p.state.Messages2, mostExpected))
	p.recs = [2][]listing.Record{make([]listing.Record, 0, one), make([]listing.Record, 0, two)}
	p.uid2, p.delivered = make([]imap.UID, 0, one), make([]bool, 0, one)
	for e, err := range p.Folder.Entries() {
		if err != nil {
			return err
		}
		if e.UID2 == 0 {
			if p.unplaced == nil {
				p.unplaced = make(map[imap.UID]bool)
			}
			p.unplaced[e.UID1] = e.Delivered
			continue
		}
		rec := record(&e)
		rec.UID, rec.Flags = e.UID1, flagsOf(0, e.Flags1)
		p.recs[0] = append(p.recs[0], rec)
		p.uid2 = append(p.uid2, e.UID2)
		p.delivered = append(p.delivered, e.Delivered)
		rec.UID, rec.Flags = e.UID2, flagsOf(1, e.Flags2)
		p.recs[1] = append(p.recs[1], rec)
	}
	return nil
}

func (p *Pair) readExtras() error {
	flagsOf := p.flagReader()
	for e, err := range p.Folder.Extras() {
		if err != nil {
			return err
		}
		if e.Delivered {
			p.leftBehind = append(p.leftBehind, e.UID2)
		}
		rec := record(&e)
		rec.UID, rec.Flags = e.UID2, flagsOf(1, e.Flags2)
		p.recs[1] = append(p.recs[1], rec)
	}
	return nil
}

// Counterpart is the host2 message that a host1 message is tied to, 0 for none.
func (p *Pair) Counterpart(uid imap.UID) imap.UID {
	if p == nil {
		return 0
	}
	if i := listing.Find(p.recs[0], uid); i >= 0 {
		return p.uid2[i]
	}
	return 0
}

// Undecided reports whether an earlier run counted a host1 message as present and did not
// know which one of host2 it is.
func (p *Pair) Undecided(uid imap.UID) bool { return p != nil && p.unplaced[uid] }

// EachClaim tells the host2 messages that are tied to a host1 message, and whether
// that one was gone when the journal was written.
func (p *Pair) EachClaim(tell func(uid1, uid2 imap.UID, gone bool)) {
	if p == nil {
		return
	}
	for i := range p.recs[0] {
		tell(p.recs[0][i].UID, p.uid2[i], false)
	}
	for _, uid := range p.leftBehind {
		tell(0, uid, true)
	}
}

// flagReader translates the journal's lists of flags into those of a side, each
// once.
func (p *Pair) flagReader() func(side int, id journal.FlagsID) listing.FlagID {
	type list struct {
		side int
		id   journal.FlagsID
	}
	ids := make(map[list]listing.FlagID)
	return func(side int, id journal.FlagsID) listing.FlagID {
		f, ok := ids[list{side, id}]
		if !ok {
			set, _ := p.j.Flags(id)
			f = p.flags[side].Intern(set)
			ids[list{side, id}] = f
		}
		return f
	}
}

// Usable reports whether what is known holds: both UIDVALIDITYs are the ones the
// journal knows. p may be nil.
func (p *Pair) Usable() bool { return p != nil && p.usable }

// Records are the known messages of a side, by UID.
func (p *Pair) Records(side int) []listing.Record { return p.recs[side-1] }

// Lookup finds a known message of a side by UID.
func (p *Pair) Lookup(side int, uid imap.UID) (*listing.Record, bool) {
	i := listing.Find(p.recs[side-1], uid)
	if i < 0 {
		return nil, false
	}
	return &p.recs[side-1][i], true
}

// ModSeq is the HIGHESTMODSEQ that a side had when everything had been carried
// over, 0 when it is not known.
func (p *Pair) ModSeq(side int) uint64 {
	switch {
	case p.state.CompleteAt.IsZero():
		return 0
	case side == 2:
		return p.state.ModSeq2
	}
	return p.state.ModSeq1
}

// Deliveries tells whether an earlier run brought this host1 message itself to host2, and
// else how many messages with its key it brought whose UIDs on host1 are not known any
// more: as many of the equal messages that are there now may have been delivered.
func (p *Pair) Deliveries(r *listing.Record) (itself bool, equal int, err error) {
	if i := listing.Find(p.recs[0], r.UID); i >= 0 && p.delivered[i] || p.unplaced[r.UID] {
		return true, 0, nil
	}
	e, ok := NewEntry(r, r.Key)
	if !ok || !p.usable {
		return false, 0, nil
	}
	equal, err = p.Folder.TimesDelivered(e.Key)
	return false, equal, err
}

// AnyDelivered reports whether earlier runs brought any message to host2 that
// host1 still had then.
func (p *Pair) AnyDelivered() bool {
	return slices.Contains(p.delivered, true) || slices.Contains(slices.Collect(maps.Values(p.unplaced)), true)
}

// ForgetDelivered has all messages count as never delivered.
func (p *Pair) ForgetDelivered() error {
	clear(p.delivered)
	clear(p.unplaced)
	return p.Folder.ForgetDelivered()
}

// Drop drops what is known of the messages of both folders, since their UIDs mean others now.
// What the folder on host2 was like before the first run stays known: what came to it since
// is new mail still. one and two are their UIDVALIDITYs; same1: host1's UIDs are what they
// were, and which marks there runs set is known still. An error means that the journal is not
// to be relied on any more.
func (p *Pair) Drop(one, two uint32, same1 bool) error {
	usable := p.usable
	*p = Pair{Folder: p.Folder, j: p.j, flags: p.flags}
	if err := forget(p.Folder, one, two, same1); err != nil {
		return err
	}
	p.usable = usable
	return nil
}

// forget drops what the journal knows of a pair, but for what host2's folder was like before
// the first run, and the marks that runs set on host1.
func forget(f *journal.Folder, one, two uint32, same1 bool) error {
	first := f.First()
	if state, _ := f.State(); state.UIDValidity2 != two {
		first = journal.First{}
	}
	var marks []imap.UID
	if same1 {
		_, err := f.Attach(one, two)
		if err == nil {
			marks, err = f.OurMarks()
		}
		if err != nil {
			return err
		}
	}
	if err := f.Forget(); err != nil {
		return err
	}
	if _, err := f.Attach(one, two); err != nil {
		return err
	}
	if err := f.MarkDeleted(true, marks...); err != nil || first.UIDNext2 == 0 {
		return err
	}
	return f.SetFirst(first)
}

// Release gives up what was read; only Folder stays.
func (p *Pair) Release() { *p = Pair{Folder: p.Folder, j: p.j, flags: p.flags} }
