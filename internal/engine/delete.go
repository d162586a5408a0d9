package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// deleteOnHost1 removes from the source what the destination holds for certain
// (--delete1): copied now and confirmed, or found there by its key. Never what
// is merely marked \Deleted by somebody else.
func (fs *folderSync) deleteOnHost1(ctx context.Context, c *transfer.Folder) error {
	d := &fs.run.p.Deletion
	if !d.Delete1 {
		return fs.expunge(ctx, 1, d.Expunge1)
	}
	uids := slices.Clone(fs.onHost2)
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == transfer.Copied {
			if fs.run.p.Dry && fs.wouldCut(t.Size()) {
				continue // it would stay
			}
			if fs.pairing.Bound[t.Src] {
				fs.uncertain++
				continue
			}
			uids = append(uids, t.UID())
		}
	}
	uids, err := fs.uncut(ctx, fs.notExpunged2(uids))
	if err != nil {
		return err
	}
	held := make(map[imap.UID]bool, len(uids))
	for _, uid := range uids {
		held[uid] = true
	}
	for repeated, first := range fs.pairing.First {
		if held[fs.src.Recs[first].UID] { // its equal is there now
			uids = append(uids, fs.src.Recs[repeated].UID)
		}
	}
	if fs.uncertain > 0 {
		fs.run.note(fmt.Sprintf("Host1: folder [%s]: %d messages stay, since it is not certain that host2 has their content", fs.from.Raw, fs.uncertain))
	}
	slices.Sort(uids)
	uids = slices.Compact(uids)
	if err := c.SameBeforeDeletion(ctx, uids); err != nil {
		return err
	}
	return fs.deleteUIDs(ctx, deletion{side: 1, k: fs.conns.src, folder: fs.from, uids: uids, expunge: d.Expunge1, expungeAll: false})
}

// deleteOnHost2 removes from the destination what the source does not have
// (--delete2), and duplicates (--delete2duplicates), as far as the guard lets
// it. It comes after all copies, and with several source folders for one
// destination only after the last of them.
func (fs *folderSync) deleteOnHost2(ctx context.Context, c *transfer.Folder) error {
	d := &fs.run.p.Deletion
	if err := fs.claim(ctx, c); err != nil {
		return err
	}
	wait, err := fs.waitsForOthers(ctx)
	if err != nil {
		return err
	}
	if wait {
		if d.Delete2 {
			fs.run.note(fmt.Sprintf("Host2: folder %s %d folders left to sync there", fs.to.Raw, fs.merge.left-1))
		}
		return nil
	}
	if !fs.exists {
		return nil
	}
	if fs.merge.claims != nil {
		if err := fs.foreignClaims(ctx); err != nil {
			return err
		}
	}
	if err := fs.sparePretenders(ctx); err != nil {
		return err
	}
	if d.Delete2Duplicates && fs.merge.sources == 1 {
		if err := fs.deleteDuplicates(ctx); err != nil {
			return err
		}
	}
	if d.Delete2 {
		if err := fs.deleteExtra(ctx); err != nil {
			return err
		}
	}
	if err := fs.expunge(ctx, 2, d.Expunge2); err != nil || !d.Expunge2 {
		return err
	}
	fs.run.moves.noteExpunged(fs)
	fs.leaveExpunged2()
	return nil
}

// facts are what the guard is told.
func (fs *folderSync) facts() guard.Facts {
	f := guard.Facts{
		SourceComplete: fs.merge.spoiled == "" && fs.src.Complete && fs.dst.Complete,
		WhyIncomplete:  fs.merge.spoiled,
		CopiesFailed:   fs.merge.failed + fs.failedCount,
		SourceMessages: fs.merge.whole,
		DestMessages:   int64(len(fs.dst.Recs)),
		Unidentified:   fs.merge.nameless,
	}
	if f.WhyIncomplete == "" {
		f.WhyIncomplete = cmp.Or(fs.src.Why, fs.dst.Why)
	}
	return f
}

