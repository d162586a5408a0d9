package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
)

const (
	// longestPause bounds the pauses that grow by themselves; a server may ask for
	// more (provider.MaxPause).
	longestPause = 5 * time.Minute
	// maxPauses in a row, without a message copied in between, end the run: at
	// their longest they take three quarters of an hour.
	maxPauses = 16
	// maxPutOff bounds how often one command or message is tried again because the
	// server is asked too much: by more than maxPauses, so that such a server ends
	// the run and fails no message. maxAgain is the same for a failure that may
	// pass.
	maxPutOff = maxPauses + 4
	maxAgain  = 3
	// After so long without being asked for patience twice as much is tried again,
	// up to what it was: quietLeast, or quietPauses times the last pause, so that
	// asking again and again costs an eighth of the time at most.
	quietLeast  = 2 * time.Minute
	quietPauses = 8
)

// calm is how a run backs off. Whoever hears that one server is asked too much
// makes both sides of all lanes rest: what one connection left undone another one
// would only be refused. Afterwards there are fewer lanes, and fewer commands
// under way on each, until the servers have been content for a while.
type calm struct {
	run *run

	mu sync.Mutex
	// until is when the rest is over; pauses is how many there were in a row,
	// copied how much was copied at the last of them.
	until  time.Time
	pauses int
	copied int64
	// halved is how often lanes and commands were halved, as of until; paused is
	// how long the last pause was.
	halved int
	paused time.Duration
	ended  bool
}

// hear takes a status reply of a side for what it may ask for.
func (g *calm) hear(s *side, reply *imapconn.Response) {
	v := s.classify(reply)
	entering := reply.Command == "LOGIN" || reply.Command == "AUTHENTICATE" || v.Action == provider.Full && reply.Command == ""
	switch {
	case v.Action == provider.DayStop:
		g.endDay(s, fmt.Sprintf("Host%d: the server lets nothing more through for now: %s", s.n, reply.Line()))
	case v.Throttled() && (!entering || v.For > 0):
		// One who is not let in makes nobody rest who is.
		g.rest(s, v.For, reply.Line())
	}
}

// endDay ends the run: there is no use in waiting.
func (g *calm) endDay(s *side, text string) {
	g.mu.Lock()
	told := g.ended
	g.ended = true
	g.mu.Unlock()
	g.run.control.StopFor(event.StopDay)
	if !told {
		g.run.fault(event.Error{Class: event.ErrTransferExceeded, Text: text,
			Hint: "run the same command again when it lets more through, often within a day: it continues here"})
	}
}

// rest makes everybody rest, for as long as the server says or longer each time.
// What was under way is refused as well, and is no new reason.
func (g *calm) rest(s *side, asked time.Duration, words string) {
	g.mu.Lock()
	now := time.Now()
	if g.until.After(now) {
		if !g.run.control.Paused() && now.Add(asked).After(g.until) {
			g.until = now.Add(asked)
		}
		g.mu.Unlock()
		return
	}
	if sum := g.run.transferred.Load(); sum != g.copied {
		g.copied, g.pauses = sum, g.pauses/2
	}
	g.pauses++
	wait := restFor(g.pauses, asked)
	over := g.pauses > maxPauses
	g.halved, g.paused = g.halvedAt(now)+1, wait
	g.until = now.Add(g.run.control.PauseOr(g.pauses, wait+jitter(wait)))
	g.mu.Unlock()
	if over {
		g.endDay(s, fmt.Sprintf("Host%d asks for pauses and takes nothing in between: %s", s.n, words))
		return
	}
	g.run.emit(event.Throttled{Side: s.n, For: wait, Why: fmt.Sprintf("host%d asks for it: %s", s.n, words)})
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

// wait waits until everybody may go on. It comes before whatever asks a server
// for something.
func (g *calm) wait(ctx context.Context) error { return g.waitFor(ctx, nil) }

// waitFor is wait for the owner of a link, whose connection is kept alive meanwhile.
func (g *calm) waitFor(ctx context.Context, k *link) error {
	for {
		g.mu.Lock()
		d := time.Until(g.until)
		g.mu.Unlock()
		if d <= 0 {
			return nil
		}
		if err := g.run.rest(ctx, d, k); err != nil {
			return err
		}
	}
}

// patience waits before something is tried again that failed for the n-th time,
// counting from 1: as long as everybody rests, or a little on its own.
func (g *calm) patience(ctx context.Context, n int) error {
	g.mu.Lock()
	resting := g.until.After(time.Now())
	g.mu.Unlock()
	if resting {
		return g.wait(ctx)
	}
	return g.run.control.Sleep(ctx, g.run.control.Pause(n))
}

// worthAnother reports whether something is to be tried again that was refused for
// the n-th time, counting from 1.
func worthAnother(v provider.Verdict, n int) bool {
	return v.Throttled() && n <= maxPutOff || v.Action == provider.Again && n <= maxAgain
}

// lanes is how many of n lanes may work.
func (g *calm) lanes(n int) int { return g.fewer(n) }

// commands is how many of n commands may be under way on a connection to s.
func (g *calm) commands(s *side, n int) int {
	if most := s.profile.Commands; most > 0 {
		n = min(n, most)
	}
	return g.fewer(n)
}

func (g *calm) fewer(n int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(n>>min(g.halvedAt(time.Now()), 30), 1)
}

// halvedAt is how often lanes and commands are halved at a moment. g.mu is held.
func (g *calm) halvedAt(now time.Time) int {
	quiet := max(now.Sub(g.until), 0)
	return max(g.halved-int(quiet/max(quietLeast, quietPauses*g.paused)), 0)
}
