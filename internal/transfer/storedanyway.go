package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/session"
)

// A refusal is a claim, too: some servers store a message and then say NO, when a
// time-out or a filter strikes behind the store. Sent again, in whatever form, it would
// be there twice. So the folder is looked at before anything that was refused is sent
// again: its counts, in one round trip, and only where these have grown by more than
// was confirmed, what came.

// growthSince is what a host2 folder was like when it was last looked into for this, and
// what was confirmed since.
type growthSince struct {
	looked bool
	// now is what the folder was like, from the lowest UID of what came since.
	now  Count
	from imap.UID
	// stored counts what was confirmed since, uids are the UIDs told for it, untold the
	// messages for which none was told.
	stored int
	uids   []uidRun
	untold []*Message
}

// uidRun are UIDs that were told one after the other, as they are where one connection
// stores: then they take no room.
type uidRun struct{ first, last imap.UID }

// note notes that a message was confirmed. copier.mu is held.
func (g *growthSince) note(t *Message) {
	g.stored++
	if t.NewUID == 0 {
		g.untold = append(g.untold, t)
		return
	}
	if n := len(g.uids); n > 0 && g.uids[n-1].last+1 == t.NewUID {
		g.uids[n-1].last++
		return
	}
	g.uids = append(g.uids, uidRun{t.NewUID, t.NewUID})
}

// grewAsTold reports whether the folder, as it was opened just now, has grown by what was
// confirmed since the last look and by nothing else.
func (c *Folder) grewAsTold(now Count) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.growth.now
	if !c.growth.looked {
		was = CountOf(c.DstOpened)
	}
	if was.UIDNext != 0 && now.UIDNext != 0 && now.UIDNext-was.UIDNext != imap.UID(c.growth.stored) { //nolint:gosec // a number of messages
		return false
	}
	return int64(now.Messages)-int64(was.Messages) == int64(c.growth.stored)
}

// noneStored reports whether host2's folder is seen to hold nothing of these messages,
// which it refused, so that they may be sent again at once. Several connection pairs
// cannot tell.
func (d *appender) noneStored(ctx context.Context, items []*item) (bool, error) {
	c := items[0].t.c
	if items[0].t.at2&refused2 == 0 || d.v.work != nil {
		return items[0].t.at2&refused2 == 0, nil
	}
	if err := d.awaitAll(ctx); err != nil {
		return false, err
	}
	d.entered = nil // the look opens the folder in its own way
	if err := c.reenter(ctx, d.v.conns.Dst); err != nil {
		return false, err
	}
	if !c.grewAsTold(CountOf(d.v.conns.Dst.Opened)) {
		return false, nil
	}
	for _, it := range items {
		it.t.at2 &^= refused2
	}
	return true, nil
}

// lookAfterRefusals finds out which of the messages that host2 refused it has
// nevertheless, before any of them is sent again.
func (v *copyBatch) lookAfterRefusals(ctx context.Context) error {
	var of []*Folder
	refused := make(map[*Folder][]*Message)
	for i := range v.tasks {
		t := &v.tasks[i]
		if t.at2&refused2 == 0 {
			continue
		}
		t.at2 &^= refused2
		if !t.open() {
			continue
		}
		if refused[t.c] == nil {
			of = append(of, t.c)
		}
		refused[t.c] = append(refused[t.c], t)
	}
	for _, c := range of {
		err := c.lookFor(ctx, v.conns, refused[c])
		if err != nil && !session.EndsRun(err) {
			c.giveUp(err) // the other folders go on
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lookFor settles those of the tasks, which host2 refused, that it has.
func (c *Folder) lookFor(ctx context.Context, l *session.Pair, refused []*Message) error {
	if err := c.reenter(ctx, l.Dst); err != nil {
		return err
	}
	now := CountOf(l.Dst.Opened)
	if c.grewAsTold(now) {
		return nil
	}
	g := &c.growth
	from := max(g.from, c.newFrom())
	listed, err := c.since(ctx, l.Dst, from)
	if err != nil {
		return err
	}
	arrived := arrivalsOf(listed)
	c.mu.Lock()
	told := make(map[imap.UID]bool, g.stored)
	for _, run := range g.uids {
		for uid := run.first; ; uid++ {
			if told[uid] = true; uid == run.last {
				break // it may be the highest that there is
			}
		}
	}
	untold := g.untold
	c.growth = growthSince{looked: true, now: now, from: max(from, listed.LastUID()+1)}
	c.mu.Unlock()
	w := &whichArrived{c: c, conns: l}
	for _, t := range slices.Concat(refused, untold) {
		m := c.sentMessage(t)
		m.refused = t.Outcome == Pending
		w.sent = append(w.sent, m)
	}
	for i := range arrived {
		if a := &arrived[i]; !told[a.uid] && !c.Claimed[a.uid] {
			w.arrived = append(w.arrived, a)
		}
	}
	if err := w.find(ctx); err != nil {
		return err
	}
	found := 0
	for i, t := range refused {
		if uid := w.sent[i].UID; uid != 0 {
			c.settle(t, uid)
			found++
		}
	}
	if found > 0 {
		// They stand in the counts already.
		c.mu.Lock()
		c.growth.stored, c.growth.uids = 0, nil
		c.mu.Unlock()
		c.run.Control.Warn(fmt.Sprintf("Host2: folder [%s] has %d messages that it refused: they are not sent again", c.To.Raw, found))
	}
	return nil
}
