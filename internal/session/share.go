package session

import "time"

// What a host bears may be shared by processes on several machines, which somebody else
// divides (internal/hub).

// leastRate is what goes a second where a share is nearly nothing: a limit cannot be zero.
const leastRate = 0.01

// SetShare has all runs with a host, present and future ones, keep so much of their limits
// a second together, from 0 to 1. Ports 0, 143 and 993 are one server.
func (gs *Governors) SetShare(host string, port int, share float64) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	at := serverOf(host, port)
	h := gs.hostOf(at)
	h.mu.Lock()
	same := h.cut == 1-share
	h.cut = 1 - share
	h.mu.Unlock()
	if same {
		return
	}
	for key, l := range gs.limits {
		if key.server == at {
			l.limit.Vary()
			l.limit.SetRate(max(key.perSecond*share, leastRate))
		}
	}
}

// shareOf is what SetShare has set, 1 before; gs.mu is held.
func (gs *Governors) shareOf(at server) float64 {
	h := gs.hostOf(at)
	h.mu.Lock()
	defer h.mu.Unlock()
	return 1 - h.cut
}

// share is shareOf for who does not hold gs.mu.
func (gs *Governors) share(at server) float64 {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	return gs.shareOf(at)
}

// hostOf is what is known of a host; gs.mu is held.
func (gs *Governors) hostOf(at server) *hostState {
	if gs.hosts == nil {
		gs.of = make(map[account]*Governor)
		gs.hosts = make(map[server]*hostState)
	}
	if gs.hosts[at] == nil {
		gs.hosts[at] = new(hostState)
	}
	return gs.hosts[at]
}

// Rest has all accounts of a host rest until then, since it asked another machine to.
func (gs *Governors) Rest(host string, port int, until time.Time) {
	gs.mu.Lock()
	h := gs.hostOf(serverOf(host, port))
	gs.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if until.After(h.until) {
		h.until, h.paused = until, time.Until(until)
	}
}

// Resting is until when a whole host rests; the zero time or a past one for not at all.
func (gs *Governors) Resting(host string, port int) time.Time {
	gs.mu.Lock()
	h := gs.hostOf(serverOf(host, port))
	gs.mu.Unlock()
	return h.resting()
}
