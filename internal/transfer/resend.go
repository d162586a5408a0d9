package transfer

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/session"
)

// What host2 refused and is in memory waits in one queue, appender.again, until it is
// sent once more: as it is where the refusal was about time, in halves where it was about
// one of several messages. What is refused again goes back into the queue.

// resend sends what is in the queue, until all of it is stored or refused for good.
func (d *appender) resend(ctx context.Context) error {
	for len(d.again) > 0 {
		if err := d.awaitAll(ctx); err != nil {
			return err
		}
		if d.v.run.Control.Stopping() {
			return session.ErrStopped
		}
		queue := d.again
		d.again = nil
		if err := d.resendAll(ctx, queue); err != nil {
			return err
		}
	}
	return nil
}

// resendAll sends these flights once more, one after the other's answer.
func (d *appender) resendAll(ctx context.Context, queue []*pendingAppend) error {
	var err error
	for _, f := range queue {
		if !f.split { // one pause for all that were put off
			err = d.v.run.Backoff.Patience(ctx, int(f.items[0].t.putOff), d.v.conns.Dst)
			break
		}
	}
	for len(queue) > 0 && err == nil {
		f := queue[0]
		queue = queue[1:]
		err = d.sendAgain(ctx, f)
	}
	for _, rest := range queue {
		rest.release(d.v)
	}
	return err
}

// sendAgain sends a flight once more, unless some of it was stored nevertheless or a limit
// a day leaves no room: the next round deals with that.
func (d *appender) sendAgain(ctx context.Context, f *pendingAppend) error {
	none, err := d.noneStored(ctx, f.items)
	if err != nil || !none || !d.v.run.mayAgain(true) {
		f.release(d.v)
		return err
	}
	parts := [][]*item{f.items}
	if f.split {
		half := len(f.items) / 2
		parts = [][]*item{f.items[:half], f.items[half:]}
	}
	for i, part := range parts {
		sent, err := d.send(ctx, part)
		if err == nil {
			d.addInFlight(sent)
			err = d.awaitAll(ctx)
		} else {
			release(d.v, part)
		}
		if err != nil {
			for _, rest := range parts[i+1:] {
				release(d.v, rest)
			}
			return err
		}
	}
	return nil
}

// finish waits for everything that was sent, and sends what of it has to be sent again.
func (d *appender) finish(ctx context.Context) error {
	for {
		if err := d.awaitAll(ctx); err != nil {
			return err
		}
		if len(d.again) == 0 {
			return nil
		}
		if err := d.resend(ctx); err != nil {
			return err
		}
	}
}
