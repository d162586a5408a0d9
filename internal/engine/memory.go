package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// The run's memory is the journal. It only ever saves work: what it knows of a
// message is its key, so that headers need not be read again, and never whether
// it is still there, which the servers are asked each time.

// openJournal opens the journal of this pair of accounts.
func (r *run) openJournal(ctx context.Context) error {
	r.j = journal.None()
	p := &r.p.Journal
	switch {
	case !p.Enabled:
		return nil
	case r.p.Identity.HeadersGiven || r.p.Identity.SkipHeader != nil:
		r.note("The journal is not used, since --useheader and --skipheader ask for a check of all headers")
		return nil
	}
	dir := p.Dir
	if dir == "" {
		var err error
		if dir, err = journal.DefaultDir(); err != nil {
			r.warn(fmt.Sprintf("no journal is kept: %v; name a place with --cachedir", err))
			return nil
		}
	}
	o := journal.Options{}
	if r.p.Dry || r.p.Folders.PrintMap != "" {
		o.Mode = journal.DryRun
	}
	j, err := journal.Open(ctx, dir, r.journalPair(), o)
	var locked *journal.LockedError
	switch {
	case errors.As(err, &locked):
		return &lockedError{locked}
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.warn(fmt.Sprintf("no journal is kept: %v", err))
		return nil
	}
	r.j = j
	if d := j.Damage(); d != nil {
		r.warn(d.String())
	}
	r.note(fmt.Sprintf("Journal file is %s ( to change its directory, use --cachedir path ; or use --nousecache for none )", j.Path()))
	return nil
}

// lockedError ends a run whose journal another process holds, with imapsync's
// exit code for a locked pid file.
type lockedError struct{ err *journal.LockedError }

func (e *lockedError) Error() string {
	return fmt.Sprintf("another run of the same two accounts is at work: %v", e.err)
}
func (e *lockedError) Unwrap() error { return e.err }

// ExitCode is the code the process ends with.
func (e *lockedError) ExitCode() int { return event.ExitPidFile }

// journalPair is what the journal belongs to: the accounts, and, when it is not
// the usual one, the way in which messages are identified, since keys made in
// different ways can not be compared.
func (r *run) journalPair() journal.Pair {
	a, b := &r.p.Host1, &r.p.Host2
	pair := journal.Pair{
		Host1: strings.ToLower(a.Host), User1: a.User, Port1: a.Port,
		Host2: strings.ToLower(b.Host), User2: b.User, Port2: b.Port,
	}
	id := &r.p.Identity
	if len(id.Headers) > 0 || id.MessageIDNoDomain || id.SizeInKey || id.AddHeader || id.SyncDuplicates {
		way := fmt.Sprintf("%q %v %v %v %v", id.Headers, id.MessageIDNoDomain, id.SizeInKey, id.AddHeader, id.SyncDuplicates)
		sum := sha256.Sum256([]byte(way))
		pair.User2 += fmt.Sprintf(" (identity %x)", sum[:6])
	}
	return pair
}

// journalFailed is told when the journal can not be written: the run goes on
// without it, since everything in it can be found out again.
func (r *run) journalFailed(err error) {
	if err == nil || r.jBroken {
		return
	}
	r.jBroken = true
	r.warn(fmt.Sprintf("the journal can not be written any more, so the next run will look at everything again: %v", err))
	_ = r.j.Close() // it is broken already
	r.j = journal.None()
}

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

// wasDelivered reports whether an earlier run brought this message to host2.
func (fs *folderSync) wasDelivered(r *listing.Record) bool {
	k := fs.known
	if i := listing.Find(k.recs[0], r.UID); i >= 0 && k.delivered[i] {
		return true
	}
	if k.unplaced[r.UID] {
		return true
	}
	key, _, ok := entryKey(r.Key)
	if !ok || !k.usable {
		return false
	}
	was, err := k.folder.WasDelivered(key)
	fs.run.journalFailed(err)
	return was
}

// noResurrection prepares --noresurrect: a host2 folder that lost everything is
// filled again.
func (fs *folderSync) noResurrection() bool {
	if !fs.run.p.Transfer.NoResurrect || !fs.known.usable {
		return false
	}
	if len(fs.dst.Recs) == 0 {
		if slices.Contains(fs.known.delivered, true) || slices.Contains(slices.Collect(maps.Values(fs.known.unplaced)), true) {
			fs.run.note(fmt.Sprintf("Host2: folder [%s] is empty though messages were delivered to it: all of them are copied again", fs.to.Raw))
			fs.run.journalFailed(fs.known.folder.ForgetDelivered())
			clear(fs.known.delivered)
			clear(fs.known.unplaced)
		}
		return false
	}
	return true
}

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

