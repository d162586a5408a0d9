package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// How the destination takes messages, from the best way to the last resort.
const (
	// batchMessages and batchBytes bound one MULTIAPPEND: measured on Dovecot,
	// hundreds are six times as fast as single APPENDs, thousands not faster.
	batchMessages = 100
	batchBytes    = 4 << 20
	// batchesAhead is how many MULTIAPPENDs may be unanswered, appendsAhead how
	// many single APPENDs with non-synchronising literals, and aheadBytes how much
	// mail in either: what a line of 100 ms carries at 80 MB/s.
	batchesAhead = 32
	appendsAhead = 1000
	aheadBytes   = session.AheadBytes
	// company is how long a message waits for others to share its command with,
	// while earlier ones are unanswered.
	company = 25 * time.Millisecond
	// mostCompany is how long the first message of a batch waits for the others in
	// all. Where they come slowly the line to host2 would stand still for as long as a
	// batch takes to be full, and once more at the end.
	mostCompany = 4 * company
	// oldTrips is after how many round trips an answer must have come.
	oldTrips = 2
	// busyWith is how many commands that should have been answered keep host2 busy: with
	// more of them a batch that is not full waits for an answer.
	busyWith = 2
	// quotaRefusals in a row end the copying: a full mailbox refuses the rest, too.
	quotaRefusals = 3
)

// appender is the destination half of a round.
type appender struct {
	v    *copyBatch
	ctx  context.Context // of run, for NOOPs
	conn *imapconn.Conn
	// multi: batches go out as MULTIAPPEND; else one APPEND each.
	multi bool
	// batch waits to be sent: messages of one folder.
	batch []*item
	bytes int64
	// begun is when the first of them came.
	begun time.Time
	// entered is the folder that host2 was asked to open, see enter.
	entered *Folder
	// inFlight are sent and unanswered, inFlightBytes their bytes.
	inFlight      []*pendingAppend
	inFlightBytes int64
	// again are those that are to be sent once more, see resend.
	again []*pendingAppend
	// confirmed is the folder of which a UID was told last, lastUID that UID.
	confirmed *Folder
	lastUID   imap.UID
	quota     int
	timer     *time.Timer
	// line watches the connection; pending are the bytes that are to come.
	line    session.Gauge
	pending int64
	// sourceBroke: the connection was given up because a message could not be
	// read to its end.
	sourceBroke bool
}

// pendingAppend is a sent, unanswered batch.
type pendingAppend struct {
	items []*item
	sent  time.Time
	bytes int64
	cmd   *imapconn.Append
	// split: it was refused, so it is sent again in halves, until the message that spoils
	// it is alone.
	split bool
}

func (d *appender) run(ctx context.Context, in <-chan *item) error {
	err := d.appendAll(ctx, in)
	switch {
	case errors.Is(err, session.ErrStopped):
		d.awaitRest(ctx)
	case err != nil && !errors.As(err, new(*imapconn.OutOfStepError)):
		d.awaitAnswered(ctx)
	}
	for _, f := range append(d.inFlight, d.again...) {
		f.release(d.v)
	}
	release(d.v, d.batch)
	return err
}

func (f *pendingAppend) release(v *copyBatch) { release(v, f.items) }

func release(v *copyBatch, items []*item) {
	for _, it := range items {
		it.release(v)
	}
}

