package transfer

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// What became of each message is told once, here.

// tellCopied tells that host2 holds the message, or would hold it in a run that
// is not dry.
func (c *Folder) tellCopied(t *Message) {
	dry := c.run.Plan.Dry
	if !dry {
		c.Copied++
		c.run.transferred.Add(t.Sent)
	}
	c.tellShort(t)
	c.run.Control.Emit(event.MessageCopied{
		From: c.From, UID: uint32(t.UID()), Bytes: t.Sent, To: c.To, NewUID: uint32(t.NewUID), Dry: dry, Altered: t.overrides().altered, Late: t.c.late,
	})
}

// LeaveOut tells that a message is left out on purpose.
func (c *Folder) LeaveOut(t *Message, reason event.Skip, detail string) {
	c.skippedAs(t, event.MessageSkipped{Reason: reason, Detail: detail})
}

// NotTaken counts a message that is not copied since it is larger than host2 takes.
func (c *Folder) NotTaken(t *Message, detail string) {
	c.skippedAs(t, event.MessageSkipped{Reason: event.SkipTooBig, Detail: detail, ByHost2: true})
}

// skippedAs is LeaveOut with more to say in e, which lacks only the message.
func (c *Folder) skippedAs(t *Message, e event.MessageSkipped) {
	e.Side, e.Folder, e.UID, e.Bytes = 1, c.From, uint32(t.UID()), t.Size()
	if e.Reason == event.SkipCrossDuplicate || !c.run.describing() {
		c.run.Control.Emit(e)
		return
	}
	c.left = append(c.left, leftMessage{uid: t.UID(), skip: e})
}

// failed counts a message that could not be copied.
func (c *Folder) failed(t *Message, class event.Class, text, hint string) {
	c.Failed++
	e := event.Error{Class: class, Text: text, Hint: hint, Folder: c.From, UID: uint32(t.UID()), Bytes: t.Size()}
	if !c.run.describing() {
		c.run.Control.Fault(e)
		return
	}
	c.run.Control.CountError()
	c.left = append(c.left, leftMessage{uid: t.UID(), fault: &e})
}

// leftMessage is a message that stays behind and is still to be told of, with
// what its header says.
type leftMessage struct {
	uid   imap.UID
	skip  event.MessageSkipped
	fault *event.Error
}

// describing reports whether messages that stay behind are told with their
// headers, which are read at the end of each folder.
func (r *Copier) describing() bool {
	return r.Plan.Transfer.SkippedFile != "" || r.Plan.Transfer.SaveDir != ""
}

// Account tells of the messages that stay behind: those the run did not get to,
// and those whose headers had to be read first.
func (c *Folder) Account(ctx context.Context) {
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == Pending {
			c.LeaveOut(t, event.SkipUnsent, "")
		}
	}
	if len(c.left) == 0 {
		return
	}
	heads := c.headersOf(ctx)
	for _, l := range c.left {
		h := heads[l.uid]
		if l.fault != nil {
			l.fault.MessageID, l.fault.Subject, l.fault.Date = h.id, h.subject, h.date
			c.run.Control.Emit(*l.fault)
			continue
		}
		l.skip.MessageID, l.skip.Subject, l.skip.Date = h.id, h.subject, h.date
		c.run.Control.Emit(l.skip)
	}
	c.save(ctx)
}

// head is what people recognise a message by.
type head struct{ id, date, subject string }

// headersOf reads the headers of the messages left behind, all in one go. It
// does without what it can not get.
func (c *Folder) headersOf(ctx context.Context) map[imap.UID]head {
	heads := make(map[imap.UID]head, len(c.left))
	if c.run.Control.Asked() {
		return heads
	}
	uids := make([]imap.UID, len(c.left))
	for i, l := range c.left {
		uids[i] = l.uid
	}
	slices.Sort(uids)
	_ = survey.ReadEach(ctx, c.conns.Src, slices.Compact(uids), imapconn.FetchItems{UID: true, HeaderFields: []string{"Message-Id", "Date", "Subject"}}, func(m *imapconn.Message) error {
		heads[m.UID] = head{
			id:      transform.Field(m.Header, "Message-Id"),
			date:    transform.Field(m.Header, "Date"),
			subject: transform.Field(m.Header, "Subject"),
		}
		return nil
	})
	return heads
}
