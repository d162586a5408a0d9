package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/imaphaul/imaphaul/internal/session"
)

// Several connection pairs (--connections) help where a server answers one message at a
// time: without LITERAL+ each one costs a round trip, on every connection. They take the
// messages of a copy batch from one queue, a few at a time, beginning with the main
// connection pair while the others are dialled. What goes wrong on one of them is put
// right afterwards, on the main connection pair, as if there were no others.

// parallelPasses bounds how often the connection pairs start over after a lost connection
// without a message copied in between.
const parallelPasses = 3

// sharePays is how many messages a connection pair should get at least.
const sharePays = 2

// copyParallel copies over as many connection pairs as there may be. What it leaves, for
// whatever reason, is left to move.
func (v *copyBatch) copyParallel(ctx context.Context) error {
	for idle := 0; idle < parallelPasses; {
		before := v.countLeft()
		w := v.newWorkQueue()
		n := min(v.run.Backoff.Connections(v.run.dialler.Most), len(w.todo)/sharePays)
		if n < 2 || v.run.Paced() || v.run.Control.Stopping() {
			return nil
		}
		err, lost := v.roundParallel(ctx, w, n)
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
			v.tasks[i].at2 &^= lost2 // it was not alone: nothing is proved
		}
		if idle++; v.countLeft() < before {
			idle = 0
		}
	}
	return nil
}

// roundParallel makes one round on all connection pairs side by side, up to n of them. It
// returns how the main connection pair ended, and why another one was lost.
func (v *copyBatch) roundParallel(ctx context.Context, w *workQueue, n int) (err, lost error) {
	r := v.run
	w.pairs = n
	w.room = func() int { return r.Backoff.Connections(n) }
	type end struct {
		part *copyBatch
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
			part := &copyBatch{run: r, conns: l, tasks: v.tasks, budget: v.budget, work: w}
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
			l := e.part.conns
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

// drop closes a connection pair beside the main one.
func (r *Copier) drop(ctx context.Context, l *session.Pair) {
	r.more = slices.DeleteFunc(r.more, func(x *session.Pair) bool { return x == l })
	bye, cancel := session.Farewell(ctx)
	defer cancel()
	l.Close(bye)
}

// dropMore closes all connection pairs but the main one; they are dialled again when there is work.
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

// CloseMore begins to end all connection pairs but the main one; r.goodbyes waits for them.
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
