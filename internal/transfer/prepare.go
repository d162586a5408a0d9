package transfer

import (
	"bytes"
	"context"
	"io"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// prepare makes a message that is in memory ready to be sent: the user's own
// transformations, then what a refusal made necessary. It reports whether it is
// to be sent at all.
func (c *Folder) prepare(ctx context.Context, it *item) (bool, error) {
	t := it.t
	if !c.wantsWhole(t) {
		return true, nil
	}
	r := &c.Src.Recs[t.Src]
	if c.run.Plan.Transform.IDateFromHeader || c.dateUnknown(r) {
		if date, ok := maildate.FromHeader(transform.Field(*it.buf, "Date")); ok {
			it.date = date
		}
	}
	meta := transform.Meta{
		Folder1: c.From.Raw, Folder2: c.To.Raw, UID: uint32(t.UID()), HeaderLess: r.Is(listing.AddedHeader), AddedID: c.AddedIDs[t.UID()],
		Size: r.Size, Flags: transform.JoinFlags(c.run.Flags[0].List(r.Flags)), Date: c.dateOn2(r),
	}
	msg, verdict, err := c.run.Pipeline.Apply(ctx, meta, *it.buf)
	if err != nil {
		return false, err
	}
	if c.run.Control.Debugging(c.run.Plan.Debug.MaxLineLength) {
		var lines transform.LineScanner
		_, _ = lines.Write(msg) // never fails
		c.run.Control.Debugf(true, "maxlinelength", "Host1: msg %s/%d longest line has %d bytes", c.From.Raw, t.UID(), lines.Longest())
	}
	for _, n := range verdict.Notices {
		c.run.Control.Note(n)
	}
	if !verdict.Kept() {
		c.skipAs(t, event.MessageSkipped{
			Reason: skipOf(verdict.Cause), Detail: verdict.More(), Subject: verdict.Subject, Line: verdict.Line(meta),
		})
		return false, nil
	}
	if !bytes.Equal(msg, *it.buf) {
		// What the user's expressions and commands make has their line ends;
		// mail has CRLF. Untouched mail keeps what it has.
		if lf := transform.CountCRLF(msg); lf != int64(len(msg)) {
			whole := make([]byte, 0, lf)
			buf := bytes.NewBuffer(whole)
			if _, err := io.Copy(buf, transform.NewCRLFReader(bytes.NewReader(msg))); err != nil {
				return false, err
			}
			msg = buf.Bytes()
		}
		c.noteCut(it, *it.buf, msg)
	}
	for {
		out, changed := c.alter(t, msg)
		if changed {
			msg = out
			break
		}
		if !c.climb(t) {
			c.fail(t, event.ErrAppend, appendText(t, t.overrides().refusal, it), c.repairHint())
			return false, nil
		}
	}
	if b := msg; len(b) != len(*it.buf) || len(b) > 0 && &b[0] != &(*it.buf)[0] {
		if err := c.sign(it, b); err != nil {
			return false, err
		}
		it.buf = &b
	}
	it.size = int64(len(msg))
	if c.run.Plan.Dry { // --dry --nodry1: everything but the APPEND
		t.Sent = it.size
		c.settle(t, 0)
		return false, nil
	}
	return true, nil
}

// dateUnknown reports whether host1 did not tell a message's date, and it is wanted.
func (c *Folder) dateUnknown(r *listing.Record) bool {
	return !r.Is(listing.HasDate) && c.run.Plan.Transform.SyncInternalDates
}

// wantsWhole reports whether a message must be in memory before it is sent.
func (c *Folder) wantsWhole(t *Message) bool {
	return c.run.Plan.Dry || t.rung() != rungNone || c.run.Pipeline.Active() || c.run.Pipeline.LinesChecked() ||
		c.run.Plan.Transform.IDateFromHeader || c.dateUnknown(&c.Src.Recs[t.Src]) || c.run.Plan.Debug.MaxLineLength || c.Src.Recs[t.Src].Is(listing.AddedHeader)
}

func skipOf(c transform.Cause) event.Skip {
	switch c {
	case transform.SkippedByRule:
		return event.SkipByRule
	case transform.LongLine, transform.LineCmdFailed:
		return event.SkipLongLine
	case transform.ShortLines:
		return event.SkipShortLine
	}
	return event.SkipTransform
}
