package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// awaitDone settles what was answered while others were sent: a server that wants
// to be asked for each message answers the last one first.
func (d *appender) awaitDone(ctx context.Context) error {
	for len(d.inFlight) > 0 && d.inFlight[0].cmd.Done() {
		if err := d.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// awaitOld settles, before a limit makes everybody wait, what must have been
// answered by now: it is told when it is there, not when the line is full, and a
// request to stop finds little under way.
func (d *appender) awaitOld(ctx context.Context) error {
	if !d.v.run.Limits.HoldMessages(2) {
		return nil
	}
	for len(d.inFlight) > 0 && time.Since(d.inFlight[0].sent) > oldTrips*d.conn.RoundTrip() {
		if err := d.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// behind reports whether host2 is what holds things up, as far as is known: it has not
// answered several commands that it has had for long. What it gets now would lie there, as
// many commands for few messages that came slowly, and each of them takes such a server's
// time. Answers that are there already cost those who wait for them nothing.
func behind(inFlight []*pendingAppend, trip time.Duration, now time.Time) bool {
	return len(inFlight) > busyWith && now.Sub(inFlight[busyWith].sent) > oldTrips*trip
}

// awaitAll waits for everything under way.
func (d *appender) awaitAll(ctx context.Context) error {
	for len(d.inFlight) > 0 {
		if err := d.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// await waits for the oldest APPEND's answer.
func (d *appender) await(ctx context.Context) error {
	f := d.inFlight[0]
	data, err := d.conn.WaitAppend(ctx, f.cmd)
	var refused *imapconn.Response
	if err != nil && !(errors.As(err, &refused) && refused.Status != "BYE") {
		return err
	}
	d.inFlight = d.inFlight[1:]
	d.inFlightBytes -= f.bytes
	d.line.Arrived(f.bytes)
	if refused != nil {
		f.refused(refused)
		if off, err := d.putOff(ctx, f, refused); off || err != nil {
			return err
		}
		return d.refused(ctx, f, refused)
	}
	d.quota = 0
	d.confirm(f, data)
	return nil
}

// confirm settles a flight that host2 has stored.
func (d *appender) confirm(f *pendingAppend, data imapconn.AppendData) {
	c := f.items[0].t.c
	if d.confirmed != c {
		d.confirmed, d.lastUID = c, 0
	}
	for i, it := range f.items {
		var uid imap.UID
		if len(data.UIDs) == len(f.items) {
			uid = data.UIDs[i]
		}
		if uid != 0 && !c.believe(data.UIDValidity, uid, d.lastUID) {
			it.t.override().told = uid
			uid = 0
		}
		d.lastUID = max(d.lastUID, uid)
		c.takeSample(it, uid)
		c.settle(it.t, uid)
	}
	f.release(d.v)
}

// refused notes that the messages of a flight were refused. A folder that is not there
// cannot have them.
func (f *pendingAppend) refused(r *imapconn.Response) {
	for _, it := range f.items {
		if r.Code == "TRYCREATE" {
			it.t.at2 &^= refused2
		} else {
			it.t.at2 |= refused2
		}
	}
}

// awaitAnswered settles what was confirmed before the connection was lost: nobody has to
// look for that.
func (d *appender) awaitAnswered(ctx context.Context) {
	still := d.inFlight[:0]
	for _, f := range d.inFlight {
		if f.cmd.Done() {
			if data, err := d.conn.WaitAppend(ctx, f.cmd); err == nil {
				d.confirm(f, data)
				continue
			}
		}
		still = append(still, f)
	}
	d.inFlight = still
}

// awaitRest waits for the answers to what is under way when the copying ends
// early. What is refused is not tried again.
func (d *appender) awaitRest(ctx context.Context) {
	for len(d.inFlight) > 0 {
		f := d.inFlight[0]
		data, err := d.conn.WaitAppend(ctx, f.cmd)
		switch {
		case err == nil:
			d.confirm(f, data)
		case session.IsRefusal(err):
			for _, it := range f.items {
				it.t.at2 &^= doubtful2
			}
			f.release(d.v)
		default:
			return // they stay in doubt
		}
		d.inFlight = d.inFlight[1:]
	}
}

// refused deals with a NO or BAD. MULTIAPPEND stores all or nothing, so a refused batch
// is kept to be sent again in halves.
func (d *appender) refused(ctx context.Context, f *pendingAppend, r *imapconn.Response) error {
	for _, it := range f.items {
		it.t.at2 &^= doubtful2
	}
	if len(f.items) > 1 {
		d.again = append(d.again, &pendingAppend{items: f.items, split: true})
		return nil
	}
	it := f.items[0]
	defer it.release(d.v)
	overQuota, err := it.t.c.refused(ctx, d.v, d.conn, it, r)
	if err != nil {
		return err
	}
	if !overQuota {
		d.quota = 0
		return nil
	}
	if d.quota++; d.quota >= quotaRefusals {
		d.v.run.Control.StopFor(event.StopQuota)
		return session.ErrStopped
	}
	return nil
}
