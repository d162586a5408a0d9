package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// How the destination takes messages, from the best way to the last resort.
const (
	// batchMessages and batchBytes bound one MULTIAPPEND: measured on Dovecot,
	// hundreds are six times as fast as single APPENDs, thousands not faster.
	batchMessages = 100
	batchBytes    = 4 << 20
	// batchesAhead is how many MULTIAPPENDs may be unanswered.
	batchesAhead = 3
	// appendsAhead is how many single APPENDs with non-synchronising literals
	// may be unanswered.
	appendsAhead = 64
	// quotaRefusals in a row end the copying: a full mailbox refuses the rest, too.
	quotaRefusals = 3
)

// deliverer is the destination half of a round.
type deliverer struct {
	c    *copier
	conn *imapconn.Conn
	// multi: batches go out as MULTIAPPEND; else one APPEND each.
	multi bool
	// ahead bounds what is unanswered.
	ahead  int
	flying []*flight
	quota  int
}

// flight is a sent, unanswered batch.
type flight struct {
	items []*item
	cmd   *imapconn.Append
}

func (d *deliverer) run(ctx context.Context, in <-chan *item) error {
	err := d.deliver(ctx, in)
	for _, f := range d.flying {
		f.release(d.c)
	}
	return err
}

func (f *flight) release(c *copier) {
	for _, it := range f.items {
		it.release(c)
	}
}

func (d *deliverer) deliver(ctx context.Context, in <-chan *item) error {
	conn, err := d.c.lane.dst.ready(ctx)
	if err != nil {
		return err
	}
	d.conn = conn
	d.multi, d.ahead = conn.Has(imap.CapMultiAppend) && !d.c.careful, batchesAhead
	if !d.multi {
		d.ahead = appendsAhead
	}
	if d.c.careful {
		d.ahead = 1
	}
	var batch []*item
	var bytes int64
	open := true
	release := func() {
		for _, it := range batch {
			it.release(d.c)
		}
	}
	for open || len(batch) > 0 || len(d.flying) > 0 {
		// Take what is there. With nothing under way it is sent at once; while
		// something is, the batch may grow until that is answered.
		var big *item
	fill:
		for open && len(batch) < d.batchSize() && bytes < batchBytes && big == nil {
			var it *item
			var ok bool
			if len(batch) == 0 && len(d.flying) == 0 {
				it, ok = <-in
			} else {
				select {
				case it, ok = <-in:
				default:
					break fill
				}
			}
			switch {
			case !ok:
				open = false
			case it.body != nil:
				big = it
			default:
				batch = append(batch, it)
				bytes += it.size
			}
		}
		full := len(batch) >= d.batchSize() || bytes >= batchBytes || !open || big != nil
		if len(batch) > 0 && (full && len(d.flying) < d.ahead || len(d.flying) == 0) {
			f, err := d.send(ctx, batch)
			if err != nil {
				release()
				if big != nil {
					big.done <- err
				}
				return err
			}
			if f != nil {
				d.flying = append(d.flying, f)
			}
			batch, bytes = nil, 0
		}
		if big != nil {
			err := d.flushBatch(ctx, &batch, &bytes)
			if err == nil {
				err = d.stream(ctx, big)
			} else {
				big.done <- err
			}
			if err != nil {
				release()
				return err
			}
			continue
		}
		if len(d.flying) > 0 && (len(d.flying) >= d.ahead || !open || !full) {
			if err := d.land(ctx); err != nil {
				release()
				return err
			}
		}
	}
	return nil
}

func (d *deliverer) batchSize() int {
	if d.multi {
		return batchMessages
	}
	return 1
}

// flushBatch sends a batch that could not leave yet, so that order is kept.
func (d *deliverer) flushBatch(ctx context.Context, batch *[]*item, bytes *int64) error {
	for len(*batch) > 0 {
		if len(d.flying) >= d.ahead {
			if err := d.land(ctx); err != nil {
				return err
			}
			continue
		}
		f, err := d.send(ctx, *batch)
		if err != nil {
			return err
		}
		if f != nil {
			d.flying = append(d.flying, f)
		}
		*batch, *bytes = nil, 0
	}
	return nil
}

