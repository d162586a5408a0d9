package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/imaphaul/imaphaul/internal/session"
)

// copyBatch moves messages of one or more folders over one connection pair. It works in
// rounds: a round runs the two halves side by side, feed on the source
// connection and deliver on the destination's. A lost connection ends the round;
// what is in doubt is settled by looking at the destination, and the next round
// takes what is left.
//
// Several folders go in one copy batch so that the line is never idle between them:
// the next folder's messages are asked for while the last one's are on their way.
type copyBatch struct {
	run   *Copier
	conns *session.Pair
	// tasks are in the order of folders, and ascending by UID within each.
	tasks []Message

	budget *semaphore.Weighted
	// backlog bounds the bytes in this round's queue.
	backlog *semaphore.Weighted
	// stop asks feed for nothing new, after a failure of deliver.
	stop atomic.Bool
	// lookAhead is what host1's connection does when it has sent everything, nil for
	// nothing.
	lookAhead func(context.Context) error
	// careful: this round takes candidates, one message at a time.
	careful bool
	// losses is how many connections were lost, blamed how many of them on a message or
	// folder that was alone in flight, gaveUp how many of these were given up.
	losses, attributed, gaveUp int
	// patient: something was put off in this round.
	patient atomic.Bool
	// sulking is how often a message of this round was refused that is to be sent
	// again as it is, 0 for none.
	sulking atomic.Int32
	// work is what several connection pairs take their messages from, nil for one
	// connection pair; retired: this one gets no more.
	work    *workQueue
	retired bool
}

// Copy copies what the copiers have to copy, of several folders in one go;
// lookAhead looks at the folders after them, nil for nothing.
func (r *Copier) Copy(ctx context.Context, copiers []*Folder, lookAhead func(context.Context) error) error {
	defer r.Limits.TellSlept(session.TellRest)
	for _, c := range copiers {
		if err := c.copyOnHost2(ctx); err != nil {
			return err
		}
		if err := c.copyMoved(ctx); err != nil {
			return err
		}
	}
	v := &copyBatch{run: r, conns: r.main, tasks: gather(copiers), budget: semaphore.NewWeighted(r.budgetBytes), lookAhead: lookAhead}
	if r.dialler != nil {
		if err := v.copyParallel(ctx); err != nil {
			return err
		}
	}
	return v.move(ctx)
}

// gather puts the tasks of folders into one row, of which each copier keeps its
// part.
func gather(copiers []*Folder) []Message {
	if len(copiers) == 1 {
		return copiers[0].Messages
	}
	n := 0
	for _, c := range copiers {
		n += len(c.Messages)
	}
	all := make([]Message, 0, n)
	for _, c := range copiers {
		from := len(all)
		all = append(all, c.Messages...)
		c.Messages = all[from:len(all):len(all)]
	}
	return all
}

// move copies until every task has a fate, or its folder was given up. It returns an
// error only when the run as a whole can not go on.
func (v *copyBatch) move(ctx context.Context) error {
	idle := 0
	waited := time.Duration(0)
	for {
		before := v.countLeft()
		if before == 0 {
			return nil
		}
		if err := v.lookAfterRefusals(ctx); err != nil {
			return err
		}
		if idle == 0 { // else connections die again and again, and this would be one more command
			if err := v.sameAfterLoss(ctx); err != nil {
				return err
			}
		}
		if v.countLeft() == 0 {
			return nil
		}
		end := v.round(ctx, v.choose())
		err := end.err()
		switch {
		case errors.Is(err, session.ErrStopped), ctx.Err() != nil:
			return errors.Join(session.ErrStopped, ctx.Err())
		case err == nil && v.run.Control.Stopping():
			if v.countLeft() == 0 {
				return nil
			}
			return session.ErrStopped
		case err != nil && !session.IsConnError(err):
			return err
		case err != nil:
			// Nothing is known of the messages that were under way: look before
			// sending any of them again.
			if err := v.recover(ctx, err); err != nil {
				return err
			}
			v.attribute(&end, idle > 0)
		}
		if n := int(v.sulking.Load()); n > 0 && err == nil {
			v.patient.Store(true)
			wait := v.run.Control.Pause(n)
			v.run.Control.TellWait(0, wait, "before trying again what was refused")
			if err := v.run.Control.Rest(ctx, wait, v.conns.Src, v.conns.Dst); err != nil {
				return err
			}
		}
		rested, waitErr := v.awaitDay(ctx)
		switch {
		case waitErr != nil && ctx.Err() != nil:
			return errors.Join(session.ErrStopped, ctx.Err())
		case waitErr != nil:
			return waitErr
		}
		if rested && v.run.dialler != nil {
			if err := v.copyParallel(ctx); err != nil {
				return err
			}
		}
		if rested || v.countLeft() < before || err == nil && v.patient.Load() {
			idle, waited = 0, 0
			continue
		}
		idle++
		switch {
		case err != nil && idle > maxKills+1:
			if !v.conns.Src.Account.Persists(idle-1, waited) && !v.conns.Dst.Account.Persists(idle-1, waited) {
				return err
			}
			// Several rounds follow each other at once, and then there is a pause: what
			// strikes from time to time strikes the first command after each.
			if idle%(maxKills+1) != 0 {
				continue
			}
			n := idle/(maxKills+1) - 1
			waited += session.MeanBackOff(n)
			wait := v.run.Control.Pause(n)
			v.run.Control.TellWait(0, wait, "before trying again after a lost connection")
			if err := v.run.Control.Rest(ctx, wait, v.conns.Src, v.conns.Dst); err != nil {
				return err
			}
		case err == nil && idle > maxIdleRounds:
			return fmt.Errorf("%d messages of %s can neither be copied nor refused: giving up on them", before, v.folders())
		case err == nil && idle > 1:
			v.markAllCandidates()
		}
	}
}

