package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/semaphore"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/session"
)

// An OK to APPEND is a claim. Some servers say it and store nothing, lose what they
// stored, or name the UID of another message (docs/design.md, what we believe of a
// server). A message counts as copied for good when its UID can be what it says and
// the folder has grown by just as many messages and UIDs as were stored; or when it
// was found there.

// believe reports whether a UID told by APPENDUID or COPYUID can be that of a message
// just stored: of the folder as it was opened, above all that was there, and above
// after, the last one told on this connection (RFC 4315 section 3; UIDs ascend in
// the order of arrival, RFC 9051 section 2.3.1.1).
func (c *copier) believe(validity uint32, uid, after imap.UID) bool {
	return validity != 0 && validity == c.dstOpened.UIDValidity && uid >= c.dst.NextUID() && uid > after
}

// proofRounds is how often messages are sent that host2 confirms and does not have.
const proofRounds = 2

// prove makes sure, when everything was sent, that host2 has what it confirmed. What
// is missing is sent once more, and fails if it is not there then. It costs nothing
// where all UIDs were told and can be true; with --delete1, one round trip.
func (c *copier) prove(ctx context.Context) error {
	if c.run.p.Dry {
		return nil
	}
	for round := 1; ; round++ {
		missing, err := c.unproved(ctx)
		if err != nil || len(missing) == 0 {
			return err
		}
		if round == proofRounds {
			for _, t := range missing {
				c.takeBack(t)
				c.fail(t, event.ErrNotStored, fmt.Sprintf("- msg %s/%d {%d} was sent to folder %s %d times, host2 said OK each time, and it is not there", c.from.Raw, t.uid, t.size, c.to.Raw, round),
					"host2 loses messages: look at its log and at the space on its disk, then run again")
			}
			return nil
		}
		c.run.control.Warn(fmt.Sprintf("Host2: folder [%s] does not have %d messages whose storing it confirmed: they are sent again", c.to.Raw, len(missing)))
		for _, t := range missing {
			c.takeBack(t)
		}
		v := &convoy{run: c.run, lane: c.lane, tasks: c.tasks, budget: semaphore.NewWeighted(c.run.budgetBytes)}
		if err := v.move(ctx); err != nil {
			return err
		}
	}
}

// unproved returns the messages that host2 confirmed and does not have.
func (c *copier) unproved(ctx context.Context) ([]*task, error) {
	look, again, refused := c.mustLook, false, false
	told := make([]imap.UID, 0, len(c.tasks))
	for i := range c.tasks {
		t := &c.tasks[i]
		if t.fate != copied {
			continue
		}
		look = look || t.newUID == 0
		again, refused = again || t.resent, refused || t.wasRefused()
		told = append(told, t.newUID)
	}
	if len(told) == 0 {
		return nil, nil
	}
	slices.Sort(told)
	if len(slices.Compact(told)) < c.copiedNow() {
		look = true // one UID for two messages
	}
	if p := c.run.p; !look && !again && !refused && !p.Deletion.Delete1 && !p.Flags.SyncAfterCopy && !c.run.labels {
		return nil, nil // the counts are asked for at the end of the run; nothing depends on them before
	}
	if c.run.control.Asked() {
		return nil, session.ErrStopped // the next run looks, before anything depends on it
	}
	if err := c.reenter(ctx, c.lane.Dst); err != nil {
		return nil, err
	}
	if !look && c.grewRight() && !again {
		return nil, nil
	}
	arrived, err := c.arrivals(ctx, c.lane.Dst)
	if err != nil {
		return nil, err
	}
	missing, err := c.resolve(ctx, arrived)
	if err != nil {
		return nil, err
	}
	return missing, c.removeTwins(ctx, arrived)
}

// copiedNow counts the messages copied.
func (c *copier) copiedNow() (n int) {
	for i := range c.tasks {
		if c.tasks[i].fate == copied {
			n++
		}
	}
	return n
}

// grewRight reports whether the folder, as it was opened just now, has grown by what
// was stored and by nothing else.
func (c *copier) grewRight() bool {
	check := c.expected()
	return check.holds(countOf(c.lane.Dst.Opened))
}

// claims are the pairs that host2 confirmed.
func (c *copier) claims() (p pairRuns) {
	for i := range c.tasks {
		t := &c.tasks[i]
		if t.fate != copied || t.newUID == 0 || c.expunged && slices.Contains(t.flags(), imap.FlagDeleted) {
			continue
		}
		p.add(t.uid, t.newUID)
	}
	return p
}

// takeBack takes back that a message was copied.
func (c *copier) takeBack(t *task) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.fate, t.newUID, t.announced, t.resent = pending, 0, false, true
	c.Copied--
	c.run.control.Emit(event.MessageMissing{From: c.from, To: c.to, UID: uint32(t.uid), Bytes: t.sent, Late: c.late})
}
