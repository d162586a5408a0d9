package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// The reports of --emailreport1 and --emailreport2 are messages in an INBOX, and
// later runs find them there. They tell of a migration and are no part of it: a
// run recognises them by their Message-Id, on both sides, and neither copies nor
// deletes them. On host1 each is told as left out.

// reportMailbox is where reports are stored.
const reportMailbox = "INBOX"

// reportWait is how long storing one report may take.
const reportWait = 30 * time.Second

// A report's Message-Id begins and ends like this; ".invalid" is nobody's domain
// (RFC 2606).
const (
	reportHead = "<imaphaul-report."
	reportTail = "@imaphaul.invalid>"
)

// ReportRequest asks for the text of a report.
type ReportRequest struct {
	// Side is the account whose INBOX it is for.
	Side event.Side
	// MessageID is the Message-Id it must have, with its brackets.
	MessageID string
	// Finished is how the run is going to end.
	Finished event.Finished
}

// storeReports stores the reports that were asked for, host2's first as imapsync
// does, so that host1's tells when that failed. A run that never came to its
// folders has nothing to report.
func (r *run) storeReports(ctx context.Context, fin event.Finished) {
	if r.o.Report == nil || r.p.Mode != plan.ModeSync || r.p.Dry || r.loopStart.IsZero() || ctx.Err() != nil {
		return
	}
	out := &r.p.Output
	for _, to := range []struct {
		wanted bool
		k      *link
	}{{out.EmailReport2, r.main.dst}, {out.EmailReport1, r.main.src}} {
		if !to.wanted {
			continue
		}
		n := to.k.side.N
		if err := r.storeReport(ctx, to.k, fin); err != nil {
			r.fault(event.Error{Class: event.ErrReport,
				Text: fmt.Sprintf("Host%d: could not put the email final report in %s: %s", n, reportMailbox, serverWords(err)),
				Hint: fmt.Sprintf("the mail is not concerned; the same figures are in what is printed and in the log. --noemailreport%d does without it", n)})
			continue
		}
		r.note(fmt.Sprintf("Host%d: Successfully put the email final report in %s. Use --noemailreport%d to avoid it.", n, reportMailbox, n))
	}
}

// errLinkLost says why no report is stored on a side.
var errLinkLost = errors.New("the connection is lost")

// storeReport stores one report. It is not sent twice, whatever happens: a second
// one would be worse than none.
func (r *run) storeReport(ctx context.Context, k *link, fin event.Finished) error {
	ctx, cancel := context.WithTimeout(ctx, reportWait)
	defer cancel()
	if r.control.Cause() == event.StopLost && (k.Conn == nil || k.Conn.Err() != nil) {
		return errLinkLost // it was tried often enough
	}
	k.Forget() // what is opened again need not select anything
	c, err := k.Alive(ctx)
	if err != nil {
		return err
	}
	if err := k.closeInbox(ctx, c); err != nil {
		return err
	}
	msg, err := r.o.Report(ReportRequest{Side: k.side.N, MessageID: newReportID(), Finished: fin})
	if err != nil {
		return err
	}
	// The one message for which a sealed connection is opened.
	c.PermitAppend(reportMailbox)
	a, err := c.StartAppend(ctx, reportMailbox, imapconn.AppendOptions{Size: int64(len(msg))})
	if err != nil {
		return err
	}
	if _, err := a.Write(msg); err != nil {
		return err
	}
	_, err = c.WaitAppend(ctx, a)
	return err
}

// nowhere is a mailbox that nobody has.
const nowhere = "imaphaul-nowhere"

// closeInbox leaves INBOX where it is selected: Courier stores nothing in a mailbox
// that the same session examines. Without UNSELECT the way is a mailbox that does
// not exist (RFC 3691 section 1).
func (k *link) closeInbox(ctx context.Context, c *imapconn.Conn) error {
	if m := c.Mailbox(); m == nil || !folders.IsInbox(m.Name) {
		return nil
	}
	k.Forget()
	if c.Has(imap.CapUnselect) {
		return c.Unselect(ctx)
	}
	if _, err := c.Examine(ctx, nowhere, nil); err != nil && !isRefusal(err) {
		return err
	}
	return nil
}

func newReportID() string {
	return reportHead + strings.ToLower(rand.Text()) + reportTail
}

// messageID is the one header that tells a report.
const messageID = "Message-Id"

// isReport reports whether a message with these header fields is a report.
func isReport(header []byte) bool {
	if !bytes.Contains(header, []byte(reportTail)) {
		return false // nearly always
	}
	field := false
	var value []byte
	for line := range bytes.Lines(header) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			if field {
				value = append(value, line...)
			}
			continue
		}
		if field {
			break
		}
		name, rest, ok := bytes.Cut(line, []byte(":"))
		if field = ok && strings.EqualFold(strings.TrimSpace(string(name)), messageID); field {
			value = bytes.Clone(rest)
		}
	}
	value = bytes.TrimSpace(value)
	return bytes.HasPrefix(value, []byte(reportHead)) && bytes.HasSuffix(value, []byte(reportTail))
}

// withMessageID adds Message-Id to the header fields that are asked for, so that
// reports are known also when --useheader names others.
func withMessageID(names []string) []string {
	if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, messageID) }) {
		return names
	}
	return append(slices.Clone(names), messageID)
}

// tellReports tells the reports on host1, which are left out.
func (fs *folderSync) tellReports() {
	for i := range fs.src.Recs {
		if r := &fs.src.Recs[i]; r.Is(listing.Report) {
			fs.run.emit(event.MessageSkipped{Side: 1, Folder: fs.from, UID: uint32(r.UID), Bytes: r.Size, Reason: event.SkipReport})
		}
	}
}
