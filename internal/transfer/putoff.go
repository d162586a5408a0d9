package transfer

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/session"
)

// A message that was refused because the server has too much to do is no message
// that it refuses: it is sent again, unchanged, when the server may be asked
// again.

// putOff deals with a refused flight if the refusal is about time: it is kept to
// be sent again. What came by stream is not there any more, and waits for the next
// round. It reports false when the refusal is about the messages.
func (d *appender) putOff(ctx context.Context, f *pendingAppend, refused *imapconn.Response) (bool, error) {
	v := d.v.run.dst.Classify(refused)
	if v.Action == provider.DayStop || v.Later() && d.v.run.Control.Stopping() {
		for _, it := range f.items {
			it.t.at2 &^= doubtful2
		}
		f.release(d.v)
		return true, session.ErrStopped
	}
	for _, it := range f.items {
		if !session.WorthAnother(v, int(it.t.putOff)+1) {
			return false, nil
		}
	}
	d.v.patient.Store(true)
	whole := true
	for _, it := range f.items {
		it.t.at2 &^= doubtful2
		it.t.putOff++
		whole = whole && it.buf != nil
	}
	if whole {
		d.again = append(d.again, f)
		return true, nil
	}
	f.release(d.v)
	return true, d.v.run.Backoff.Patience(ctx, int(f.items[0].t.putOff), d.v.conns.Dst)
}

// putOff reports whether host1's refusal to read a message is about time: then it is
// asked again in the next round.
func (f *fetcher) putOff(t *Message, err error) bool {
	refused, ok := session.RefusalIn(err)
	if !ok || !session.WorthAnother(f.v.run.src.Classify(refused), int(t.putOff)+1) {
		return false
	}
	t.putOff++
	f.v.patient.Store(true)
	return true
}
