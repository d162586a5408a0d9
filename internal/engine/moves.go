package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// A message that was moved on host1 leaves one folder and comes to another, under
// another UID. Where the journal knows which message of host2 it was, host2 need not get
// it again: it is copied there from folder to folder, and with --delete2 moved, as far as
// the guard lets a deletion go. What proves it: the journal's key, date and size of a
// message that is not in its folder on host1 any more, and the contents of both, which are
// read, since equal headers are no equal messages.
//
// moves.go has the order of it, departures.go what left, arrivals.go what came, held.go
// what becomes of the messages meanwhile in the folders that they left.

// maxMoves bounds the messages that are looked at as moved, on either side of it. What
// is beyond it is copied as usual.
const maxMoves = 20_000

// moves are the messages that were moved on host1 since the last run.
type moves struct {
	// into tells by host1's folder and the UID there what host2 has.
	into map[string]map[imap.UID]transfer.Moved
	// held are messages of host2 that another folder is to get, by folder. Those that it
	// has in another way are no more.
	held map[string]map[imap.UID]hold
	// kept are held messages that --delete2 would have deleted.
	kept []keptBack
	// stays are host2's folders out of which nothing may be taken.
	stays map[string]bool
	// copied are messages of host2 that another folder has got by COPY, by folder.
	copied map[string]map[imap.UID]bool
	// expunged are held messages that --expunge2 has taken, by folder.
	expunged map[string]map[imap.UID]bool
}

// of is what is known of a host1 folder, for its copying.
func (m *moves) of(folder string) map[imap.UID]transfer.Moved {
	if m == nil || len(m.into[folder]) == 0 {
		return nil
	}
	out := make(map[imap.UID]transfer.Moved, len(m.into[folder]))
	for uid, at := range m.into[folder] {
		at.Take = at.Take && !m.stays[at.Folder]
		if !m.expunged[at.Folder][at.UID] {
			out[uid] = at
		}
	}
	return out
}

// mayMove reports whether moved messages are looked for: there has to be a journal, whose
// knowledge of the source is whole, and nothing that changes messages, or takes them from
// host1 by itself.
func (r *run) mayMove() bool {
	d := &r.p.Deletion
	return r.p.Journal.Enabled && !r.jNew && !r.jBroken && !r.p.Dry && !r.restricted() && !r.labels() && !r.byNumber() &&
		!d.Delete1 && !d.Expunge1 && !r.p.Identity.SkipCrossDuplicates && !r.pipeline.Active()
}

// findMoves finds out what was moved on host1. It costs nothing that the journal and the
// counts of folders do not tell to be needed.
func (r *run) findMoves(ctx context.Context) error {
	if r.p.Mode != "sync" || !r.mayMove() {
		return nil
	}
	conn, err := r.main.dst.Alive(ctx)
	if err != nil {
		return err
	}
	if !conn.Has(imap.CapUIDPlus) {
		return nil
	}
	counts, err := r.countsOf1(ctx)
	if err != nil {
		return err
	}
	arrivals := r.arrivals(counts)
	if len(arrivals) == 0 {
		return nil
	}
	left, err := r.departures(ctx, counts)
	if err != nil || len(left) == 0 {
		return err
	}
	byKey := make(map[identity.Key][]*departure)
	for i := range left {
		k := left[i].key.Base()
		byKey[k] = append(byKey[k], &left[i])
	}
	m := &moves{into: make(map[string]map[imap.UID]transfer.Moved), held: make(map[string]map[imap.UID]hold), stays: make(map[string]bool), copied: make(map[string]map[imap.UID]bool)}
	for i := range arrivals {
		if r.stopping() {
			return nil
		}
		if err := r.listArrivals(ctx, &arrivals[i]); err != nil {
			return err
		}
		arrivals[i].share(byKey)
	}
	for _, a := range arrivals {
		if r.stopping() {
			return nil
		}
		if err := r.matchMoves(ctx, m, a, byKey); err != nil {
			return err
		}
	}
	if len(m.into) > 0 {
		r.moves = m
	}
	for folder, uids := range m.held {
		taken := slices.DeleteFunc(slices.Collect(maps.Keys(uids)), func(uid imap.UID) bool { return uids[uid] != toTake })
		r.removes2(folder, taken)
	}
	return nil
}

