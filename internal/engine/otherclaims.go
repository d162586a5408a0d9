package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// What another run stored on host2 is nobody's surplus: of another account that goes
// into the same one, of another folder that goes into the same one, with or without a
// journal of this run's own.

// otherJournals are all journals of this user that lead into the account on host2,
// this run's own among them as it was before.
type otherJournals struct {
	all []journal.Other
	// aliases are those into accounts that may be the same one by another host name.
	aliases []journal.Other
	// unread says why it is not known what all of them hold, "" if it is.
	unread string
}

// others reads the other journals, once in a run.
func (r *run) others(ctx context.Context) (*otherJournals, error) {
	if r.guard2.journals != nil {
		return r.guard2.journals, nil
	}
	var o otherJournals
	pair := r.journalPair()
	for _, dir := range r.journalDirs() {
		all, bad, err := journal.Others(ctx, dir, "", pair)
		if ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			bad = append(bad, err)
		}
		for i := range all {
			if all[i].Alias {
				o.aliases = append(o.aliases, all[i])
				continue
			}
			o.all = append(o.all, all[i])
		}
		for _, err := range bad {
			r.warn(fmt.Sprintf("what other runs stored on host2 is not known for certain: %v", err))
			if o.unread == "" {
				o.unread = fmt.Sprintf("it is not known whether another run stored them: %v", err)
			}
		}
	}
	r.guard2.journals = &o
	return &o, nil
}