func (d *appender) appendAll(ctx context.Context, in <-chan *item) error {
	conn, err := d.v.conns.Dst.Alive(ctx)
	if err != nil {
		return err
	}
	d.conn, d.ctx = conn, ctx
	d.multi = conn.Has(imap.CapMultiAppend) && !d.v.careful
	d.timer = time.NewTimer(company)
	defer d.timer.Stop()
	d.line = d.v.conns.Dst.Watch(conn, true, d.pending)
	d.line.Follow(d.v.conns.Src.Account)
	defer d.line.End()
	for {
		if err := d.resend(ctx); err != nil {
			return err
		}
		if d.line.Pays {
			if err := d.compress(ctx); err != nil {
				return err
			}
		}
		it, open, err := d.next(in)
		if err != nil {
			return err
		}
		if it != nil {
			it.taken(d.v)
		}
		switch {
		case !open:
			if err := d.flush(ctx); err != nil {
				return err
			}
			return d.finish(ctx)
		case it == nil && len(d.batch) > 0 && !behind(d.inFlight, d.conn.RoundTrip(), time.Now()):
			err = d.flush(ctx)
		case it == nil:
			err = d.await(ctx)
		case it.t == nil: // feed waits for memory
			if err = d.flush(ctx); err == nil {
				err = d.awaitAll(ctx)
			}
		default:
			alone := it.body != nil || d.multi && conn.Unasked(it.size) && conn.Asks(it.t.c.To.Raw, d.options(it))
			if len(d.batch) > 0 && (alone || d.batch[0].t.c != it.t.c) {
				if err = d.flush(ctx); err != nil {
					it.release(d.v)
					return err
				}
			}
			if len(d.batch) == 0 {
				d.begun = time.Now()
			}
			d.batch = append(d.batch, it)
			if d.bytes += min(it.size, streamAbove); alone || len(d.batch) >= d.batchSize() || d.bytes >= d.line.Batch(batchBytes) {
				err = d.flush(ctx)
			}
		}
		if err != nil {
			return err
		}
	}
}

// next takes the next message, nil if none comes soon enough; false says that
// none will come any more. With nothing under way a message is not kept waiting
// for company, and with nothing at all to do there is no hurry. What is written leaves
// before anything is waited for.
func (d *appender) next(in <-chan *item) (*item, bool, error) {
	select {
	case it, open := <-in:
		return it, open, nil
	default:
	}
	switch {
	case len(d.inFlight) == 0 && len(d.batch) == 0:
		it, open := d.nextAtAll(in)
		return it, open, nil
	case len(d.inFlight) == 0:
		return nil, true, nil
	}
	if err := d.conn.Flush(d.ctx); err != nil {
		return nil, true, err
	}
	wait := company
	if len(d.batch) > 0 {
		wait = min(wait, mostCompany-time.Since(d.begun))
	}
	d.timer.Reset(wait)
	select {
	case it, open := <-in:
		return it, open, nil
	case <-d.timer.C:
		return nil, true, nil
	}
}

// nextAtAll waits for the next message however long it takes; meanwhile host2's
// connection is kept alive.
func (d *appender) nextAtAll(in <-chan *item) (*item, bool) {
	t := time.NewTicker(d.v.run.Control.Idle())
	defer t.Stop()
	for {
		select {
		case it, open := <-in:
			return it, open
		case <-t.C:
			d.v.conns.Dst.KeepAlive(d.ctx)
		}
	}
}

func (d *appender) batchSize() int {
	if d.multi {
		messages, _, _, _ := d.v.run.window()
		return d.conn.AtMost(min(batchMessages, messages))
	}
	return 1
}

// flush sends the batch, when there is room for it.
func (d *appender) flush(ctx context.Context) error {
	if err := d.makeRoom(ctx); err != nil {
		return err
	}
	if err := d.awaitDone(ctx); err != nil || len(d.batch) == 0 {
		return err
	}
	if err := d.awaitOld(ctx); err != nil || len(d.batch) == 0 {
		return err
	}
	batch := d.batch
	for _, it := range d.batch {
		d.line.Left -= it.size
	}
	d.batch, d.bytes = nil, 0
	f, err := d.send(ctx, batch)
	d.line.Look()
	if err != nil {
		release(d.v, batch)
		return err
	}
	d.addInFlight(f)
	return nil
}

