package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/lease"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/session"
)

// Tokens are where an account's access tokens come from.
type Tokens = session.Tokens

// side is one account during a run, and what is known of its folders.
type side struct {
	*session.Account
	run *run

	space   folders.Space
	list    []imapconn.ListData
	subs    map[string]bool
	status  map[string]*imap.StatusData // what LIST told of each folder
	touched map[string]bool             // folders worked on since status was told
	world   folders.Side                // all this in the words of package folders
}

// link is a connection to a side, which comes back when it is lost.
type link struct {
	*session.Link
	run  *run
	side *side
}

// connPair is one connection to each host (session.Pair).
type connPair struct {
	*session.Pair
	src, dst *link
}

// connPairOf is made of a pair of connections, either of which may be missing.
func (r *run) connPairOf(p *session.Pair) *connPair {
	l := &connPair{Pair: p}
	if p.Src != nil {
		l.src = &link{Link: p.Src, run: r, side: r.src}
	}
	if p.Dst != nil {
		l.dst = &link{Link: p.Dst, run: r, side: r.dst}
	}
	return l
}

// folderName is the folder's name in both its forms.
func folderName(raw string) event.Folder {
	return event.Folder{Raw: raw, Text: folders.Text(raw)}
}

// newSide prepares one side from the plan.
func (r *run) newSide(n event.Side, a *plan.Account) *side {
	spec := session.Spec{
		Side: n, Account: a, OnlyConnect: r.p.Mode == plan.ModeJustConnect,
		Preset: r.p.Folders.Preset(int(n)), Sealed: r.p.Dry, DebugContent: r.p.Debug.Content, Trace: r.o.Trace, Version: r.o.Version,
	}
	if d := &r.p.Deletion; n == 1 && !d.Delete1 && !d.Expunge1 && !r.p.Folders.Delete1EmptyFolders {
		// Nothing but these options ever changes the source: they are the only
		// way to make its connection writable.
		spec.Sealed = true
	}
	if r.o.Tokens != nil {
		spec.Tokens = r.o.Tokens(n)
	}
	if r.o.Dial != nil {
		spec.Dial = r.o.Dial(n)
	}
	if r.fence.on {
		spec.Gate, spec.UserTimeout = &r.fence.leases, lease.UserTimeout(r.fence.ttl)
	}
	return &side{run: r, subs: make(map[string]bool), Account: r.accountOf(spec)}
}

// shared is what the connections of the run share.
func (r *run) shared() session.Run {
	return session.Run{Control: r.control, Backoff: r.backoff, Limits: r.limits}
}

// connect opens the first connection to each host, both at the same time.
func (r *run) connect(ctx context.Context) error {
	var main session.Pair
	var links []*session.Link
	if r.p.Host1.Host != "" {
		r.src = r.newSide(1, &r.p.Host1)
		r.under.sides[1].Store(r.src)
		main.Src = r.linkOf(r.src)
		links = append(links, main.Src)
	}
	if r.p.Host2.Host != "" {
		r.dst = r.newSide(2, &r.p.Host2)
		r.under.sides[2].Store(r.dst)
		main.Dst = r.linkOf(r.dst)
		links = append(links, main.Dst)
	}
	r.main = r.connPairOf(&main)
	// Nothing is under way yet that would be worth finishing: a request to stop
	// ends the attempts to connect.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-r.control.Requested():
			r.control.StopFor(event.StopSignal)
			cancel()
		case <-over:
		}
	}()
	// What one side tells stays together: host1 first, as in imapsync.
	stories := make([]session.Story, len(links))
	open := func(i int) func() error {
		return func() error { return r.openMain(ctx, links[i], &stories[i]) }
	}
	var err error
	switch len(links) {
	case 1:
		err = open(0)()
	case 2:
		err = main.Both(ctx, open(0), open(1))
	}
	main.Join()
	for _, story := range stories {
		for _, e := range story {
			if fault, ok := e.(event.Error); ok {
				r.fault(fault)
				continue
			}
			r.emit(e)
		}
	}
	return err
}