// countsOf1 are the counts of host1's folders: what LIST told, and STATUS of the rest.
func (r *run) countsOf1(ctx context.Context) (map[string]*imap.StatusData, error) {
	out := make(map[string]*imap.StatusData)
	var ask []string
	for i := range r.table.Rows {
		name := r.table.Rows[i].From
		if s := r.src.status[name]; s != nil && s.NumMessages != nil {
			out[name] = s
			continue
		}
		ask = append(ask, name)
	}
	if len(ask) == 0 {
		return out, nil
	}
	told, err := r.main.src.Status(ctx, ask)
	for name, s := range told {
		if s.NumMessages != nil {
			out[name] = s
		}
	}
	return out, err
}

// matchMoves finds the messages of a folder that were in another one before.
func (r *run) matchMoves(ctx context.Context, m *moves, a arrival, byKey map[identity.Key][]*departure) error {
	// By host2's folder: the arrivals that may be its messages.
	type pair struct {
		rec *listing.Record
		d   *departure
	}
	tries := make(map[string][]pair)
	var order []string
	var read []imap.UID
	for i := range a.came {
		rec := &a.came[i]
		for _, d := range byKey[rec.Key.Base()] {
			if d.taken || !d.may(rec) || r.sameFolder2(d.folder2, a.row.To) || d.folder1 == a.row.From {
				continue
			}
			if tries[d.folder2] == nil {
				order = append(order, d.folder2)
			}
			tries[d.folder2] = append(tries[d.folder2], pair{rec, d})
			read = append(read, rec.UID)
			d.taken = true
			break
		}
	}
	if len(read) == 0 {
		return nil
	}
	if _, err := r.main.src.Open(ctx, a.row.From, false); err != nil {
		return notEnding(err)
	}
	src, err := readContents(ctx, r.main.src, read)
	if err != nil {
		return notEnding(err)
	}
	slices.Sort(order)
	for _, folder := range order {
		if r.stopping() {
			return nil
		}
		opened, err := r.main.dst.Open(ctx, folder, false)
		if err != nil {
			if err := notEnding(err); err != nil {
				return err
			}
			continue
		}
		uids := make([]imap.UID, 0, len(tries[folder]))
		for _, p := range tries[folder] {
			if p.d.validity2 == opened.UIDValidity {
				uids = append(uids, p.d.uid2)
			}
		}
		dst, err := readContents(ctx, r.main.dst, uids)
		if err != nil {
			if err := notEnding(err); err != nil {
				return err
			}
			continue
		}
		for _, p := range tries[folder] {
			s, d := src[p.rec.UID], dst[p.d.uid2]
			if s == nil || d == nil || !r.lessons.habits.StandsFor(s, d) {
				continue
			}
			take, err := r.mayTake(ctx, p.d)
			if err != nil {
				return err
			}
			m.add(a.row, p.rec.UID, p.d, take, d.Exact)
		}
	}
	return nil
}

// add enters a message that was moved.
func (m *moves) add(to *folders.Row, uid imap.UID, d *departure, take bool, exact identity.Digest) {
	if m.into[to.From] == nil {
		m.into[to.From] = make(map[imap.UID]transfer.Moved)
	}
	m.into[to.From][uid] = transfer.Moved{Folder: d.folder2, UID: d.uid2, Validity: d.validity2, Take: take, Exact: exact}
	if m.held[d.folder2] == nil {
		m.held[d.folder2] = make(map[imap.UID]hold)
	}
	m.held[d.folder2][d.uid2] = toCopy
	if take {
		m.held[d.folder2][d.uid2] = toTake
	}
}