// knownEntry is what the journal knew of a host1 message, and its place.
func (fs *folderSync) knownEntry(uid imap.UID) (*listing.Record, int) {
	k := fs.known
	i := listing.Find(k.recs[0], uid)
	if i < 0 {
		return nil, -1
	}
	return &k.recs[0][i], i
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

// ---- folders that did not change ----

// skippable reports whether an unchanged folder may be left alone: only when the
// run asks for nothing but the plain work that was done when its state was
// stored.
func (r *run) skippable() bool {
	p := r.p
	s, d := &p.Selection, &p.Deletion
	return p.Mode == "sync" && !r.restricted() && !p.Folders.SyncACLs && !p.Folders.SkipEmpty &&
		!d.Delete1 && !d.Delete2 && !d.Delete2Duplicates && !d.Expunge1 && !d.Expunge2 &&
		!p.Identity.SkipCrossDuplicates && len(p.Flags.RegexFlag) == 0 && !s.CheckMessageExists && !r.labels()
}

// restricted reports whether options leave messages out.
func (r *run) restricted() bool {
	s, t := &r.p.Selection, &r.p.Transform
	return s.Search1 != "" || s.Search2 != "" || s.MaxAge != nil || s.MinAge != nil || s.MinSize != nil ||
		len(t.SkipMess) > 0 || t.MaxLineLength != nil || t.MinMaxLineLength != nil || s.FetchSet != ""
}

// unchanged reports whether both folders are as they were when everything in
// them had been carried over: same UIDVALIDITY, UIDNEXT, number of messages and
// HIGHESTMODSEQ. A server without CONDSTORE can not say so much.
func (fs *folderSync) unchanged() bool {
	r := fs.run
	st, ok := r.j.Folder(fs.from.Raw, fs.to.Raw).State()
	if !ok || st.CompleteAt.IsZero() || !r.skippable() || !r.has2(fs.to.Raw) {
		return false
	}
	if r.j.Folder(fs.from.Raw, fs.to.Raw).HasDoubt() {
		return false
	}
	same := func(d *imap.StatusData, validity, next, messages uint32, modseq uint64) bool {
		return d != nil && d.NumMessages != nil && d.UIDValidity == validity && validity != 0 &&
			uint32(d.UIDNext) == next && next != 0 && *d.NumMessages == messages &&
			d.HighestModSeq == modseq && modseq != 0
	}
	return same(r.src.status[fs.from.Raw], st.UIDValidity1, st.UIDNext1, st.Messages1, st.ModSeq1) &&
		same(r.dst.status[fs.to.Raw], st.UIDValidity2, st.UIDNext2, st.Messages2, st.ModSeq2)
}

// finished keeps a folder pair whose state is worth storing: all of it was
// carried over. expect2 is the number of messages host2 must have then.
type finished struct {
	fs      *folderSync
	expect2 int64
}

// complete decides whether the folder pair is reconciled.
func (fs *folderSync) reconciled(c *copier) bool {
	if fs.bad || fs.failedCount > 0 || fs.src == nil || fs.dst == nil || fs.known == nil || !fs.known.usable || fs.run.p.Dry || fs.run.restricted() {
		return false
	}
	for i := range c.tasks {
		if c.tasks[i].fate != copied {
			return false
		}
	}
	return len(c.tasks) == len(fs.pairing.Missing) && fs.src.Complete && fs.dst.Complete
}

// saveStates stores what the reconciled folders look like now. host1's side is
// what LIST told before the folder was read, so that what came later is seen as
// a change; host2's is asked for now, all folders in one round trip.
func (r *run) saveStates(ctx context.Context) error {
	if len(r.done) == 0 || len(r.src.status) == 0 {
		return nil
	}
	names := make([]string, len(r.done))
	for i, f := range r.done {
		names[i] = f.fs.to.Raw
	}
	now, err := r.dst.statusOf(ctx, r.main.dst, names)
	if err != nil {
		return err
	}
	var states []func() error
	for _, f := range r.done {
		s1, s2 := r.src.status[f.fs.from.Raw], now[f.fs.to.Raw]
		if s1 == nil || s2 == nil || s1.NumMessages == nil || s2.NumMessages == nil {
			continue
		}
		r.dst.status[f.fs.to.Raw] = s2
		delete(r.dst.touched, f.fs.to.Raw)
		if f.fs.merge.sources == 1 && int64(*s2.NumMessages) != f.expect2 {
			continue // somebody else is at work in it
		}
		st := journal.FolderState{
			UIDValidity1: s1.UIDValidity, UIDNext1: uint32(s1.UIDNext), Messages1: *s1.NumMessages, ModSeq1: s1.HighestModSeq,
			UIDValidity2: s2.UIDValidity, UIDNext2: uint32(s2.UIDNext), Messages2: *s2.NumMessages, ModSeq2: s2.HighestModSeq,
			Size1: -1, Size2: -1, CompleteAt: time.Now(),
		}
		if s1.Size != nil {
			st.Size1 = *s1.Size
		}
		if s2.Size != nil {
			st.Size2 = *s2.Size
		}
		states = append(states, func() error { return f.fs.known.folder.SetState(st) })
	}
	// Writes that wait for one another share a flush.
	r.journalFailed(together(states))
	return nil
}
