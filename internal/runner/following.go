package runner

import (
	"context"
	"net"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/follow"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/mx"
)

// restingSilence is the longest silence while accounts are followed and nothing comes;
// following itself says so from time to time.
const restingSilence = 24 * time.Hour

// carryOut runs the plan, once or until following ends. stop is closed to ask for the
// end; what is returned ends what comes behind it, such as a verification.
func (r *runner) carryOut(ctx context.Context, o engine.Options, stop <-chan struct{}) (after <-chan struct{}) {
	if !r.p.Follow.On {
		engine.Run(ctx, r.p, o)
		return stop
	}
	follow.Run(ctx, r.p, follow.Options{Engine: o, Figures: r.figures, Deliveries: deliveries, Begin: r.begin})
	if r.following.Load() {
		return nil // what ended following is no reason to leave the verification out
	}
	return stop
}

// figures folds an event into the figures and shows it to nobody who reads lines.
func (r *runner) figures(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.Add(e)
	r.live.Event(e)
	if r.counts != nil {
		r.counts.Event(e)
	}
}

// follows takes note of how far following is; r.mu is held.
func (r *runner) follows(e event.Event) {
	switch e.(type) {
	case event.PassEnded:
		r.following.Store(true)
	case event.Watching:
		if b := r.screen.Beat; b != nil && b.Longest < restingSilence {
			r.awake, b.Longest = b.Longest, restingSilence
		}
	case event.PassBegun:
		if b := r.screen.Beat; b != nil && r.awake > 0 {
			b.Longest = r.awake
		}
	}
}

// answered is a resolver that knows the MX of one answer, and addresses as usual.
type answered []string

func (a answered) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return known(a).LookupMX(ctx, name)
}

func (answered) LookupHost(ctx context.Context, host string) ([]string, error) {
	return net.DefaultResolver.LookupHost(ctx, host)
}

// deliveries asks the DNS where mail for a domain is delivered.
func deliveries(ctx context.Context, domain, host2 string) (follow.Delivered, error) {
	a, err := mx.Lookup(ctx, domain)
	if err != nil {
		return follow.Delivered{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*mx.Patience)
	defer cancel()
	at, err := guard.MXAt(ctx, answered(a.Hosts), domain, host2)
	if err != nil {
		return follow.Delivered{}, err
	}
	return follow.Delivered{To2: at != "", MX: at, TTL: a.TTL}, nil
}
