package session

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
)

const (
	// maxPutOff bounds how often one command or message is tried again because the
	// server is asked too much: by more than MaxPauses, so that such a server ends
	// the run and fails no message. maxAgain is the same for a failure that may
	// pass.
	maxPutOff = MaxPauses + 4
	maxAgain  = 3
)

// Backoff is how one run does what the governors of its accounts say. Whoever hears
// that one server is asked too much makes both sides of all connections rest: what one
// connection left undone another one would only be refused, and what one side may not
// send the other may not, either. Afterwards there are fewer connections, and fewer
// commands under way on each, until the servers have been content for a while. Safe
// for concurrent use once the governors are known.
type Backoff struct {
	control   *Control
	progress  func() int64
	governors []*Governor
	ended     atomic.Bool

	// mu guards what follows: inRow is the pauses since something was copied last,
	// copied how much was by then.
	mu     sync.Mutex
	inRow  int
	copied int64
	// told is the end of the last rest that was asked of another account and told.
	told time.Time
}

// NewBackoff is the backing off of a run of which progress tells how much it has
// copied so far, in any unit.
func NewBackoff(c *Control, progress func() int64) *Backoff {
	return &Backoff{control: c, progress: progress}
}

// Join has the run obey a governor, until Leave.
func (b *Backoff) Join(g *Governor) {
	if !slices.Contains(b.governors, g) {
		b.governors = append(b.governors, g)
		g.join(b, b.progress)
	}
}

// Leave tells the governors that the run has ended.
func (b *Backoff) Leave() {
	for _, g := range b.governors {
		g.leave(b)
	}
}

// Observe takes a status reply of a side, and the verdict on it, for what it may ask
// for.
func (b *Backoff) Observe(g *Governor, n event.Side, reply *imapconn.Response, v provider.Verdict) {
	entering := reply.Command == "LOGIN" || reply.Command == "AUTHENTICATE" || v.Action == provider.Full && reply.Command == ""
	switch {
	case v.Action == provider.DayStop:
		b.end(fmt.Sprintf("Host%d: the server lets nothing more through for now: %s", n, reply.Line()))
	case v.Throttled() && (!entering || v.For > 0):
		// A login that is refused for the load is no reason for those to rest that
		// are logged in.
		wait, over := g.rest(b.control, v.For)
		switch {
		case over:
			b.end(fmt.Sprintf("Host%d asks for pauses and takes nothing in between: %s", n, reply.Line()))
		case wait > 0:
			b.control.Emit(event.Throttled{Side: n, For: wait, Why: fmt.Sprintf("host%d asks for it: %s", n, reply.Line())})
		}
	}
}

// end ends the run: there is no use in waiting.
func (b *Backoff) end(text string) {
	told := b.ended.Swap(true)
	b.control.StopFor(event.StopDay)
	if !told {
		b.control.Fault(event.Error{Class: event.ErrTransferExceeded, Text: text,
			Hint: "run the same command again when it lets more through, often within a day: it continues here"})
	}
}

// jitter is a little more to wait, so that those who were refused together do not
// come back together.
func jitter(wait time.Duration) time.Duration {
	return time.Duration(rand.Int64N(int64(min(wait/8, 10*time.Second)) + 1)) //nolint:gosec // no secret
}

// restFor is the length of the n-th pause in a row, 1 for the first.
func restFor(n int, asked time.Duration) time.Duration {
	return max(min(time.Second<<min(n-1, 20), longestPause), asked)
}

// left is how long the longest rest lasts from now.
func (b *Backoff) left() time.Duration {
	var d time.Duration
	for _, g := range b.governors {
		d = max(d, g.left())
	}
	return d
}

// Wait waits until everybody may go on. It comes before whatever asks a server for
// something.
func (b *Backoff) Wait(ctx context.Context) error { return b.WaitWith(ctx, nil) }

// WaitWith is Wait for who owns a connection, which is kept alive meanwhile.
func (b *Backoff) WaitWith(ctx context.Context, own Keeper) error {
	for {
		d := b.left()
		if d <= 0 {
			return nil
		}
		b.tellOther()
		if err := b.control.Rest(ctx, d, own); err != nil {
			return err
		}
	}
}

// tellOther tells once of a rest that a server asked of another account.
func (b *Backoff) tellOther() {
	b.mu.Lock()
	var until time.Time
	for _, g := range b.governors {
		if end := g.forAnother(); end.After(until) {
			until = end
		}
	}
	known := until.IsZero() || until.Equal(b.told)
	b.told = until
	b.mu.Unlock()
	if !known {
		b.control.TellWait(0, time.Until(until), "which the server asked for on another account")
	}
}

// Patience waits before something is tried again that failed for the n-th time,
// counting from 1: as long as everybody rests, or a little on its own, which grows as
// long as nothing is copied in between. The caller's own connection is kept alive
// meanwhile.
func (b *Backoff) Patience(ctx context.Context, n int, own Keeper) error {
	if b.left() > 0 {
		return b.WaitWith(ctx, own)
	}
	n = min(n, b.nextInRow())
	wait := b.control.Pause(n)
	if n == 1 {
		wait /= 2 // most of what passes does so at once
	}
	b.control.TellWait(0, wait, "before trying again what was refused")
	return b.control.Rest(ctx, wait, own)
}

// nextInRow counts a pause, and returns how many there were since something was copied.
func (b *Backoff) nextInRow() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := b.progress(); now != b.copied {
		b.copied, b.inRow = now, 0
	}
	b.inRow++
	return b.inRow
}

// WorthAnother reports whether something is to be tried again that was refused for
// the n-th time, counting from 1.
func WorthAnother(v provider.Verdict, n int) bool {
	return v.Throttled() && n <= maxPutOff || v.Action == provider.Again && n <= maxAgain
}

// Connections is how many of n pairs of connections may work.
func (b *Backoff) Connections(n int) int {
	halved := 0
	for _, g := range b.governors {
		halved += g.halvings()
	}
	return max(n>>min(halved, 30), 1)
}

// Commands is how many of n commands may be under way on a connection to the account
// of g.
func (b *Backoff) Commands(g *Governor, n int) int { return b.Connections(g.Commands(n)) }
