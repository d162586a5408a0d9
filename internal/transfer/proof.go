package transfer

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
func (c *Folder) believe(validity uint32, uid, after imap.UID) bool {
	return validity != 0 && validity == c.DstOpened.UIDValidity && uid >= c.Dst.NextUID() && uid > after
}

// proofRounds is how often messages are sent that host2 confirms and does not have.
const proofRounds = 2

// Prove makes sure, when everything was sent, that host2 has what it confirmed. What
// is missing is sent once more, and fails if it is not there then. It costs nothing
// where all UIDs were told and can be true; with --delete1, one round trip.
func (c *Folder) Prove(ctx context.Context) error {
	if c.run.Plan.Dry {
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
				c.fail(t, event.ErrNotStored, fmt.Sprintf("- msg %s/%d {%d} was sent to folder %s %d times, host2 said OK each time, and it is not there", c.From.Raw, t.UID(), t.Size(), c.To.Raw, round),
					"host2 loses messages: look at its log and at the space on its disk, then run again")
			}
			return nil
		}
		c.run.Control.Warn(fmt.Sprintf("Host2: folder [%s] does not have %d messages whose storing it confirmed: they are sent again", c.To.Raw, len(missing)))
		for _, t := range missing {
			c.takeBack(t)
		}
		v := &copyBatch{run: c.run, conns: c.conns, tasks: c.Messages, budget: semaphore.NewWeighted(c.run.budgetBytes)}
		if err := v.move(ctx); err != nil {
			return err
		}
	}
}

// unproved returns the messages that host2 confirmed and does not have.
func (c *Folder) unproved(ctx context.Context) ([]*Message, error) {
	look, again, refused := c.mustLook, false, false
	told := make([]imap.UID, 0, len(c.Messages))
	for i := range c.Messages {
		t := &c.Messages[i]
		if t.Outcome != Copied {
			continue
		}
		look = look || t.NewUID == 0
		again, refused = again || t.at2&resent2 != 0, refused || t.wasRefused()
		told = append(told, t.NewUID)
	}
	if len(told) == 0 {
		return nil, nil
	}
	slices.Sort(told)
	if len(slices.Compact(told)) < c.copiedNow() {
		look = true // one UID for two messages
	}
	if p := c.run.Plan; !look && !again && !refused && !p.Deletion.Delete1 && !p.Flags.SyncAfterCopy && !c.run.labels {
		return nil, nil // the counts are asked for at the end of the run; nothing depends on them before
	}
	if c.run.Control.Asked() {
		return nil, session.ErrStopped // the next run looks, before anything depends on it
	}
	if err := c.reenter(ctx, c.conns.Dst); err != nil {
		return nil, err
	}
	if !look && c.grewRight() && !again {
		return nil, nil
	}
	arrived, err := c.arrivals(ctx, c.conns.Dst)
	if err != nil {
		return nil, err
	}
	missing, err := c.resolve(ctx, arrived)
	if err != nil {
		return nil, err
	}
	return missing, c.removeDuplicates(ctx, arrived)
}

// copiedNow counts the messages copied.
func (c *Folder) copiedNow() (n int) {
	for i := range c.Messages {
		if c.Messages[i].Outcome == Copied {
			n++
		}
	}
	return n
}

// grewRight reports whether the folder, as it was opened just now, has grown by what
// was stored and by nothing else.
func (c *Folder) grewRight() bool {
	check := c.Expected()
	return check.Holds(CountOf(c.conns.Dst.Opened))
}

// Confirmed are the pairs that host2 confirmed.
func (c *Folder) Confirmed() (p PairRuns) {
	for i := range c.Messages {
		t := &c.Messages[i]
		if t.Outcome != Copied || t.NewUID == 0 || c.expunged && slices.Contains(t.Flags(), imap.FlagDeleted) {
			continue
		}
		p.Add(t.UID(), t.NewUID)
	}
	return p
}

// takeBack takes back that a message was copied.
func (c *Folder) takeBack(t *Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Outcome, t.NewUID, t.announced = Pending, 0, false
	t.at2 |= resent2
	c.Copied--
	c.run.Control.Emit(event.MessageMissing{From: c.From, To: c.To, UID: uint32(t.UID()), Bytes: t.Sent, Late: c.late})
}