// journalDirs are where this user keeps journals: where this run does, and the usual
// place.
func (r *run) journalDirs() []string {
	var dirs []string
	usual, err := journal.DefaultDir()
	for _, dir := range []string{r.p.Journal.Dir, usual} {
		if dir != "" && (dir != usual || err == nil) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// claims is what journals know of the messages in one host2 folder.
type claims struct {
	// alive are the counterparts of messages that host1 has, gone those of messages
	// that have left it, foreign those that belong to other runs, as all from
	// foreignFrom on may (0: none).
	alive, gone, foreign map[imap.UID]bool
	foreignFrom          imap.UID
	// moved are those whose counterparts on host1 runs marked to delete them there.
	moved map[imap.UID]bool
	// was is how journals knew the messages of gone.
	was map[imap.UID]wasKnown
	// next is UIDNEXT before the first run that is known, 0 for none, and at when the
	// first run into the account was.
	next imap.UID
	at   time.Time
	// elsewhere: a host1 folder that goes there, too, took no part.
	elsewhere bool
	// unsure says why it is not known of all messages whose they are.
	unsure string
}

func newClaims() *claims {
	return &claims{alive: make(map[imap.UID]bool), gone: make(map[imap.UID]bool), foreign: make(map[imap.UID]bool), moved: make(map[imap.UID]bool), was: make(map[imap.UID]wasKnown)}
}

func (c *claims) first(f journal.First) {
	if f.UIDNext2 != 0 && (c.next == 0 || f.UIDNext2 < c.next) {
		c.next = f.UIDNext2
	}
}

func (c *claims) since(r journal.Runs) {
	if r.ID != 0 && (c.at.IsZero() || r.First.Before(c.at)) {
		c.at = r.First
	}
}

func (c *claims) doubt(why string) {
	if c.unsure == "" {
		c.unsure = why
	}
}

// pair takes in that a message of host1 has a counterpart.
func (c *claims) pair(src *listing.Listing, uid1, uid2 imap.UID) {
	switch {
	case uid2 == 0:
	case src.Find(uid1) < 0 && src.Complete && src.Whole:
		c.gone[uid2] = true
	default:
		c.alive[uid2] = true
	}
}

// wasKnown is how a journal knew a message that has left host1. comparable: its key was made
// as this run makes keys.
type wasKnown struct {
	rec        listing.Record
	comparable bool
}

// noteWas notes how a journal knew a message that has left host1.
func (c *claims) noteWas(e *journal.Entry, comparable bool) {
	if _, known := c.was[e.UID2]; !c.gone[e.UID2] || known {
		return
	}
	was := wasKnown{rec: listing.Record{UID: e.UID2, Key: history.KeyOf(e), Size: e.Size}, comparable: comparable}
	if e.Key != (journal.Key{}) {
		was.rec.Bits |= listing.HasKey
	}
	if e.HasDate {
		was.rec.Date = e.Date
		was.rec.Bits |= listing.HasDate
	}
	c.was[e.UID2] = was
}

// noteWasPaired is noteWas for what another journal tells.
func (c *claims) noteWasPaired(p *journal.Paired, comparable bool) {
	c.noteWas(&journal.Entry{UID2: p.UID2, Key: p.Key, Marks: p.Marks, Size: p.Size, Date: p.Date, HasDate: p.HasDate}, comparable)
}

// noteMoved notes that a run deleted a message on host1 since host2 has it.
func (c *claims) noteMoved(e *journal.Entry) {
	if e.OurDeleted && e.UID2 != 0 {
		c.moved[e.UID2] = true
	}
}

// claim notes, when everything of this folder was copied, which messages of the host2
// folder are counterparts of its messages.
func (fs *folderSync) claim(ctx context.Context, c *transfer.Folder) error {
	d := &fs.run.p.Deletion
	if !d.Delete2 && !d.Delete2Duplicates {
		return nil
	}
	if fs.merge.claims == nil {
		fs.merge.claims = newClaims()
	}
	m := fs.merge.claims
	now := make(map[imap.UID]imap.UID) // the counterparts that this run sees
	for _, p := range fs.pairing.Present {
		now[fs.src.Recs[p.Src].UID] = fs.dst.Recs[p.Dst].UID
	}
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == transfer.Copied && t.NewUID != 0 {
			now[t.UID()] = t.NewUID
		}
	}
	for _, uid2 := range now {
		m.alive[uid2] = true
	}
	if fs.known.Usable() {
		f := fs.known.Folder
		m.first(f.First())
		m.since(fs.run.j.Runs())
		for e, err := range f.Entries() {
			if err != nil {
				fs.run.journalFailed(err)
				m.doubt("the journal could not be read")
				break
			}
			m.pair(fs.src, e.UID1, e.UID2)
			m.noteWas(&e, true)
			m.noteMoved(&e)
		}
		for e, err := range f.Extras() {
			if err != nil {
				break // told with the entries
			}
			m.noteMoved(&e)
			if e.Delivered {
				m.gone[e.UID2] = true
				m.noteWas(&e, true)
			}
		}
	}
	for uid1, uid2 := range fs.interrupted.settled { // a rehearsal does not write it into the journal
		m.pair(fs.src, uid1, uid2)
	}
	others, err := fs.run.others(ctx)
	if err != nil {
		return err
	}
	self := fs.run.journalPair()
	for i := range others.all {
		o := &others.all[i]
		if !o.Pair.SameHost1(self) || o.Path == fs.run.j.Path() && fs.known.Usable() {
			continue
		}
		m.since(o.Runs)
		for k := range o.Folders {
			f := &o.Folders[k]
			if f.Name1 != fs.from.Raw || !fs.run.sameFolder2(f.Name2, fs.to.Raw) || f.UIDValidity2 != fs.dst.UIDValidity {
				continue
			}
			m.first(f.First)
			for _, uid2 := range f.Moved {
				m.moved[uid2] = true
			}
			if f.UIDValidity1 != fs.src.UIDValidity {
				continue // claims belong to both UIDVALIDITYs
			}
			way := o.Pair.Way == self.Way
			for i := range f.Pairs {
				p := &f.Pairs[i]
				if other := now[p.UID1]; other != 0 && other != p.UID2 {
					m.gone[p.UID2] = true // what another --useheader or --addheader stored, and this run does not need
				} else {
					m.pair(fs.src, p.UID1, p.UID2)
				}
				m.noteWasPaired(p, way)
			}
			for i := range f.Claimed {
				m.gone[f.Claimed[i].UID2] = true
				m.noteWasPaired(&f.Claimed[i], way)
			}
		}
	}
	return nil
}

// foreignClaims takes in what other runs know of the host2 folder, once all host1
// folders of this run that go there have told what is theirs.
func (fs *folderSync) foreignClaims(ctx context.Context) error {
	r, m := fs.run, fs.merge.claims
	others, err := r.others(ctx)
	if err != nil {
		return err
	}
	if others.unread != "" {
		m.doubt(others.unread)
	}
	key := r.mergeKey(fs.to.Raw)
	taking := make(map[string]bool)
	for i := range r.table.Rows {
		if row := &r.table.Rows[i]; r.mergeKey(row.To) == key {
			taking[row.From] = true
		}
	}
	self := r.journalPair()
	for i := range others.all {
		o := &others.all[i]
		same := o.Pair.SameHost1(self)
		if same {
			m.first(r.firstOf(o.Note, fs.to.Raw, fs.dst.UIDValidity))
		}
		for k := range o.Folders {
			f := &o.Folders[k]
			if !r.sameFolder2(f.Name2, fs.to.Raw) || same && taking[f.Name1] {
				continue
			}
			if f.UIDValidity2 == fs.dst.UIDValidity && same {
				m.first(f.First)
			}
			m.foreignFolder(f, o, fs.dst.UIDValidity)
		}
	}
	m.aliases(others, fs.to.Raw, fs.dst.UIDValidity)
	also, err := r.alsoThere(ctx, key, taking)
	switch {
	case err != nil:
		m.elsewhere = true
		m.doubt(fmt.Sprintf("it is not known which other folders of host1 go there: %v", err))
	case len(also) > 0:
		m.elsewhere = true
		m.doubt(fmt.Sprintf("host1's folder [%s] goes there, too, and took no part in this run", strings.Join(also, "], [")))
	}
	return nil
}

func (c *claims) foreignFolder(f *journal.OtherFolder, o *journal.Other, validity uint32) {
	if f.UIDValidity2 != validity && len(f.Pairs)+len(f.Claimed) > 0 {
		c.doubt(fmt.Sprintf("the folder was rebuilt since another run stored messages there, from folder [%s] of %s on %s, so that it is not known which", f.Name1, o.Pair.User1, o.Pair.Host1))
		return
	}
	for _, p := range f.Pairs {
		c.foreign[p.UID2] = true
	}
	for _, p := range f.Claimed {
		c.foreign[p.UID2] = true
	}
	if f.DoubtFrom != 0 && f.DoubtValidity2 == validity && (c.foreignFrom == 0 || f.DoubtFrom < c.foreignFrom) {
		c.foreignFrom = f.DoubtFrom
	}
}

// aliases takes in what runs stored that had another name for host2.
func (c *claims) aliases(others *otherJournals, folder string, validity uint32) {
	for i := range others.aliases {
		o := &others.aliases[i]
		for k := range o.Folders {
			if f := &o.Folders[k]; f.Name2 == folder && f.UIDValidity2 == validity && validity != 0 {
				c.foreignFolder(f, o, validity)
			}
		}
	}
}

// isAnothers reports whether another account's run stored a message of the host2 folder,
// or may have: the mark \Deleted of an equal message is not for that one. The journals are
// read only where there is such a mark.
func (fs *folderSync) isAnothers(ctx context.Context, uid2 imap.UID) (bool, error) {
	if fs.owners.foreign == nil {
		c, err := fs.run.claimsOn(ctx, fs.to.Raw, fs.dst.UIDValidity, func(string) bool { return true })
		if err != nil {
			return false, err
		}
		fs.owners.foreign = c
	}
	return fs.owners.foreign.others(uid2), nil
}

// others reports whether a message is another run's, or may be.
func (c *claims) others(uid imap.UID) bool {
	return c.foreign[uid] || c.foreignFrom != 0 && uid >= c.foreignFrom
}

// sameFolder2 reports whether two names are one folder on host2, or may be.
func (r *run) sameFolder2(a, b string) bool {
	return a == b || r.mergeKey(a) == r.mergeKey(b) || r.maybeName(a) == r.maybeName(b)
}

// wholeTable is the mapping of all folders of host1, whether or not they take part.
func (r *run) wholeTable(ctx context.Context) (*folders.Table, error) {
	if r.guard2.table == nil {
		o := r.folderOptions()
		o.Only, o.Recursive, o.Include, o.Exclude, o.First, o.Last, o.Subscribed, o.Explain = nil, nil, nil, nil, nil, nil, false, false
		t, err := folders.Map(o, r.src.world, r.dst.world)
		if err != nil {
			return nil, err
		}
		if err := r.oneName(ctx, t.Rows, false); err != nil {
			return nil, err
		}
		r.guard2.table = t
	}
	return r.guard2.table, nil
}

// alsoThere are the host1 folders that the options send to the same host2 folder, and
// that take no part in this run.
func (r *run) alsoThere(ctx context.Context, key string, taking map[string]bool) ([]string, error) {
	all, err := r.wholeTable(ctx)
	if err != nil {
		return nil, err
	}
	var also []string
	for i := range all.Rows {
		row := &all.Rows[i]
		if row.Refused == "" && !taking[row.From] && r.mergeKey(row.To) == key {
			also = append(also, row.From)
		}
	}
	return also, nil
}

// tellKept tells of the messages of a host2 folder that a rule keeps.
func (fs *folderSync) tellKept(count int64, why string) {
	if count > 0 {
		fs.run.emit(event.DeletionRefused{Side: 2, Folder: fs.to, Count: count, Why: why})
	}
}
