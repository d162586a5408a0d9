package batchrun

import (
	"context"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/batch"
)

// Rows of a batch with --follow stay until the batch ends. All of them begin, and what
// is bounded is how many of them have a pass at the same time: in between, each has one
// connection to either side and nothing to do.

// passes bounds the passes under way.
type passes chan struct{}

// begin waits until a pass may begin (follow.Options.Begin).
func (p passes) begin(ctx context.Context) (end func(), err error) {
	select {
	case p <- struct{}{}:
		return func() { <-p }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// mayFollow says why the rows cannot be followed together, nil when they can.
func (b *run) mayFollow() error {
	if !b.Plan.Follow.On {
		return nil
	}
	into := make(map[string]int) // rows by the account that they write
	conflict := func(account string, row int) error {
		other, used := into[account]
		if !used || other == row || account == "" {
			return nil
		}
		return fmt.Errorf("rows %d and %d use one account, and one of them writes there: rows that are followed never end, so that the other would never begin. Follow them in two batches, or run them without --follow", min(other, row), max(other, row))
	}
	for i := range b.jobs {
		if err := conflict(b.jobs[i].Accounts.To, b.jobs[i].Row.Number); err != nil {
			return err
		}
		into[b.jobs[i].Accounts.To] = b.jobs[i].Row.Number
	}
	for i := range b.jobs {
		if err := conflict(b.jobs[i].Accounts.From, b.jobs[i].Row.Number); err != nil {
			return err
		}
	}
	return nil
}

// FollowStarted is told how to stop a batch that begins to follow, for tests.
var FollowStarted func(stop func())

// dispatchFollowing begins all rows.
func (b *run) dispatchFollowing(ctx context.Context) {
	if FollowStarted != nil {
		FollowStarted(b.finish)
	}
	b.passes = make(passes, b.atOnce())
	unbounded := func(string) int { return 0 }
	batch.Do(ctx, batch.Plan{
		Jobs: b.jobs, AtOnce: max(len(b.jobs), 1), Run: b.runRow, Ended: b.ended, Slots: unbounded, Readers: unbounded, Pause: RetryPause, Stop: b.stop,
	})
}
