package transfer

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/session"
)

// Paced reports whether a limit a second holds that several connection pairs would have to share.
func (r *Copier) Paced() bool { return r.Limits.Shared() }

// window bounds what is asked for: messages and bytes in one command, and bytes
// and commands ahead.
func (r *Copier) window() (messages int, bytes, ahead int64, commands int) {
	return r.Limits.Window(windowMessages, windowBytes, aheadBytes, windowsAhead)
}

// streams reports whether a message of size bytes goes straight from one line to
// the other: one that takes long under the limit would keep host2 waiting.
func (r *Copier) streams(size int64) bool { return size > streamAbove || r.Limits.Slow(size) }

// pace waits until messages may leave a side: host1 for here, here for host2.
func (r *Copier) pace(ctx context.Context, n event.Side, messages int) error {
	return r.Limits.Pace(ctx, n, messages)
}

// admit waits until messages may leave for host2. Every APPEND passes here, whether it
// goes out as a batch, as a stream or once more; the limits of bytes a second are kept on
// the line itself, those a day where a message is asked for, see mayTransfer.
func (d *appender) admit(ctx context.Context, batch []*item) error {
	if err := d.v.run.Backoff.WaitWith(ctx, d.v.conns.Dst); err != nil {
		return err
	}
	if err := d.pace(ctx, len(batch)); err != nil {
		return err
	}
	if d.v.careful && batch[0].t.killed() {
		return d.v.conns.Dst.Answers(ctx, d.conn)
	}
	return nil
}

// pace waits until messages may leave for host2. When the run is to stop they
// leave at once: they are under way.
func (d *appender) pace(ctx context.Context, messages int) error {
	if !d.v.run.Limits.HoldMessages(2) {
		return nil
	}
	if err := d.conn.Flush(ctx); err != nil { // what is paid for leaves now
		return err
	}
	return session.UnlessStopped(d.v.run.pace(ctx, 2, messages))
}