// makeRoom waits for answers until the batch may fly.
func (d *appender) makeRoom(ctx context.Context) error {
	full := func() bool {
		return len(d.inFlight) > 0 && len(d.batch) > 0 && (len(d.inFlight) >= d.ahead() || d.inFlightBytes+d.bytes > d.line.Ahead())
	}
	if !full() {
		return nil
	}
	defer d.line.Waiting()()
	for full() {
		if err := d.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ahead is how many commands may be unanswered.
func (d *appender) ahead() int {
	n := appendsAhead
	switch {
	case d.v.careful:
		n = 1
	case d.multi:
		n = batchesAhead
	}
	return d.v.run.Backoff.Commands(d.v.run.dst.Governor, n)
}

// compress turns DEFLATE on, when everything under way has landed.
func (d *appender) compress(ctx context.Context) error {
	if err := d.flush(ctx); err != nil {
		return err
	}
	if err := d.awaitAll(ctx); err != nil {
		return err
	}
	return d.line.TurnOn(ctx)
}

// addInFlight notes what was sent; nil is one that was refused at once.
func (d *appender) addInFlight(f *pendingAppend) {
	if f == nil {
		return
	}
	for _, it := range f.items {
		f.bytes += it.held
	}
	f.sent = time.Now()
	d.inFlight = append(d.inFlight, f)
	d.inFlightBytes += f.bytes
}

// send puts a batch on the wire without waiting for its answer. A batch that is
// refused before its bytes left is dealt with at once; then the flight is nil.
func (d *appender) send(ctx context.Context, batch []*item) (*pendingAppend, error) {
	if err := d.admit(ctx, batch); err != nil {
		return nil, err
	}
	f := &pendingAppend{items: batch}
	d.recordIntent(batch)
	for _, it := range batch {
		it.t.at2 |= doubtful2
		it.t.Sent = it.size
	}
	err := d.write(ctx, f)
	for _, it := range batch {
		it.read(err) // of a body that nobody wanted
	}
	var refused *imapconn.Response
	if errors.As(err, &refused) && refused.Status != "BYE" {
		// What was answered before comes first: it did not pass after this one.
		if err := d.awaitDone(ctx); err != nil {
			return nil, err
		}
		f.refused(refused)
		if off, err := d.putOff(ctx, f, refused); off || err != nil {
			return nil, err
		}
		return nil, d.refused(ctx, f, refused)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *appender) write(ctx context.Context, f *pendingAppend) (err error) {
	c := f.items[0].t.c
	if err := d.enter(ctx, c); err != nil {
		return err
	}
	mailbox := c.To.Raw
	if len(f.items) == 1 {
		f.cmd, err = d.conn.StartAppend(ctx, mailbox, d.options(f.items[0]))
	} else {
		f.cmd, err = d.conn.StartMultiAppend(ctx, mailbox)
	}
	if err != nil {
		return err
	}
	for i, it := range f.items {
		if len(f.items) > 1 {
			if _, err := f.cmd.Add(ctx, d.options(it)); err != nil {
				return fmt.Errorf("message %d of %d: %w", i+1, len(f.items), err)
			}
		}
		if err := d.writeBody(f.cmd, it); err != nil {
			return err
		}
	}
	return f.cmd.Finish()
}

// writeBody writes a message: out of memory, or straight from the source's literal.
// One that ends too early ends the connection, see imapconn.
func (d *appender) writeBody(cmd *imapconn.Append, it *item) (err error) {
	if it.body == nil {
		n, err := cmd.Write(*it.buf)
		d.v.run.left.Add(int64(n))
		return err
	}
	if _, err = io.Copy(cmd, errReader{it, &d.v.run.left}); err != nil {
		d.sourceBroke = it.readErr != nil
	}
	it.read(err)
	return err
}

func (d *appender) options(it *item) imapconn.AppendOptions {
	return imapconn.AppendOptions{Flags: it.t.Flags(), Date: it.t.date(it.date), Size: it.size}
}

// errReader remembers why a streamed body could not be read, to tell a broken
// source from a broken destination.
type errReader struct {
	it   *item
	left *atomic.Int64 // counts what leaves
}

func (r errReader) Read(p []byte) (int, error) {
	n, err := r.it.body.Read(p)
	r.left.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		r.it.readErr = err
	}
	return n, err
}