func (fs *folderSync) deleteExtra(ctx context.Context) error {
	facts := fs.facts()
	uids, kept, known := fs.surplus()
	for rule := range guard.Rules {
		fs.tellKept(kept[rule], known.Why(rule))
	}
	fs.past = fs.run.pastOf(fs.to.Raw, fs.dst.UIDValidity)
	facts.Gone = fs.past.left(fs.dst)
	if facts.SourceComplete {
		fs.forgetRefused()
	}
	defer fs.rememberRefused()
	if no := guard.RefuseFolder(facts, int64(len(uids)), fs.run.p.Deletion.Delete2Max); no != nil {
		fs.run.moves.stay(fs.to.Raw)
		if !no.Ceiling {
			fs.run.emit(event.DeletionRefused{Side: 2, Folder: fs.to, Count: int64(len(uids)), Why: no.Why})
			return nil
		}
		fs.past.refuse(uids, facts.DestMessages+facts.Gone)
		fs.tellRefused(int64(len(uids)), no.Why)
		return nil
	}
	uids = fs.run.moves.keep(fs, fs.sparesRefused(uids))
	if stay, err := fs.stayFor2Names(ctx, uids); stay || err != nil {
		return err
	}
	return fs.deleteExtras(ctx, uids)
}

// deleteExtras deletes messages that the guard lets go.
func (fs *folderSync) deleteExtras(ctx context.Context, uids []imap.UID) error {
	fs.past.goes(uids)
	return fs.deleteUIDs(ctx, fs.deletion2(uids))
}

// deletion2 is the deletion of messages of the host2 folder as the options ask for it.
func (fs *folderSync) deletion2(uids []imap.UID) deletion {
	d := &fs.run.p.Deletion
	return deletion{
		side: 2, k: fs.conns.dst, folder: fs.to, uids: uids, to: fs.run.quarantineFolder(),
		expunge: d.UIDExpunge2 || d.Expunge2 || d.Quarantine2 != "", expungeAll: d.Expunge2,
	}
}

// deleteDuplicates removes repeated messages of a host2 folder. Their contents
// were compared with the first one's when the listings were made.
func (fs *folderSync) deleteDuplicates(ctx context.Context) error {
	fs.tellKept(fs.pairing.Unlike, "they have the identifying headers and the body of another message of the folder, but other header lines, so they are no duplicates for certain")
	if len(fs.pairing.Doubles) == 0 || !fs.dst.Complete {
		return nil
	}
	uids := make([]imap.UID, 0, len(fs.pairing.Doubles))
	var claimed, unsure int64
	last := fs.lastOfKind()
	fs.merge.doubles = make(map[imap.UID]bool)
	m := fs.merge.claims
	for _, i := range fs.pairing.Doubles {
		switch uid := fs.dst.Recs[i].UID; {
		case last[uid]: // --delete2 says why it stays
		case m.alive[uid], m.gone[uid], m.moved[uid], m.others(uid):
			claimed++
		case m.unsure != "":
			unsure++
		default:
			uids = append(uids, uid)
			fs.merge.doubles[uid] = true
		}
	}
	fs.tellKept(claimed, "they are duplicates by their content, but runs stored each of them for a message of its own")
	fs.tellKept(unsure, m.unsure)
	if stay, err := fs.stayFor2Names(ctx, uids); stay || err != nil {
		return err
	}
	d := fs.deletion2(uids)
	d.duplicate = true
	return fs.deleteUIDs(ctx, d)
}

// lastOfKind are the duplicates that stay with --delete2, while the message that they are
// equal to goes: they are what is left of it then.
func (fs *folderSync) lastOfKind() map[imap.UID]bool {
	if !fs.run.p.Deletion.Delete2 {
		return nil
	}
	goes := make(map[imap.UID]bool)
	uids, _, _ := fs.surplus()
	for _, uid := range uids {
		goes[uid] = true
	}
	double := make(map[int32]bool)
	for _, i := range fs.pairing.Doubles {
		double[i] = true
	}
	keys := make(map[identity.Key]bool)
	for _, i := range fs.pairing.Extra {
		if r := &fs.dst.Recs[i]; goes[r.UID] && !double[i] {
			keys[r.Key] = true
		}
	}
	last := make(map[imap.UID]bool)
	for i := range double {
		if r := &fs.dst.Recs[i]; keys[r.Key] && !goes[r.UID] {
			last[r.UID] = true
		}
	}
	return last
}

// deletion is a set of messages to delete in the selected folder of a link.
type deletion struct {
	side      event.Side
	k         *link
	folder    event.Folder
	uids      []imap.UID
	duplicate bool
	// to is the folder that they are moved to instead (--quarantine2), "" for none.
	to      string
	expunge bool // remove them for good, by UID EXPUNGE of exactly these
	// expungeAll: the user asked for EXPUNGE of the whole folder, so it may
	// stand in for a missing UID EXPUNGE.
	expungeAll bool
}