// maxIdleRounds bounds rounds without an error that settle nothing: each one
// moves every message up the repair ladder at least by a rung.
var maxIdleRounds = int(rungEnd) + 2

// left returns the indexes of the tasks without a fate.
func (v *copyBatch) left() []int32 {
	out := make([]int32, 0, v.countLeft())
	for i := range v.tasks {
		if v.tasks[i].open() {
			out = append(out, int32(i))
		}
	}
	return out
}

// round runs feed and deliver over todo once. Both end on their own: when one
// of them fails, the other finishes what is under way, so that a sound
// connection stays sound.
func (v *copyBatch) round(ctx context.Context, todo []int32) roundEnd {
	defer v.conns.Part()()
	v.stop.Store(false)
	v.patient.Store(false)
	v.sulking.Store(0)
	v.backlog = semaphore.NewWeighted(backlogBytes)
	queue := make(chan *item, v.queueLength())
	var end roundEnd
	var wg sync.WaitGroup
	delivered := make(chan struct{})
	pending := v.weight(todo)
	f := &fetcher{v: v, todo: todo, out: queue, pending: pending}
	wg.Go(func() {
		end.fetchErr = f.run(ctx)
		close(queue)
		if end.fetchErr == nil && !f.halted() && f.next == len(todo) {
			v.lookAheadOnce(ctx)
		}
		v.conns.Src.WatchOver(ctx, delivered)
	})
	d := &appender{v: v, pending: pending}
	if end.appendErr = d.run(ctx, queue); end.appendErr != nil {
		v.stop.Store(true)
		discard(v, queue)
	}
	close(delivered)
	wg.Wait()
	end.sourceBroke = d.sourceBroke && end.fetchErr != nil
	if end.fetchErr != nil {
		end.unread = f.unread()
		end.opening = f.opening()
	}
	return end
}

// noteRefusals notes that a message was refused for the n-th time and is to be sent again
// as it is.
func (v *copyBatch) noteRefusals(n int) {
	for {
		old := v.sulking.Load()
		if int32(n) <= old || v.sulking.CompareAndSwap(old, int32(n)) { //nolint:gosec // small
			return
		}
	}
}

// lookAheadOnce makes use of host1's connection while host2 is at work. What it does
// not see is found out later.
func (v *copyBatch) lookAheadOnce(ctx context.Context) {
	if v.lookAhead != nil {
		_ = v.lookAhead(ctx) // whoever needs the connection next deals with its loss
		v.lookAhead = nil
	}
}

// queueItems and backlogBytes are how many messages may wait between the two
// halves, and how much of them. More would only cost time: measured with 1 MiB
// messages on loopback, a backlog as large as the budget takes a quarter more
// CPU, since its memory has left the processor's cache when its turn comes.
const (
	queueItems   = 512
	backlogBytes = 8 << 20
)

// discard empties the queue of a round whose delivery broke.
func discard(v *copyBatch, queue <-chan *item) {
	for it := range queue {
		it.release(v)
	}
}

var errDiscarded = errors.New("the destination connection was lost")

// folders names the folders with messages left.
func (v *copyBatch) folders() string {
	var names []string
	for i := range v.tasks {
		if name := v.tasks[i].c.From.Text; v.tasks[i].open() && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
	}
	return fmt.Sprintf("%q", names)
}

// recover opens what was lost and settles the messages in doubt.
func (v *copyBatch) recover(ctx context.Context, cause error) error {
	if err := v.conns.Reopen(ctx, cause); err != nil {
		return err
	}
	return v.run.settleDoubts(ctx, v.conns, v.tasks)
}
