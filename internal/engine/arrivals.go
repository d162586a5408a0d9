package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transform"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// After a lost connection nobody knows what became of the messages on it. What
// has arrived on host2 since the folder was listed tells, and nothing else is
// read (design.md section 4).

// arrival is a message found on host2 after a lost connection.
type arrival struct {
	uid  imap.UID
	size int64 // RFC822.SIZE
	key  identity.Key
}

// doubtKey of a task: the key it was sent with, without what was added to tell
// lookalikes apart, which the destination's headers do not show.
func (fs *folderSync) doubtKey(t *task) identity.Key {
	if t.sentKey != nil {
		return t.sentKey.Base()
	}
	return fs.src.Recs[t.src].Key.Base()
}

// altering reports whether messages may be sent with other bytes than they have
// on host1, so that the key of each is known only when it is sent.
func (r *run) altering() bool { return r.pipeline.Active() || r.pipeline.AddHeader }

// sign finds out under which key host2 will list the altered bytes of a message.
func (c *copier) sign(it *item, msg []byte) error {
	fs := c.fs
	header, _ := transform.SplitHeader(msg)
	hasher := identity.NewHasher(fs.run.identity)
	key, outcome, err := hasher.FromFields(header, int64(len(msg)))
	p := &fs.run.p.Identity
	if err == nil && outcome != identity.Identified && !p.HeadersGiven && p.WholeHeaderIfNeeded {
		key, outcome, err = hasher.FromHeader(header, int64(len(msg)))
	}
	if err != nil {
		return err
	}
	t := it.t
	content := identity.ContentOf(msg)
	t.sentContent = &content
	_, alike := fs.alike[key]
	switch {
	case outcome != identity.Identified && p.HeadersGiven:
		return nil // it will have no identity there
	case outcome != identity.Identified:
		key = content.Key()
	case alike:
		key = content.Key()
		if plain, ok := fs.plainOf[key]; ok {
			key = plain
		}
	}
	if t.sentKey == nil && key == fs.src.Recs[t.src].Key || t.sentKey != nil && key == *t.sentKey {
		return nil
	}
	t.sentKey, it.signed = &key, true
	return nil
}

// reenter selects the host2 folder afresh, so that the number of its messages is
// the present one.
func (fs *folderSync) reenter(ctx context.Context, k *link) error {
	opened, err := k.open(ctx, fs.to.Raw, true)
	if err != nil {
		return err
	}
	if opened.UIDValidity != fs.dstOpened.UIDValidity {
		return &errRebuilt{fs.to.Raw}
	}
	return nil
}

// settleDoubts finds out what became of those of the tasks, of one or more folders,
// of which nobody knows. Those that did not arrive are marked lost.
//
// A server may still be busy with what it received before the connection was
// lost. So one look is enough only if everything has arrived; otherwise it takes
// two between which nothing came.
func (r *run) settleDoubts(ctx context.Context, l *lane, tasks []task) error {
	var open []*inquiry
	for from := 0; from < len(tasks); {
		to := from + 1
		for to < len(tasks) && tasks[to].c == tasks[from].c {
			to++
		}
		q := &inquiry{c: tasks[from].c, tasks: tasks[from:to]}
		if q.doubts() > 0 {
			open = append(open, q)
		}
		from = to
	}
	for len(open) > 0 {
		still := open[:0]
		for _, q := range open {
			done, err := q.look(ctx, l)
			if err != nil {
				return err
			}
			if !done {
				still = append(still, q)
			}
		}
		if open = still; len(open) == 0 {
			return nil
		}
		if err := r.sleep(ctx, r.pause(1)); err != nil {
			return err
		}
	}
	return nil
}

// inquiry looks for the doubtful ones of one folder's tasks.
type inquiry struct {
	c     *copier
	tasks []task
	// looks were made so far; the last one saw so many arrivals.
	looks, seen int
}

func (q *inquiry) doubts() (n int) {
	for i := range q.tasks {
		if t := &q.tasks[i]; t.fate == pending && t.doubtful {
			n++
		}
	}
	return n
}