// deleteUIDs deletes messages, or moves them to quarantine, as far as that may be done.
func (fs *folderSync) deleteUIDs(ctx context.Context, d deletion) error {
	if why := fs.run.guard2.badQuarantine; why != "" && d.to != "" {
		fs.tellKept(int64(len(d.uids)), why)
		return nil
	}
	d, err := fs.ready(ctx, d)
	switch {
	case err != nil || len(d.uids) == 0:
		return err
	case d.to != "":
		return fs.quarantine(ctx, d)
	}
	return fs.markAndExpunge(ctx, d)
}

// markAndExpunge marks messages \Deleted and expunges exactly them. Without UIDPLUS
// they stay marked: EXPUNGE would take along what others marked.
func (fs *folderSync) markAndExpunge(ctx context.Context, d deletion) error {
	told := event.MessagesDeleted{Side: d.side, Folder: d.folder, Duplicate: d.duplicate, Dry: fs.run.p.Dry, UIDs: numbers(d.uids), Expunged: d.expunge}
	if fs.run.p.Dry {
		if d.side == 2 && d.expunge && (d.expungeAll || d.k.Conn != nil && d.k.Conn.Has(imap.CapUIDPlus)) {
			fs.run.noteWouldGo(d.folder.Raw, d.uids)
		}
		fs.run.emit(told)
		return nil
	}
	if d.side == 1 {
		fs.run.noteDeletes1()
	}
	fs.recordMarkIntent(d.side, d.uids)
	if d.side == 2 {
		fs.run.removes2(d.folder.Raw, d.uids)
	}
	set := uidset.Sorted(d.uids)
	err := d.k.Do(ctx, func(c *imapconn.Conn) error {
		_, err := c.UIDStore(ctx, set, []imap.Flag{imap.FlagDeleted}, imapconn.StoreOptions{Op: imap.StoreFlagsAdd, Silent: true})
		return err
	})
	if err != nil {
		return fs.notDeleted(d, err)
	}
	fewer := false
	if d.expunge {
		err := d.k.Do(ctx, func(c *imapconn.Conn) error {
			if !c.Has(imap.CapUIDPlus) {
				told.Expunged = false
				return nil
			}
			before := c.Mailbox()
			err := c.UIDExpunge(ctx, set)
			after := c.Mailbox()
			fewer = err == nil && before != nil && after != nil && uint64(after.Exists)+uint64(len(d.uids)) == uint64(before.Exists)
			return err
		})
		if err != nil {
			return fs.notDeleted(d, err)
		}
	}
	done, err := fs.deletedOf(ctx, d, told.Expunged, fewer)
	if err != nil {
		return fs.notDeleted(d, err)
	}
	if n := len(done); n > 0 && d.expunge && !told.Expunged && !d.expungeAll {
		fs.run.warn(fmt.Sprintf("Host%d: the server has no UIDPLUS, so %d messages of folder [%s] stay there, marked \\Deleted; --expunge%d removes them, and whatever else is marked", d.side, n, d.folder.Raw, d.side))
	}
	if d.side == 2 {
		fs.noteGone(done)
	}
	if d.to != "" && told.Expunged {
		told.MovedTo = folderName(d.to).Text
	}
	if told.UIDs = numbers(done); len(done) > 0 {
		fs.run.emit(told)
	}
	return nil
}

// ready is what is left of a deletion when it is known that it may be done: what has a
// mark already and is not to be expunged needs nothing.
func (fs *folderSync) ready(ctx context.Context, d deletion) (deletion, error) {
	if len(d.uids) == 0 {
		return d, nil
	}
	stays := !d.expunge
	if !stays {
		conn, err := d.k.Ready(ctx)
		if err != nil {
			return d, err
		}
		stays = !conn.Has(imap.CapUIDPlus) && !d.expungeAll && (d.to == "" || !conn.Has(imap.CapMove))
	}
	if stays {
		if d.side == 1 {
			d.uids = fs.unmarked1(d.uids)
		} else {
			d.uids = fs.unmarked2(d.uids)
		}
	}
	if len(d.uids) == 0 {
		return d, nil
	}
	ask := fs.askSource
	switch {
	case d.side == 2 && !d.duplicate:
		return d, nil
	case d.side == 2:
		ask = fs.askDestination
	case !fs.run.p.Dry:
		// Before one of them is marked to ask: what host2 does not have stays without a mark.
		there, err := fs.stillOnHost2(ctx, d.uids)
		if err == nil {
			there, err = fs.agreeOnHost2(ctx, there)
		}
		if err != nil {
			there, err = nil, fs.notDeleted(d, err)
		}
		if d.uids = there; err != nil || len(there) == 0 {
			return d, err
		}
	}
	ok, err := ask(ctx, d.uids)
	if !ok {
		d.uids = nil
	}
	return d, err
}

