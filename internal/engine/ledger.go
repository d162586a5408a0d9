package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// What became of each message is told once, here.

// confirmed tells that host2 holds the message, or would hold it in a run that
// is not dry.
func (fs *folderSync) confirmed(t *task) {
	dry := fs.run.p.Dry
	if !dry {
		fs.copiedCount++
		fs.run.transferred.Add(t.sent)
	}
	fs.tellShort(t)
	fs.run.emit(event.MessageCopied{
		From: fs.from, UID: uint32(t.uid), Bytes: t.sent, To: fs.to, NewUID: uint32(t.newUID), Dry: dry, Altered: t.oddness().altered, Late: t.c.late,
	})
}

// skipped tells that a message is left out on purpose.
func (fs *folderSync) skipped(t *task, reason event.Skip, detail string) {
	fs.skippedAs(t, event.MessageSkipped{Reason: reason, Detail: detail})
}

// skippedAs is skipped with more to say in e, which lacks only the message.
func (fs *folderSync) skippedAs(t *task, e event.MessageSkipped) {
	e.Side, e.Folder, e.UID, e.Bytes = 1, fs.from, uint32(t.uid), t.size
	if e.Reason == event.SkipCrossDuplicate || !fs.run.describing() {
		fs.run.emit(e)
		return
	}
	fs.left = append(fs.left, leftMessage{uid: t.uid, skip: e})
}

// failed counts a message that could not be copied.
func (fs *folderSync) failed(t *task, class event.Class, text, hint string) {
	fs.failedCount++
	e := event.Error{Class: class, Text: text, Hint: hint, Folder: fs.from, UID: uint32(t.uid), Bytes: t.size}
	if !fs.run.describing() {
		fs.run.fault(e)
		return
	}
	fs.run.control.CountError()
	fs.left = append(fs.left, leftMessage{uid: t.uid, fault: &e})
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
func (r *run) describing() bool {
	return r.p.Transfer.SkippedFile != "" || r.p.Transfer.SaveDir != ""
}

// account tells of the messages that stay behind: those the run did not get to,
// and those whose headers had to be read first.
func (fs *folderSync) account(ctx context.Context, c *copier) {
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == pending {
			fs.skipped(t, event.SkipUnsent, "")
		}
	}
	if len(fs.left) == 0 {
		return
	}
	heads := fs.headersOf(ctx)
	for _, l := range fs.left {
		h := heads[l.uid]
		if l.fault != nil {
			l.fault.MessageID, l.fault.Subject, l.fault.Date = h.id, h.subject, h.date
			fs.run.emit(*l.fault)
			continue
		}
		l.skip.MessageID, l.skip.Subject, l.skip.Date = h.id, h.subject, h.date
		fs.run.emit(l.skip)
	}
	fs.save(ctx)
}

// head is what people recognise a message by.
type head struct{ id, date, subject string }

// headersOf reads the headers of the messages left behind, all in one go. It
// does without what it can not get.
func (fs *folderSync) headersOf(ctx context.Context) map[imap.UID]head {
	heads := make(map[imap.UID]head, len(fs.left))
	if fs.run.control.Asked() {
		return heads
	}
	uids := make([]imap.UID, len(fs.left))
	for i, l := range fs.left {
		uids[i] = l.uid
	}
	slices.Sort(uids)
	_ = fs.lane.src.read(ctx, slices.Compact(uids), imapconn.FetchItems{UID: true, HeaderFields: []string{"Message-Id", "Date", "Subject"}}, func(m *imapconn.Message) error {
		heads[m.UID] = head{
			id:      transform.Field(m.Header, "Message-Id"),
			date:    transform.Field(m.Header, "Date"),
			subject: transform.Field(m.Header, "Subject"),
		}
		return nil
	})
	return heads
}