// look reads once what arrived, and reports whether that settles the matter.
func (q *inquiry) look(ctx context.Context, l *lane) (done bool, err error) {
	if err := q.c.fs.reenter(ctx, l.dst); err != nil {
		return false, err
	}
	arrived, err := q.c.fs.arrivals(ctx, l.dst)
	if err != nil {
		return false, err
	}
	found, err := q.c.match(ctx, l, q.tasks, arrived)
	if err != nil {
		return false, err
	}
	quiet := q.looks > 0 && len(arrived) == q.seen
	q.looks, q.seen = q.looks+1, len(arrived)
	if len(found) < q.doubts() && !quiet {
		return false, nil
	}
	for i := range q.tasks {
		t := &q.tasks[i]
		if t.fate != pending || !t.doubtful {
			continue
		}
		if uid, ok := found[t]; ok {
			q.c.settle(t, uid)
			continue
		}
		t.doubtful, t.lost, t.resent = false, true, true
	}
	return true, nil
}

// recover opens what was lost outside a convoy and settles the messages in doubt.
func (c *copier) recover(ctx context.Context, cause error) error {
	if err := c.lane.reopen(ctx, cause); err != nil {
		return err
	}
	err := c.fs.run.settleDoubts(ctx, c.lane, c.tasks)
	for i := range c.tasks {
		c.tasks[i].lost = false
	}
	return err
}

// match finds the doubtful ones of tasks among the messages that arrived whole.
func (c *copier) match(ctx context.Context, l *lane, tasks []task, arrived []arrival) (map[*task]imap.UID, error) {
	for {
		found := c.pairUp(tasks, arrived)
		var short []couple
		for t, a := range found {
			if a.size < t.sent {
				short = append(short, couple{t.uid, a.uid, t.sentContent})
			}
		}
		torn, err := c.fs.findTorn(ctx, l, short)
		if err != nil {
			return nil, err
		}
		if torn > 0 {
			continue
		}
		uids := make(map[*task]imap.UID, len(found))
		for t, a := range found {
			uids[t] = a.uid
		}
		return uids, nil
	}
}

// pairUp finds the doubtful ones of tasks among the arrivals, by key.
func (c *copier) pairUp(tasks []task, arrived []arrival) map[*task]arrival {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := make(map[identity.Key][]*task)
	for i := range tasks {
		if t := &tasks[i]; t.fate == pending && t.doubtful {
			k := c.fs.doubtKey(t)
			open[k] = append(open[k], t)
		}
	}
	// Messages that host2 confirmed without telling their UIDs are among the
	// arrivals, too, and must not be taken for others with the same key.
	anonymous := make(map[identity.Key]int)
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == copied && t.newUID == 0 {
			anonymous[c.fs.doubtKey(t)]++
		}
	}
	found := make(map[*task]arrival)
	for _, a := range arrived {
		if c.fs.delivered[a.uid] || c.fs.torn[a.uid] {
			continue // confirmed before the connection was lost, or useless
		}
		if anonymous[a.key] > 0 {
			anonymous[a.key]--
			continue
		}
		if ts := open[a.key]; len(ts) > 0 {
			open[a.key] = ts[1:]
			found[ts[0]] = a
		}
	}
	return found
}

// couple is a message on both sides that may be torn on host2; sent is what was
// sent, nil for what host1 has.
type couple struct {
	uid1, uid2 imap.UID
	sent       *identity.Content
}

// findTorn finds out which of the messages that came out shorter than they were
// sent are not whole: some servers keep what they have when the connection is
// lost in the middle of a message. Their UIDs are added to fs.torn; their number
// is returned. Those of which only line ends were changed are whole.
func (fs *folderSync) findTorn(ctx context.Context, l *lane, short []couple) (torn int, err error) {
	if len(short) == 0 {
		return 0, nil
	}
	var whole [2]map[imap.UID]identity.Content
	for i, k := range []*link{l.src, l.dst} {
		uids := make([]imap.UID, 0, len(short))
		for _, s := range short {
			switch {
			case i == 1:
				uids = append(uids, s.uid2)
			case s.sent == nil:
				uids = append(uids, s.uid1)
			}
		}
		if len(uids) == 0 {
			continue
		}
		if i == 0 {
			k.assume(fs.from.Raw, fs.writable1(), fs.srcOpened)
		}
		slices.Sort(uids)
		err := k.do(ctx, func(conn *imapconn.Conn) error {
			whole[i] = make(map[imap.UID]identity.Content, len(uids))
			return fs.contents(ctx, conn, uids, func(uid imap.UID, _ []byte, what identity.Content) error {
				whole[i][uid] = what
				return nil
			})
		})
		if err != nil {
			return 0, err
		}
	}
	if fs.torn == nil {
		fs.torn = make(map[imap.UID]bool)
	}
	for _, s := range short {
		a, ok1 := whole[0][s.uid1]
		if s.sent != nil {
			a, ok1 = *s.sent, true
		}
		if b, ok2 := whole[1][s.uid2]; ok1 && ok2 && a.Loose == b.Loose {
			continue
		}
		fs.torn[s.uid2] = true
		torn++
		fs.run.warn(fmt.Sprintf("Host2: folder [%s]: message UID %d is only the beginning of host1's UID %d, whose sending was interrupted; it is sent again, and the torn one can be deleted", fs.to.Raw, s.uid2, s.uid1))
	}
	return torn, nil
}

