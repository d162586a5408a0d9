package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Several lanes (--connections) help where a server answers one message at a
// time: without LITERAL+ each one costs a round trip, on every connection. They
// share the messages of a convoy, each lane a range of them. What goes wrong on
// one of them is put right afterwards, on the main lane, as if there were no
// others.

// spreadPasses bounds how often the lanes start over after a lost connection.
const spreadPasses = 3

// sharePays is how many messages a lane should get at least.
const sharePays = 2

// spread copies over as many lanes as the plan allows. What it leaves, for
// whatever reason, is left to move.
func (v *convoy) spread(ctx context.Context) error {
	for range spreadPasses {
		n := min(v.run.p.Transfer.Connections, v.countLeft()/sharePays)
		if n < 2 || v.run.pacing() || v.run.stopping() {
			return nil
		}
		lanes := v.run.openLanes(ctx, n)
		if len(lanes) < 2 {
			return nil
		}
		err := v.side(ctx, lanes)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errStopped), ctx.Err() != nil:
			return errors.Join(errStopped, ctx.Err())
		case !isConnError(err):
			return err
		}
		if err := v.recover(ctx, err); err != nil {
			return err
		}
		for i := range v.tasks {
			v.tasks[i].lost = false // it was not alone: nothing is proved
		}
	}
	return nil
}

// side makes one round on all lanes side by side.
func (v *convoy) side(ctx context.Context, lanes []*lane) error {
	parts := v.split(len(lanes))
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, tasks := range parts {
		part := &convoy{run: v.run, lane: lanes[i], tasks: tasks, budget: v.budget}
		wg.Go(func() {
			end := part.round(ctx, part.left())
			errs[i] = end.err()
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// perMessage is what a message weighs beside its bytes when work is shared out.
const perMessage = 8 << 10

// split cuts the tasks into ranges of about the same work.
func (v *convoy) split(n int) [][]task {
	var total int64
	for i := range v.tasks {
		if t := &v.tasks[i]; t.fate == pending {
			total += t.size + perMessage
		}
	}
	var parts [][]task
	var weight int64
	from := 0
	for i := range v.tasks {
		if t := &v.tasks[i]; t.fate == pending {
			weight += t.size + perMessage
		}
		if weight*int64(n) >= total*int64(len(parts)+1) && len(parts) < n-1 {
			parts = append(parts, v.tasks[from:i+1])
			from = i + 1
		}
	}
	return append(parts, v.tasks[from:])
}

// openLanes returns up to n lanes, the main one first. A lane that can not be
// opened is not tried again: the server's limit is reached.
func (r *run) openLanes(ctx context.Context, n int) []*lane {
	if want := n - 1 - len(r.more); want > 0 && !r.fullLanes {
		fresh := make([]*lane, want)
		errs := make([]error, want)
		var wg sync.WaitGroup
		for i := range fresh {
			fresh[i] = &lane{src: &link{run: r, side: r.src}, dst: &link{run: r, side: r.dst}}
			wg.Go(func() { errs[i] = fresh[i].open(ctx) })
		}
		wg.Wait()
		for i, err := range errs {
			if err == nil {
				r.more = append(r.more, fresh[i])
				continue
			}
			if !r.fullLanes && ctx.Err() == nil {
				r.warn(fmt.Sprintf("--connections %d: no more than %d can be opened: %s", r.p.Transfer.Connections, 1+len(r.more), serverWords(err)))
			}
			r.fullLanes = true
			fresh[i].close(ctx)
		}
	}
	return append([]*lane{r.main}, r.more[:min(n-1, len(r.more))]...)
}

// open logs in on both sides.
func (l *lane) open(ctx context.Context) error {
	var wg sync.WaitGroup
	var errs [2]error
	for i, k := range []*link{l.src, l.dst} {
		wg.Go(func() { k.conn, errs[i] = k.side.login(ctx, nil) })
	}
	wg.Wait()
	return errors.Join(errs[:]...)
}

// closeLanes ends all lanes but the main one.
func (r *run) closeLanes(ctx context.Context) {
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for _, l := range r.more {
		wg.Go(func() { l.close(bye) })
	}
	wg.Wait()
	r.more = nil
}