// unmarked2 are those of the host2 messages that do not have \Deleted yet. The others
// are told: an earlier run counted them as deleted, or a user marked them.
func (fs *folderSync) unmarked2(uids []imap.UID) []imap.UID {
	if fs.dst == nil {
		return uids // what was kept back at first
	}
	var fresh, marked []imap.UID
	for _, uid := range uids {
		if i := fs.dst.Find(uid); i >= 0 && fs.hasDeleted(2, &fs.dst.Recs[i]) {
			marked = append(marked, uid)
			continue
		}
		fresh = append(fresh, uid)
	}
	if len(marked) > 0 {
		fs.noteGone(marked)
		fs.run.note(fmt.Sprintf("Host2: folder [%s] keeps %d messages that are to go and are marked \\Deleted already; --expunge2 removes them, and whatever else is marked", fs.to.Raw, len(marked)))
	}
	return fresh
}

// noteGone counts messages that were deleted from host2's folder.
func (fs *folderSync) noteGone(uids []imap.UID) {
	fs.merge.gone += int64(len(uids))
	for _, uid := range uids {
		at := -1
		if fs.dst != nil {
			at = fs.dst.Find(uid)
		}
		if at < 0 || fs.sizeOfJournal(uid) {
			fs.merge.goneUntold = true
			continue
		}
		fs.merge.goneBytes += fs.dst.Recs[at].Size
	}
	fs.leave2(uids)
}

// sizeOfJournal reports whether the size that is listed of a host2 message is the one that
// its counterpart has on host1.
func (fs *folderSync) sizeOfJournal(uid2 imap.UID) bool {
	if !fs.known.Usable() {
		return false
	}
	_, known := fs.known.Lookup(2, uid2)
	return known
}

func (fs *folderSync) notDeleted(d deletion, err error) error {
	resp, refused := refusalIn(err)
	if !refused || isConnError(err) {
		return err
	}
	fs.run.fault(event.Error{Class: event.ErrDeletion, Folder: d.folder,
		Text: fmt.Sprintf("Host%d: %s folder, could not delete %d messages: %s", d.side, d.folder.Raw, len(d.uids), resp.Line())})
	return nil
}

// expunge is the whole-folder EXPUNGE of --expunge1 and --expunge2, at the end of
// a folder: never before its messages were copied.
func (fs *folderSync) expunge(ctx context.Context, n event.Side, wanted bool) error {
	d := &fs.run.p.Deletion
	if !wanted || n == 1 && d.Delete1 && !d.Expunge1Given || n == 2 && !fs.exists {
		return nil
	}
	k, folder := fs.conns.src, fs.from
	if n == 2 {
		k, folder = fs.conns.dst, fs.to
	}
	if n == 1 && (fs.failedCount > 0 || fs.bad) {
		fs.run.warn(fmt.Sprintf("Host1: folder [%s] is not expunged, since some of its messages could not be copied", folder.Raw))
		return nil
	}
	fs.run.emit(event.Expunged{Side: n, Folder: folder, Dry: fs.run.p.Dry})
	if fs.run.p.Dry {
		return nil
	}
	if n == 1 {
		fs.run.noteDeletes1()
	}
	err := k.Do(ctx, func(c *imapconn.Conn) error { return c.Expunge(ctx) })
	if err != nil && isRefusal(err) {
		return fs.notDeleted(deletion{side: n, folder: folder}, err)
	}
	return err
}

func numbers(uids []imap.UID) []uint32 {
	out := make([]uint32, len(uids))
	for i, u := range uids {
		out[i] = uint32(u)
	}
	return out
}