// mayTake reports whether a message may be taken from its folder on host2: if
// --delete2 would delete it there.
func (r *run) mayTake(ctx context.Context, d *departure) (bool, error) {
	del := &r.p.Deletion
	if !del.Delete2 || !del.UIDExpunge2 && !del.Expunge2 || r.keeps2() != "" || d.row == nil || d.shared || r.mergeOf(d.row).sources != 1 {
		return false, nil
	}
	if guard.RefuseFolder(d.from.facts, d.from.left, del.Delete2Max) != nil {
		return false, nil
	}
	if d.from.claims == nil {
		c, err := r.claimsOn(ctx, d.folder2, d.validity2, func(folder1 string) bool { return folder1 == d.folder1 })
		if err != nil {
			return false, err
		}
		d.from.claims = c
	}
	return d.from.claims.unsure == "" && !d.from.claims.others(d.uid2) && !r.pastOf(d.folder2, d.validity2).refused[d.uid2], nil
}

// claimsOn is what other runs have in a folder of host2, but for the folders of this account
// on host1 that leaveOut names.
func (r *run) claimsOn(ctx context.Context, folder2 string, validity2 uint32, leaveOut func(folder1 string) bool) (*claims, error) {
	others, err := r.others(ctx)
	if err != nil {
		return nil, err
	}
	c := newClaims()
	c.doubt(others.unread)
	self := r.journalPair()
	for i := range others.all {
		o := &others.all[i]
		same := o.Pair.SameHost1(self)
		for k := range o.Folders {
			f := &o.Folders[k]
			if r.sameFolder2(f.Name2, folder2) && (!same || !leaveOut(f.Name1)) {
				c.foreignFolder(f, o, validity2)
			}
		}
	}
	c.aliases(others, folder2, validity2)
	return c, nil
}

// noteTaken tells and notes that messages went from host2 folders to another.
func (r *run) noteTaken(taken map[string][]imap.UID, to event.Folder) {
	for name, uids := range taken {
		r.emit(event.MessagesDeleted{Side: 2, Folder: folderName(name), UIDs: numbers(uids), MovedTo: to.Text, Expunged: true})
		r.fewerOn2(name, int64(len(uids)))
		r.dst.touched[name] = true
	}
}

// fewerOn2 enters that n messages left a host2 folder whose turn may be over.
func (r *run) fewerOn2(name string, n int64) {
	for i := len(r.checks) - 1; i >= 0; i-- {
		if r.checks[i].fs.to.Raw == name {
			r.checks[i].Gone += n
			break
		}
	}
	for i := range r.done {
		if r.done[i].fs.to.Raw == name {
			r.done[i].expect2 -= n
		}
	}
}

// notEnding is err if it ends the run: what was moved is copied as usual otherwise.
func notEnding(err error) error {
	if isConnError(err) || isStopped(err) {
		return err
	}
	return nil
}

// entryOf is a message as it is known to the journal, nil for one that no proof can be
// built on.
func entryOf(e *journal.Entry) (identity.Key, bool) {
	return history.KeyOf(e), e.UID2 != 0 && !e.Cut && e.HasDate && e.Key != (journal.Key{})
}

// uidsThere are the UIDs of the selected folder, nil when it is not certain that they
// are all.
func uidsThere(ctx context.Context, k *link, opened *imapconn.SelectData) (map[imap.UID]bool, error) {
	var uids []imap.UID
	err := k.Do(ctx, func(c *imapconn.Conn) (err error) {
		uids, err = c.UIDSearch(ctx, "ALL")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	there := make(map[imap.UID]bool, len(uids))
	for _, uid := range uids {
		there[uid] = true
	}
	if !opened.Covers(maps.Keys(there)) {
		return nil, nil
	}
	return there, nil
}
