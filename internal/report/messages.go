package report

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// messageMissing takes back the line of a message that was copied.
func (t *Text) messageMissing(e event.MessageMissing) {
	why := "host2 confirmed it"
	if e.Seen {
		why = "it was there"
	}
	t.linef("msg %s/%d is not in %s, though %s", e.From.Raw, e.UID, e.To.Raw, why)
}

// messageCopied prints imapsync's line "msg F/U {size} copied to ...". It runs
// once per message, so it appends instead of formatting.
func (t *Text) messageCopied(e event.MessageCopied) {
	now := t.now()
	b := t.buf
	b = append(b, "msg "...)
	b = display.Append(b, e.From.Raw)
	b = append(b, '/')
	if e.Dry {
		b = strconv.AppendUint(b, uint64(e.UID), 10)
		b = append(b, " copying to "...)
		b = display.Append(b, e.To.Raw)
		b = append(b, ' ')
		b = append(b, dryMark...)
		b = append(b, ' ')
		b = t.eta.append(b, t.stats, now)
		b = append(b, '\n')
		t.buf = b
		return
	}
	start := len(b)
	b = strconv.AppendUint(b, uint64(e.UID), 10)
	b = append(b, " {"...)
	b = strconv.AppendInt(b, e.Bytes, 10)
	b = append(b, '}')
	b = padASCII(b, start, 19)
	b = append(b, " copied to "...)
	b = display.Append(b, e.To.Raw)
	b = append(b, '/')
	start = len(b)
	if e.NewUID == 0 {
		b = append(b, '?') // the server did not tell, and a guess could be wrong
	} else {
		b = strconv.AppendUint(b, uint64(e.NewUID), 10)
	}
	b = padASCII(b, start, 10)
	b = append(b, ' ')
	span := now.Sub(t.stats.LoopStarted)
	b = appendRate(b, float64(t.stats.Transferred), span)
	b = append(b, " msgs/s  "...)
	b = units.AppendBytes(b, int64(perSecond(float64(t.stats.BytesTransferred), span)))
	b = append(b, "/s "...)
	b = units.AppendBytes(b, t.stats.BytesTransferred)
	b = append(b, " copied "...)
	b = t.eta.append(b, t.stats, now)
	b = append(b, '\n')
	t.buf = b
	if e.Altered != "" {
		t.linef("msg %s/%d was altered on its way: %s", e.From.Raw, e.UID, e.Altered)
	}
}

// padASCII appends blanks until dst[start:] is width bytes long.
func padASCII(dst []byte, start, width int) []byte {
	for len(dst)-start < width {
		dst = append(dst, ' ')
	}
	return dst
}

// messageSkipped prints why a message is left out. Messages that host2 holds
// already, under this UID or another, pass in silence as in imapsync; so do
// those that a stopped run did not come to, and reports. The summary counts them all.
func (t *Text) messageSkipped(e event.MessageSkipped) {
	f, uid := e.Folder.Raw, e.UID
	switch e.Reason {
	case event.SkipPresent, event.SkipDuplicate, event.SkipCrossDuplicate, event.SkipUnsent, event.SkipReport:
	case event.SkipNoHeader:
		hint := ""
		if e.Side == 1 {
			hint = ". To solve this: use --addheader"
			if len(t.o.Headers) > 0 {
				hint = ". To solve this: " + t.identify()
			}
		}
		t.linef("Host%d: %s/%d size %d ignored (no wanted headers so we ignore this message%s)",
			e.Side, f, uid, e.Bytes, hint)
	case event.SkipTooBig, event.SkipTooSmall:
		t.linef("msg %s/%d skipped %s", f, uid, e.Detail)
	case event.SkipLongLine, event.SkipShortLine:
		if e.Line == "" {
			e.Line = fmt.Sprintf("- msg %s/%d skipped S[%d] (Subject:[%s]) %s", f, uid, e.Bytes, e.Subject, e.Detail)
		}
		t.linef("%s", e.Line)
	case event.SkipByRule, event.SkipTransform:
		if e.Line != "" {
			t.linef("%s", e.Line)
		}
		t.linef("- msg %s/%d skipped.", f, uid)
	default:
		t.linef("msg %s/%d skipped: %s%s", f, uid, reasonOf(e.Reason), spaced(e.Detail))
	}
}

// spaced puts a blank before s unless it is empty.
func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

func (t *Text) messagesDeleted(e event.MessagesDeleted) {
	f, dry := e.Folder.Raw, t.drySuffix(e.Dry)
	for _, uid := range e.UIDs {
		switch {
		case e.MovedTo != "":
			t.linef("Host%d: msg %s/%d moved to folder [%s] %s", e.Side, f, uid, e.MovedTo, dry)
		case e.Side == 1:
			expunged := ""
			if e.Expunged {
				expunged = "and expunged"
			}
			t.linef("Host1: %s/%d marking deleted %s %s", f, uid, expunged, dry)
		case e.Duplicate:
			t.linef(`Host2: msg %s/%d marked \Deleted [duplicate] on host2 %s`, f, uid, dry)
		default:
			t.linef(`Host2: msg %s/%d marked \Deleted on host2 %s`, f, uid, dry)
		}
	}
	switch {
	case e.MovedTo != "" || len(e.UIDs) == 0:
	case e.Side == 2 && e.Expunged:
		t.linef("Host2: UidExpunging %d message(s) in folder %s %s", len(e.UIDs), f, dry)
	case !e.Expunged && !e.Dry:
		t.linef(`Host%d: folder [%s] keeps %d message(s) flagged \Deleted, not expunged`,
			e.Side, f, len(e.UIDs))
	}
}

func (t *Text) flagsChanged(e event.FlagsChanged) {
	t.linef("Host2: folder [%s] flags of %d message(s) set to (%s) %s",
		e.Folder.Raw, e.Count, e.Flags, t.drySuffix(e.Dry))
}

func (t *Text) deletionRefused(e event.DeletionRefused) {
	t.linef("Host%d: warning! folder [%s] %d message(s) not deleted: %s",
		e.Side, e.Folder.Raw, e.Count, e.Why)
}

// throttled prints imapsync's "sleeping" line, seconds with up to two decimals.
func (t *Text) throttled(e event.Throttled) {
	hundredths := math.Round(float64(e.For) / float64(10*time.Millisecond))
	why := ""
	if e.Why != "" {
		why = " (" + e.Why + ")"
	}
	t.linef("sleeping %s s%s", strconv.FormatFloat(hundredths/100, 'f', -1, 64), why)
}
