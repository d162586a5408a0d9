package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/imaphaul/imaphaul/internal/session"
)

// Several lanes (--connections) help where a server answers one message at a
// time: without LITERAL+ each one costs a round trip, on every connection. They
// take the messages of a convoy from one row, a few at a time, beginning with the
// main lane while the others are dialled. What goes wrong on one of them is put
// right afterwards, on the main lane, as if there were no others.

// spreadPasses bounds how often the lanes start over after a lost connection
// without a message copied in between.
const spreadPasses = 3

// sharePays is how many messages a lane should get at least.
const sharePays = 2

// spread copies over as many lanes as there may be. What it leaves, for whatever
// reason, is left to move.
func (v *convoy) spread(ctx context.Context) error {
	for idle := 0; idle < spreadPasses; {
		before := v.countLeft()
		w := v.newRow()
		n := min(v.run.Backoff.Connections(v.run.dialler.Most), len(w.todo)/sharePays)
		if n < 2 || v.run.Paced() || v.run.Control.Stopping() {
			return nil
		}
		err, lost := v.abreast(ctx, w, n)
		switch {
		case errors.Is(err, session.ErrStopped), ctx.Err() != nil:
			return errors.Join(session.ErrStopped, ctx.Err())
		case err != nil && !session.IsConnError(err):
			return err
		case err == nil && lost == nil && !v.patient.Load():
			return nil
		case v.run.Control.Stopping() && err != nil:
			return nil //nolint:nilerr // move looks what can still be settled
		}
		if err == nil {
			err = lost
		}
		if err != nil {
			if err := v.recover(ctx, err); err != nil {
				return err
			}
		}
		for i := range v.tasks {
			v.tasks[i].lost = false // it was not alone: nothing is proved
		}
		if idle++; v.countLeft() < before {
			idle = 0
		}
	}
	return nil
}

// abreast makes one round on all lanes side by side, up to n of them. It returns
// how the main lane ended, and why another one was lost.
func (v *convoy) abreast(ctx context.Context, w *row, n int) (err, lost error) {
	r := v.run
	w.lanes = n
	w.room = func() int { return r.Backoff.Connections(n) }
	type end struct {
		part *convoy
		err  error
	}
	v.patient.Store(false)
	ended := make(chan end)
	working := 0
	begin := func(l *session.Pair) {
		if !w.join() {
			return
		}
		working++
		go func() {
			part := &convoy{run: r, lane: l, tasks: v.tasks, budget: v.budget, row: w}
			round := part.round(ctx, part.nextChunk())
			if !part.retired {
				w.leave()
			}
			ended <- end{part, round.err()}
		}()
	}
	begin(r.main)
	for _, l := range r.more {
		begin(l)
	}
	r.dialler.Ask(n)
	for working > 0 {
		select {
		case pair := <-r.dialler.Fresh:
			l := pair
			r.more = append(r.more, l)
			begin(l)
		case e := <-ended:
			working--
			if e.part.patient.Load() {
				v.patient.Store(true)
			}
			l := e.part.lane
			switch {
			case l == r.main:
				err = e.err
			case session.IsStopped(e.err):
				lost = e.err
			case e.err != nil:
				lost = e.err
				r.drop(ctx, l)
				r.dialler.Lost()
				if ctx.Err() == nil {
					r.Control.Note(fmt.Sprintf("one of the connections of --connections was lost, the others go on: %v", e.err))
				}
			case e.part.retired:
				r.drop(ctx, l)
				r.dialler.Retire()
			}
		}
	}
	if session.IsStopped(lost) && err == nil {
		err = lost
	}
	return err, lost
}

// drop closes a lane beside the main one.
func (r *Copier) drop(ctx context.Context, l *session.Pair) {
	r.more = slices.DeleteFunc(r.more, func(x *session.Pair) bool { return x == l })
	bye, cancel := session.Farewell(ctx)
	defer cancel()
	l.Close(bye)
}

// dropMore closes all lanes but the main one; they are dialled again when there is work.
func (r *Copier) dropMore(ctx context.Context) {
	if r.dialler == nil {
		return
	}
	for {
		select {
		case l := <-r.dialler.Fresh:
			r.more = append(r.more, l)
			continue
		default:
		}
		break
	}
	for _, l := range slices.Clone(r.more) {
		r.drop(ctx, l)
		r.dialler.Retire()
	}
}

// CloseMore begins to end all lanes but the main one; r.goodbyes waits for them.
func (r *Copier) CloseMore(ctx context.Context) {
	if r.dialler == nil {
		return
	}
	r.more = append(r.more, r.dialler.Close()...)
	for _, l := range r.more {
		r.goodbyes.Go(func() {
			bye, cancel := session.Farewell(ctx)
			defer cancel()
			l.Close(bye)
		})
	}
	r.more = nil
}
