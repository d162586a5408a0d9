package engine

import (
	"context"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/session"
)

// MailBefore is what is known of the place where mail was delivered before host2.
type MailBefore = journal.MailBefore

// Kept hands the main connections of a run to the next one with the same accounts, so
// that it need not log in again. The zero value has none; nobody but the run under way
// may use it. Between two runs the links belong to who keeps them.
type Kept struct {
	// Last: the run that has it ends the connections.
	Last bool

	// Fenced: the last run came to both servers and left no connection, since what it
	// may write ends with its leases (docs/scale-out.md).
	Fenced bool

	// MailTo2 is when mail was first seen to be delivered to host2, and MX the name that
	// said so: by who has the runs made, or by an earlier call, as the journal tells. The
	// runs that have it delete nothing on host2, but with --nomxcheck.
	MailTo2 time.Time
	MX      string
	// MailBefore is what was seen of the place where mail was delivered before, by the same.
	MailBefore MailBefore

	past    past2
	control *session.Control
	limits  *session.Limits
	links   [3]*session.Link
}

// Links are the connections between two runs; nil for those that no run could open.
// One that was lost meanwhile comes back when it is used.
func (k *Kept) Links() (src, dst *session.Link) { return k.links[1], k.links[2] }

// Between has what happens on the connections between two runs be told to the sink of
// o, and its waits end with o.Stop.
func (k *Kept) Between(o Options) {
	if k.control != nil {
		k.control.Renew(session.Orders{Sink: o.Sink, Stop: o.Stop, StoppedBy: o.StoppedBy, Pause: o.Pause, Idle: o.Idle})
	}
}

// Close ends the connections.
func (k *Kept) Close(ctx context.Context) {
	bye, cancel := session.Farewell(ctx)
	defer cancel()
	(&session.Pair{Src: k.links[1], Dst: k.links[2]}).Close(bye)
	k.links = [3]*session.Link{}
	if k.limits != nil {
		k.limits.Leave()
	}
}

// controlOf is the control of a run that begins.
func (k *Kept) controlOf(o session.Orders) *session.Control {
	if k == nil {
		return session.NewControl(o)
	}
	if k.control == nil {
		k.control = session.NewControl(o)
	} else {
		k.control.Renew(o)
	}
	return k.control
}

// limitsOf are those of a run that begins: they hold over all runs together.
func (k *Kept) limitsOf(fresh func() *session.Limits) *session.Limits {
	if k == nil {
		return fresh()
	}
	if k.limits == nil {
		k.limits = fresh()
	}
	return k.limits
}

// link is the connection to a side that an earlier run left, nil for none.
func (k *Kept) link(n event.Side) *session.Link {
	if k == nil {
		return nil
	}
	return k.links[n]
}

// accountOf is the account of a side: that of the run before, or a new one.
func (r *run) accountOf(spec session.Spec) *session.Account {
	if k := r.o.Keep.link(spec.Side); k != nil {
		k.Account.Rejoin(r.shared())
		return k.Account
	}
	a := spec.Account
	return session.NewAccount(spec, r.shared(), r.o.Governors.Of(a.Host, a.Port, a.User))
}

// linkOf is the main connection to a side: that of the run before, or one that is
// opened.
func (r *run) linkOf(s *side) *session.Link {
	if k := r.o.Keep.link(s.N); k != nil {
		return k
	}
	return &session.Link{Account: s.Account, Main: true}
}

// openMain opens a main connection, or sees to it that it is there.
func (r *run) openMain(ctx context.Context, k *session.Link, story *session.Story) error {
	if r.o.Keep.link(k.Account.N) == nil {
		return k.Account.Open(ctx, k, story)
	}
	if err := k.Patient(ctx); err != nil {
		return err
	}
	if err := k.Resume(ctx); err != nil && isConnError(err) {
		if err = k.Patient(ctx); err == nil {
			err = k.Resume(ctx)
		}
		return err
	}
	return nil
}

// leave keeps the main connections for the next run, or ends them. Where nothing was
// let in yet there is nothing to keep.
func (r *run) leave(ctx context.Context) {
	r.main.Part() // each link may have a user of its own now
	letIn := r.src != nil && r.dst != nil && r.src.LetIn && r.dst.LetIn
	if k := r.o.Keep; k != nil {
		k.Fenced = r.fence.on && letIn
	}
	if k := r.o.Keep; k != nil && !k.Last && !r.fence.on && ctx.Err() == nil && letIn {
		for n, link := range []*session.Link{1: r.main.Src, 2: r.main.Dst} {
			if link == nil {
				continue
			}
			if !link.Keep() && link.Conn != nil {
				_ = link.Conn.Close() // it comes back when it is needed
			}
			k.links[n] = link
		}
		return
	}
	bye, cancel := session.Farewell(ctx)
	defer cancel()
	r.main.Close(bye)
	if r.o.Keep != nil {
		r.o.Keep.links = [3]*session.Link{}
	}
}
