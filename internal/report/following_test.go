package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// The end of following says whether it is complete, and since when something may be
// missing.
func TestLastPass(t *testing.T) {
	good := event.PassEnded{Number: 1, Why: "the first", Took: time.Minute}
	whole := []event.Event{event.LoopStart{Folders: 1}, event.FolderDone{From: event.Folder{Raw: "INBOX"}}}
	refusal := event.Error{Class: event.ErrRefused}
	refused := event.PassEnded{Number: 2, Code: event.ExitDeletionRefused, Errors: 1}
	large := refused
	large.Untaken = 1
	failed := event.PassEnded{Number: 2, Why: "x", Code: event.ExitErrors, Errors: 1}
	for _, c := range []struct {
		before    []event.PassEnded
		said      []event.Event // in the last pass
		last      event.PassEnded
		want, not string
	}{
		{[]event.PassEnded{good}, whole, event.PassEnded{Number: 2}, "The last pass is complete: what was on host1 when it began, at 2012-03-02 03:04:05, is on host2", "missing"},
		{[]event.PassEnded{good, failed}, nil, event.PassEnded{Number: 3, Code: event.ExitErrors, Errors: 1}, "not complete: what came to host1 after 2012-03-02 03:03:05 may be missing on host2. It ended with 111", "is complete"},
		{[]event.PassEnded{failed}, nil, event.PassEnded{Number: 3, Code: event.ExitErrors, Errors: 1}, "not complete: messages may be missing", "after"},
		{[]event.PassEnded{good}, append(whole, refusal), refused, "complete but for deletions that were refused: what was on host1 when it began, at 2012-03-02 03:04:05, is on host2", "missing"},
		{[]event.PassEnded{good}, append(whole, refusal), large, "not complete: of 1 message of host1 it is not certain", "but for deletions"},
		{[]event.PassEnded{good}, append(whole, refusal, event.Error{Class: event.ErrAppend}), refused, "not complete", "but for deletions"},
		{[]event.PassEnded{good}, []event.Event{refusal}, refused, "not complete", "but for deletions"}, // no folder was come to
	} {
		var out bytes.Buffer
		now := time.Date(2012, 3, 2, 3, 4, 5, 0, time.UTC)
		tally := event.NewTally(now, nil)
		for _, e := range c.said {
			tally.Add(e)
		}
		text := NewText(&out, tally, Options{Now: func() time.Time { return now }})
		c.last.Last = true
		for _, e := range append(c.before, c.last) {
			text.Event(e)
		}
		if said := out.String(); !strings.Contains(said, c.want) || strings.Contains(said, c.not) {
			t.Errorf("%q is not in, or %q is in\n%s", c.want, c.not, said)
		}
	}
}
