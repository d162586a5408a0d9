package session

import (
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/pace"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// server is a host by which connections are counted; port 0 is the usual ones.
type server struct {
	host string
	port int
}

func serverOf(host string, port int) server {
	if port == 143 || port == 993 {
		port = 0
	}
	return server{plan.ServerName(host), port}
}

// Profile is what a server bears, as far as one of its accounts has found out; false
// before that. Ports 0, 143 and 993 are one server.
func (gs *Governors) Profile(host string, port int) (provider.Profile, bool) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	h := gs.hosts[serverOf(host, port)]
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

	// active are the accounts in use, done is what those copied that are not any more.
	active map[*Governor]struct{}
	done   int64
	// until is when the last pause that the server asked for is over, paused how long
	// it is; by is the account that was asked last, and beside what the others had
	// copied by then.
	until  time.Time
	paused time.Duration
	by     *Governor
	beside int64

	// cut is what other machines have of the host's limits: 1 is all of them.
	cut float64
}

// Governors are the governors of a process. The zero value is ready to use. Safe for
// concurrent use.
type Governors struct {
	mu     sync.Mutex
	of     map[account]*Governor
	hosts  map[server]*hostState
	limits map[limitKey]*sharedLimit
}

// account is a user of a server, as the server counts.
type account struct {
	server
	user string
}

// Of is the governor of a user of a host, always the same one, however both are spelled: most
// servers take users without case. Port 0 is the usual one.
func (gs *Governors) Of(host string, port int, user string) *Governor {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	a := account{serverOf(host, port), strings.ToLower(user)}
	g := gs.of[a]
	if g == nil {
		if gs.of == nil {
			gs.of = make(map[account]*Governor)
			gs.hosts = make(map[server]*hostState)
		}
		if gs.hosts[a.server] == nil {
			gs.hosts[a.server] = new(hostState)
		}
		g = &Governor{host: gs.hosts[a.server]}
		gs.of[a] = g
	}
	return g
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

// enter and leave note that an account begins and ends to be in use. The caller holds
// the account's own lock; none of a host's is held when an account's is taken.
func (h *hostState) enter(g *Governor) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.active == nil {
		h.active = make(map[*Governor]struct{})
	}
	h.active[g] = struct{}{}
	h.done -= g.done // it counts by itself again
}

func (h *hostState) leave(g *Governor) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.active, g)
	h.done += g.done
}

// progressBeside is how much all accounts but one have copied.
func (h *hostState) progressBeside(g *Governor) int64 {
	h.mu.Lock()
	sum := h.done
	others := make([]*Governor, 0, len(h.active))
	for other := range h.active {
		if other != g {
			others = append(others, other)
		}
	}
	h.mu.Unlock()
	for _, other := range others {
		other.mu.Lock()
		sum += other.progress()
		other.mu.Unlock()
	}
	return sum
}

// resting is until when the whole host rests.
func (h *hostState) resting() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.until
}

// rest has all accounts rest since one was asked to; others is what these have copied.
// Where the server counts by account (provider.Profile), or asks the same account again
// while it served others in between, that is no reason for the others.
func (h *hostState) rest(g *Governor, until time.Time, wait time.Duration, others int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	alone := h.profile.PerAccount || h.by == g && others != h.beside
	h.by, h.beside = g, others
	if !alone && until.After(h.until) {
		h.until, h.paused = until, wait
	}
}

// limitKey names a limit a second: all runs that keep the same one with the same host
// keep it together.
type limitKey struct {
	server
	side      int
	bytes     bool
	perSecond float64
}

// sharedLimit is a limit of a host, and how many runs keep it at present.
type sharedLimit struct {
	limit *pace.Limiter
	users int
}

// limit is the limit of that many units a second with a host, for one more run until
// done is called. users is how many keep it.
func (gs *Governors) limit(key limitKey, clock pace.Clock) (l *pace.Limiter, users func() int, done func()) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	s := gs.limits[key]
	if s == nil {
		if gs.limits == nil {
			gs.limits = make(map[limitKey]*sharedLimit)
		}
		s = &sharedLimit{limit: pace.New(key.perSecond, nil, clock)}
		if share := gs.shareOf(key.server); share < 1 {
			s.limit.Vary()
			s.limit.SetRate(max(key.perSecond*share, leastRate))
		}
		gs.limits[key] = s
	}
	s.users++
	count := func() int {
		gs.mu.Lock()
		defer gs.mu.Unlock()
		return max(s.users, 1)
	}
	leave := sync.OnceFunc(func() {
		gs.mu.Lock()
		defer gs.mu.Unlock()
		s.users--
	})
	return s.limit, count, leave
}