// send puts a batch on the wire without waiting for its answer. A batch that is
// refused before its bytes left is dealt with at once; then the flight is nil.
func (d *deliverer) send(ctx context.Context, batch []*item) (*flight, error) {
	f := &flight{items: batch}
	d.c.announce(batch)
	for _, it := range batch {
		it.t.doubtful = true
	}
	err := d.write(ctx, f)
	var refused *imapconn.Response
	if errors.As(err, &refused) && refused.Status != "BYE" {
		return nil, d.refused(ctx, f, refused)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *deliverer) write(ctx context.Context, f *flight) (err error) {
	mailbox := d.c.fs.to.Raw
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
		if _, err := f.cmd.Write((*it.buf)); err != nil {
			return err
		}
	}
	return f.cmd.Finish()
}

func (d *deliverer) options(it *item) imapconn.AppendOptions {
	return imapconn.AppendOptions{Flags: it.t.flags, Date: it.t.date, Size: it.size}
}

// stream sends one large message straight from the source's literal.
func (d *deliverer) stream(ctx context.Context, it *item) error {
	d.c.announce([]*item{it})
	it.t.doubtful = true
	err := d.streamBody(ctx, it)
	it.done <- err
	var refused *imapconn.Response
	if errors.As(err, &refused) && refused.Status != "BYE" {
		return d.refused(ctx, &flight{items: []*item{it}}, refused)
	}
	return err
}

func (d *deliverer) streamBody(ctx context.Context, it *item) error {
	cmd, err := d.conn.StartAppend(ctx, d.c.fs.to.Raw, d.options(it))
	if err != nil {
		return err
	}
	if _, err := io.Copy(cmd, errReader{it}); err != nil {
		return err // a short literal has ended the connection, see imapconn
	}
	if err := cmd.Finish(); err != nil {
		return err
	}
	d.flying = append(d.flying, &flight{items: []*item{it}, cmd: cmd})
	return nil
}

// errReader remembers why a streamed body could not be read, to tell a broken
// source from a broken destination.
type errReader struct{ it *item }

func (r errReader) Read(p []byte) (int, error) {
	n, err := r.it.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.it.readErr = err
	}
	return n, err
}

// land waits for the oldest flight's answer.
func (d *deliverer) land(ctx context.Context) error {
	f := d.flying[0]
	data, err := d.conn.WaitAppend(ctx, f.cmd)
	var refused *imapconn.Response
	if err != nil && !(errors.As(err, &refused) && refused.Status != "BYE") {
		return err
	}
	d.flying = d.flying[1:]
	if refused != nil {
		return d.refused(ctx, f, refused)
	}
	d.quota = 0
	for i, it := range f.items {
		var uid imap.UID
		if len(data.UIDs) == len(f.items) {
			uid = data.UIDs[i]
		}
		it.t.bytes = it.size
		d.c.settle(it.t, uid)
	}
	f.release(d.c)
	return nil
}

// refused deals with a NO or BAD. MULTIAPPEND stores all or nothing, so a
// refused batch is sent again in halves until the message that spoils it is
// alone.
func (d *deliverer) refused(ctx context.Context, f *flight, r *imapconn.Response) error {
	for _, it := range f.items {
		it.t.doubtful = false
	}
	if len(f.items) > 1 {
		half := len(f.items) / 2
		for i, part := range [][]*item{f.items[:half], f.items[half:]} {
			err := d.sendAndLand(ctx, part)
			if err != nil {
				if i == 0 {
					(&flight{items: f.items[half:]}).release(d.c)
				}
				return err
			}
		}
		return nil
	}
	it := f.items[0]
	defer it.release(d.c)
	overQuota, err := d.c.fs.refused(ctx, d.c, it, r)
	if err != nil {
		return err
	}
	if !overQuota {
		d.quota = 0
		return nil
	}
	if d.quota++; d.quota >= quotaRefusals {
		d.c.fs.run.stopFor(stopQuota)
		return errStopped
	}
	return nil
}

// sendAndLand sends a part of a refused batch and waits for its answer.
func (d *deliverer) sendAndLand(ctx context.Context, items []*item) error {
	f, err := d.send(ctx, items)
	if err != nil {
		for _, it := range items {
			it.release(d.c)
		}
		return err
	}
	if f == nil {
		return nil
	}
	// The answers come in order: whatever flew before lands first.
	d.flying = append(d.flying, f)
	for len(d.flying) > 0 && d.flying[0] != f {
		if err := d.land(ctx); err != nil {
			return err
		}
	}
	if len(d.flying) == 0 {
		return nil // it landed inside the recursion
	}
	return d.land(ctx)
}
