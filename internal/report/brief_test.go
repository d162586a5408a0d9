package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// printed is what a text of some detail prints of a whole run.
func printed(d Detail, evs []any) string {
	c := startOfRun()
	o := testOptions(c)
	o.Detail = d
	var buf bytes.Buffer
	tally := event.NewTally(c.t, c.now)
	text := NewText(&buf, tally, o)
	text.Start(Preamble{Notes: []string{"Warning: no pid file", "A note of no weight"}})
	for _, e := range evs {
		if w, ok := e.(wait); ok {
			c.t = c.t.Add(time.Duration(w))
			continue
		}
		ev := e.(event.Event)
		tally.Add(ev)
		text.Event(ev)
	}
	text.Exit(Ending{Code: tally.Stats().ExitCode()})
	_ = text.Close()
	return buf.String()
}

// goodRun copies messages without anything to tell of.
func goodRun(messages int) []any {
	evs := []any{
		event.Phase{Name: "connect"}, event.Phase{Name: "list"},
		event.Mapped{Rows: []event.MapRow{{From: f("INBOX"), To: f("INBOX"), Why: "same"}}},
		event.LoopStart{Folders: 1}, event.FolderStart{Index: 1, Of: 1, From: f("INBOX"), To: f("INBOX")},
	}
	for i := range messages {
		evs = append(evs, event.MessageCopied{From: f("INBOX"), UID: uint32(i + 1), Bytes: 1000, To: f("INBOX"), NewUID: uint32(i + 1)})
	}
	n := int64(messages)
	return append(evs, event.FolderDone{From: f("INBOX"), To: f("INBOX"), Identified1: n, Identified2: n},
		event.LoopEnd{}, event.Finished{Mode: "sync"})
}

func TestQuietTextOfAGoodRunIsShort(t *testing.T) {
	for _, n := range []int{0, 7, 5000} {
		got := printed(Quiet, goodRun(n))
		lines := strings.Split(strings.TrimSpace(got), "\n")
		if len(lines) >= 12 {
			t.Errorf("%d messages: %d lines:\n%s", n, len(lines), got)
		}
		for _, want := range []string{"The sync is strict", "Exiting with return value 0 (EX_OK", "Warning: no pid file"} {
			if !strings.Contains(got, want) {
				t.Errorf("%d messages: %q is missing:\n%s", n, want, got)
			}
		}
		if strings.Contains(got, "copied to") || strings.Contains(got, "of no weight") {
			t.Errorf("not quiet:\n%s", got)
		}
	}
}

// Whatever asks for attention is in the quiet text as it is in the whole one.
func TestQuietTextHasAllThatAsksForAttention(t *testing.T) {
	bad := errors.New("refused by the server")
	events := []event.Event{
		event.Note{Text: "something odd", Warn: true},
		event.Error{Class: event.ErrAppend, Text: "- msg could not be appended", Hint: "try again", Folder: f("A"), UID: 3},
		event.Connected{Side: 1, Unverified: true},
		event.Connected{Side: 2, Waived: "another name"},
		event.Connected{Side: 2, PlaintextLoginSent: true},
		event.Quota{Side: 2, HasQuota: true, Used: 99, Limit: 100},
		event.Mapped{Warnings: []string{"two folders become one"}},
		event.FolderIgnored{Side: 1, Folder: f("Nowhere"), Why: "is not selectable"},
		event.FolderSkipped{Side: 2, Folder: f("Case"), Why: "exists as case"},
		event.FolderRemoved{Side: 2, Folder: f("Old"), Err: bad},
		event.FolderSubscribed{Folder: f("Old"), Err: bad},
		event.DeletionRefused{Side: 2, Folder: f("A"), Count: 4, Why: "the ceiling", Ceiling: true},
		event.MessageShort{Folder: f("A"), UID: 9, Bytes: 10, Told: 1000},
		event.MessageMissing{From: f("A"), To: f("B"), UID: 4},
		event.MessagesDoubtful{From: f("A"), To: f("B"), Count: 4},
		event.FolderDone{From: f("A"), To: f("A"), Failed: true},
		event.SignalReceived{Signal: "TERM", Count: 1, What: "stop"},
	}
	for _, e := range events {
		before := printed(Quiet, nil)
		got := printed(Quiet, []any{e})
		if got == before {
			t.Errorf("%T says nothing: %+v", e, e)
		}
		whole := printed(Whole, []any{e})
		for line := range strings.Lines(strings.TrimSuffix(got, before)) {
			if line != "" && !strings.Contains(before, line) && !strings.Contains(whole, strings.TrimSpace(line)) {
				t.Errorf("%T: a line of its own: %q", e, line)
			}
		}
	}
}

// What a wrapper reads stands in the summary as it stands in the whole text, but
// for the lines of single messages.
func TestSummaryKeepsTheLinesOfWrappers(t *testing.T) {
	whole, brief := printed(Whole, goodRun(300)), printed(Summary, goodRun(300))
	for line := range strings.Lines(whole) {
		if strings.HasPrefix(line, "msg ") {
			if strings.Contains(brief, line) {
				t.Fatalf("a message has its line: %q", line)
			}
			continue
		}
		if !strings.Contains(brief, line) {
			t.Errorf("missing: %q", line)
		}
	}
	if want := "Host1: folder [INBOX] 300 messages copied (292.969 KiB), 0 there already, 0 left out, 0 failed"; !strings.Contains(brief, want) {
		t.Errorf("no %q in:\n%s", want, brief)
	}
}