// arrivals lists what came to the host2 folder since it was listed. All of it is
// identified as a listing does, lookalikes by content.
func (fs *folderSync) arrivals(ctx context.Context, k *link) ([]arrival, error) {
	l := &lister{fs: fs, k: k, n: 2}
	var out []arrival
	err := k.do(ctx, func(c *imapconn.Conn) error {
		out = out[:0]
		now, err := l.since(ctx, c, fs.dst.NextUID())
		if err != nil {
			return err
		}
		return fs.tellArrivals(ctx, c, now, &out)
	})
	return out, err
}

// since lists the messages of the selected folder from a UID on.
func (l *lister) since(ctx context.Context, c *imapconn.Conn, from imap.UID) (*listing.Listing, error) {
	now := &listing.Listing{Complete: true}
	if l.k.opened.Exists == 0 {
		return now, nil // some servers refuse a range in an empty folder
	}
	stream := c.Fetch(l.items())
	if err := stream.AskRange(ctx, from, 0); err != nil {
		return nil, err
	}
	if err := l.drain(ctx, stream, now); err != nil {
		return nil, err
	}
	if err := rangeErr(stream); err != nil {
		return nil, err
	}
	now.Sort()
	// "n:*" names the last message even below n.
	now.Recs = slices.DeleteFunc(now.Recs, func(r listing.Record) bool { return r.UID < from })
	return now, l.nameTheRest(ctx, c, now)
}

// tellArrivals adds the arrivals of a listing; those whose plain key belongs to
// lookalikes are identified by content, as on host1.
func (fs *folderSync) tellArrivals(ctx context.Context, c *imapconn.Conn, now *listing.Listing, out *[]arrival) error {
	var ask []imap.UID
	for i := range now.Recs {
		r := &now.Recs[i]
		if !r.Is(listing.HasKey) {
			continue
		}
		if _, ok := fs.alike[r.Key]; ok {
			ask = append(ask, r.UID)
			continue
		}
		*out = append(*out, arrival{r.UID, r.Size, r.Key.Base()})
	}
	if len(ask) == 0 {
		return nil
	}
	return fs.contents(ctx, c, ask, func(uid imap.UID, _ []byte, content identity.Content) error {
		if now.Find(uid) < 0 {
			return nil // a FETCH reply that nobody asked for
		}
		key := content.Key()
		if plain, ok := fs.plainOf[key]; ok {
			key = plain
		}
		*out = append(*out, arrival{uid, now.Recs[now.Find(uid)].Size, key})
		return nil
	})
}

// stale is the age at which an interrupted run's last batch can not arrive any
// more.
const stale = time.Hour

// awaitDoubt lists host2's folder on until nothing more arrives, when an earlier
// run ended in the middle of sending: its server may not be through yet with what
// it had received.
func (fs *folderSync) awaitDoubt(ctx context.Context, l *lister) error {
	k := fs.known
	if k == nil || !k.usable || !k.folder.HasDoubt() || fs.run.p.Dry || !fs.dst.Complete || !fs.dst.Whole {
		return nil
	}
	batches, err := k.folder.InDoubt()
	if err != nil {
		fs.run.journalFailed(err)
		return nil
	}
	for _, b := range batches {
		if time.Since(b.Begun) > stale {
			return nil
		}
	}
	fs.run.note(fmt.Sprintf("Host2: folder [%s] was being filled when the last run ended: waiting until nothing arrives there any more", fs.to.Raw))
	// The first folder waits for all of them.
	wait := fs.run.pause(1)
	if fs.run.awaited {
		wait = 0
	}
	fs.run.awaited = true
	for ; ; wait = fs.run.pause(1) {
		if err := fs.run.sleep(ctx, wait); err != nil {
			return err
		}
		if err := fs.reenter(ctx, l.k); err != nil {
			return err
		}
		var now *listing.Listing
		err := l.k.do(ctx, func(c *imapconn.Conn) (err error) {
			now, err = l.since(ctx, c, fs.dst.NextUID())
			return err
		})
		if err != nil {
			return err
		}
		if len(now.Recs) == 0 {
			return nil
		}
		fs.dst.Recs = append(fs.dst.Recs, now.Recs...)
	}
}

