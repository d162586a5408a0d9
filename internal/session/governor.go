package session

import (
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/provider"
)

const (
	// longestPause bounds the pauses that grow by themselves; a server may ask for
	// more (provider.MaxPause).
	longestPause = 5 * time.Minute
	// MaxPauses in a row, without a message copied in between, end the run: at
	// their longest they take three quarters of an hour.
	MaxPauses = 16
	// After so long without being asked for patience twice as much is tried again,
	// up to what it was: quietLeast, or quietPauses times the last pause, so that
	// asking again and again costs an eighth of the time at most.
	quietLeast  = 2 * time.Minute
	quietPauses = 8
	// aloneFor is how long a server that asked for a pause hears nothing at all.
	aloneFor = 5 * time.Minute
)

// Governor is what one account of one host bears, for all runs of the process that
// use it: until when everybody rests, by how much less is asked of it than of others,
// and how many connections it has. The zero value is an account of which nothing is
// known. Safe for concurrent use.
type Governor struct {
	mu sync.Mutex
	// users are the runs that use the account, each by a function that tells how
	// much it has copied; done is what those copied that have ended.
	users map[*Backoff]func() int64
	done  int64

	profile     provider.Profile
	connections int
	host        *hostState // nil for an account by itself

	// until is when the rest is over; pauses is how many there were in a row,
	// copied how much was copied at the last of them.
	until  time.Time
	pauses int
	copied int64
	// halved is how often connections and commands were halved, as of until; paused
	// is how long the last pause was.
	halved int
	paused time.Duration

	// moved is what went over its lines, see traffic.
	moved map[traffic]int64
}

// join enters a run, and how much it has copied so far. One that begins while nobody
// else is at work has no pauses behind it.
func (g *Governor) join(b *Backoff, progress func() int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.users) == 0 {
		g.users = make(map[*Backoff]func() int64)
		g.pauses = 0
		if g.host != nil {
			g.host.enter(g)
		}
	}
	g.users[b] = progress
}

func (g *Governor) leave(b *Backoff) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if progress, ok := g.users[b]; ok {
		g.done += progress()
		delete(g.users, b)
		if len(g.users) == 0 && g.host != nil {
			g.host.leave(g)
		}
	}
}

// progress is how much all runs have copied. g.mu is held.
func (g *Governor) progress() int64 {
	sum := g.done
	for _, progress := range g.users {
		sum += progress()
	}
	return sum
}

// Learn sets what servers of this kind bear.
func (g *Governor) Learn(p provider.Profile) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.profile = p
	if h := g.host; h != nil {
		h.mu.Lock()
		h.profile, h.known = p, true
		h.mu.Unlock()
	}
}

// Opened and Closed count the connections to the account.
func (g *Governor) Opened() { g.count(1) }

// Closed is the counterpart of Opened.
func (g *Governor) Closed() { g.count(-1) }

func (g *Governor) count(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.connections
	g.connections = max(g.connections+n, 0)
	if g.host != nil {
		g.host.count(before, g.connections)
	}
}

// Room reports whether the account bears one more connection than all runs have.
// Where connections are counted by address, several accounts at the same time have
// one each, so that none takes another's.
func (g *Governor) Room() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	most := g.profile.Connections
	if most <= 0 {
		return true
	}
	if h := g.host; h != nil && g.profile.PerAddress {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.accounts <= 1 && h.connections < most
	}
	return g.connections < most
}

// Commands is how many of n commands may be under way on one connection, as far as
// servers of this kind bear them.
func (g *Governor) Commands(n int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if most := g.profile.Commands; most > 0 {
		n = min(n, most)
	}
	return n
}

// rest has everybody rest, for as long as the server asks or longer each time, and
// returns how long, and whether that is too often. What was under way is refused as
// well, and is no new reason: then it returns 0. The other accounts of the host rest as
// long, unless it turned out that it is about this one alone.
func (g *Governor) rest(c *Control, asked time.Duration) (wait time.Duration, over bool) {
	var others int64
	if g.host != nil {
		others = g.host.progressBeside(g)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.until.After(now) || g.host != nil && g.host.resting().After(now) {
		if !c.Paused() && now.Add(asked).After(g.until) {
			g.until = now.Add(asked)
		}
		return 0, false
	}
	if sum := g.progress(); sum != g.copied {
		g.copied, g.pauses = sum, g.pauses/2
	}
	g.pauses++
	wait = restFor(g.pauses, asked)
	g.halved, g.paused = g.halvedAt(now)+1, wait
	g.until = now.Add(c.PauseOr(g.pauses, wait+jitter(wait)))
	if g.host != nil {
		g.host.rest(g, g.until, wait, others)
	}
	return wait, g.pauses > MaxPauses
}

// left is how long the rest lasts from now.
func (g *Governor) left() time.Duration {
	until, _ := g.resting()
	return time.Until(until)
}

// resting is until when the account rests, and how long its last pause is.
func (g *Governor) resting() (until time.Time, paused time.Duration) {
	g.mu.Lock()
	until, paused = g.until, g.paused
	g.mu.Unlock()
	if h := g.host; h != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.until.After(until) {
			until, paused = h.until, h.paused
		}
	}
	return until, paused
}

// forAnother is the end of a rest that the server asked of another account of the
// host, zero when there is none.
func (g *Governor) forAnother() time.Time {
	until, _ := g.resting()
	g.mu.Lock()
	defer g.mu.Unlock()
	if until.Equal(g.until) || time.Until(until) <= 0 {
		return time.Time{}
	}
	return until
}

// alone reports whether the server asked for a pause and is to hear nothing now. In a
// long one it hears from us again, since servers end sessions that are silent for
// minutes, and to log in anew costs both sides more than a NOOP.
func (g *Governor) alone() bool {
	until, paused := g.resting()
	now := time.Now()
	return now.Before(until) && now.Sub(until.Add(-paused)) < aloneFor
}

// halvings is how often connections and commands are halved at present.
func (g *Governor) halvings() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.halvedAt(time.Now())
}

// halvedAt is halvings at a moment. g.mu is held.
func (g *Governor) halvedAt(now time.Time) int {
	quiet := max(now.Sub(g.until), 0)
	return max(g.halved-int(quiet/max(quietLeast, quietPauses*g.paused)), 0)
}
