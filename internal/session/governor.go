package session

import (
	"strings"
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
}

// join enters a run, and how much it has copied so far. One that begins while nobody
// else is at work has no pauses behind it.
func (g *Governor) join(b *Backoff, progress func() int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.users) == 0 {
		g.users = make(map[*Backoff]func() int64)
		g.pauses = 0
	}
	g.users[b] = progress
}

func (g *Governor) leave(b *Backoff) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if progress, ok := g.users[b]; ok {
		g.done += progress()
		delete(g.users, b)
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

// count notes that an account has another number of connections.
func (h *hostState) count(before, now int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.connections += now - before
	switch {
	case before == 0 && now > 0:
		h.accounts++
	case before > 0 && now == 0:
		h.accounts--
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
// well, and is no new reason: then it returns 0.
func (g *Governor) rest(c *Control, asked time.Duration) (wait time.Duration, over bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.until.After(now) {
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
	return wait, g.pauses > MaxPauses
}

// left is how long the rest lasts from now.
func (g *Governor) left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Until(g.until)
}

// alone reports whether the server asked for a pause and is to hear nothing now. In a
// long one it hears from us again, since servers end sessions that are silent for
// minutes, and to log in anew costs both sides more than a NOOP.
func (g *Governor) alone() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	return now.Before(g.until) && now.Sub(g.until.Add(-g.paused)) < aloneFor
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

// Profile is what servers bear under a host name, as far as one of its accounts has
// found out; false before that.
func (gs *Governors) Profile(host string) (provider.Profile, bool) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	h := gs.hosts[strings.ToLower(host)]
	if h == nil {
		return provider.Profile{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.profile, h.known
}

// hostState is what the accounts of one host share.
type hostState struct {
	mu      sync.Mutex
	profile provider.Profile
	known   bool
	// connections are those of all accounts, accounts how many have any.
	connections, accounts int
}

// Governors are the governors of a process. The zero value is ready to use. Safe for
// concurrent use.
type Governors struct {
	mu    sync.Mutex
	of    map[account]*Governor
	hosts map[string]*hostState
}

// account is a user of a server, as the server counts.
type account struct {
	host string
	port int
	user string
}

// Of is the governor of a user of a host, always the same one. Port 0 is the usual one.
func (gs *Governors) Of(host string, port int, user string) *Governor {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	a := account{strings.ToLower(host), port, user}
	g := gs.of[a]
	if g == nil {
		if gs.of == nil {
			gs.of = make(map[account]*Governor)
			gs.hosts = make(map[string]*hostState)
		}
		if gs.hosts[a.host] == nil {
			gs.hosts[a.host] = new(hostState)
		}
		g = &Governor{host: gs.hosts[a.host]}
		gs.of[a] = g
	}
	return g
}