// lookAfter makes up for what the replies to APPEND did not tell, when everything
// was sent.
func (c *copier) lookAfter(ctx context.Context) error {
	var twins, lost bool
	for i := range c.tasks {
		t := &c.tasks[i]
		twins = twins || t.resent && t.fate == copied
		lost = lost || t.sentKey != nil && t.fate == copied && t.newUID == 0
	}
	if !twins && !lost || c.fs.run.p.Dry {
		return nil
	}
	if err := c.fs.reenter(ctx, c.lane.dst); err != nil {
		return err
	}
	arrived, err := c.fs.arrivals(ctx, c.lane.dst)
	if err != nil {
		return err
	}
	if lost {
		c.locate(arrived)
	}
	return c.removeTwins(ctx, arrived)
}

// locate finds the messages that were sent under a key of their own to a server
// that does not tell their UIDs: nothing else would lead from one side to the
// other at the next run.
func (c *copier) locate(arrived []arrival) {
	fs := c.fs
	open := make(map[identity.Key][]*task)
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == copied && t.newUID == 0 {
			k := fs.doubtKey(t)
			open[k] = append(open[k], t)
		}
	}
	for _, a := range arrived {
		if ts := open[a.key]; len(ts) > 0 && !fs.delivered[a.uid] && !fs.torn[a.uid] {
			open[a.key] = ts[1:]
			ts[0].newUID = a.uid
			fs.delivered[a.uid] = true
		}
	}
}

// removeTwins looks among what arrived whether messages that were sent again, since
// they had not arrived, came twice after all. Of two messages that this program has
// stored, and that are the same to the last byte, it removes the one of which
// host2 has told that it came of the second sending.
func (c *copier) removeTwins(ctx context.Context, arrived []arrival) error {
	fs := c.fs
	again := make(map[identity.Key][]*task)
	for i := range c.tasks {
		if t := &c.tasks[i]; t.resent && t.fate == copied {
			k := fs.doubtKey(t)
			again[k] = append(again[k], t)
		}
	}
	k := c.lane.dst
	twins := make(map[imap.UID]imap.UID) // of the second sending -> of the first
	byUID := make(map[imap.UID]*task)
	var read []imap.UID
	for _, a := range arrived {
		ts := again[a.key]
		if fs.delivered[a.uid] || fs.torn[a.uid] || len(ts) == 0 {
			continue
		}
		t := ts[0]
		again[a.key] = ts[1:]
		if t.newUID == 0 {
			continue // without UIDPLUS the only one can not be told from a second one
		}
		twins[t.newUID], byUID[t.newUID] = a.uid, t
		read = append(read, a.uid, t.newUID)
	}
	if len(twins) == 0 {
		return nil
	}
	content := make(map[imap.UID]identity.Content)
	slices.Sort(read)
	err := k.do(ctx, func(conn *imapconn.Conn) error {
		return fs.contents(ctx, conn, read, func(uid imap.UID, _ []byte, what identity.Content) error {
			content[uid] = what
			return nil
		})
	})
	if err != nil {
		return err
	}
	var gone []imap.UID
	for second, first := range twins {
		if a, ok := content[first]; ok && a == content[second] {
			gone = append(gone, second)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	text := fmt.Sprintf("Host2: folder [%s]: %d messages sent again after a lost connection had arrived the first time", fs.to.Raw, len(gone))
	if !k.conn.Has(imap.CapUIDPlus) {
		fs.problem(event.ErrUnclassified, text+"; the server has no UID EXPUNGE, so they are there twice", "use --delete2duplicates")
		return nil
	}
	err = k.do(ctx, func(conn *imapconn.Conn) error {
		set := uidset.Sorted(gone)
		if _, err := conn.UIDStore(ctx, set, []imap.Flag{imap.FlagDeleted}, imapconn.StoreOptions{Op: imap.StoreFlagsAdd, Silent: true}); err != nil {
			return err
		}
		return conn.UIDExpunge(ctx, set)
	})
	if err != nil && !isRefusal(err) {
		return err
	}
	if err != nil {
		fs.problem(event.ErrUnclassified, fmt.Sprintf("%s, and the second ones can not be removed: %v", text, err), "use --delete2duplicates")
		return nil
	}
	for _, uid := range gone {
		t := byUID[uid]
		delete(fs.delivered, uid)
		t.newUID = twins[uid]
		fs.delivered[t.newUID] = true
	}
	fs.run.note(text + "; the second ones were removed")
	return nil
}
