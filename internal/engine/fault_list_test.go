package engine_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// Folders that are told before LIST fails are carried over, and nothing is deleted.
func TestListThatEndsInARefusal(t *testing.T) {
	t.Parallel()
	const lines = "* LIST () \"/\" INBOX\r\n* LIST () \"/\" Sent\r\n"
	for _, status := range []string{"NO [SERVERBUG] cannot read directory", "BAD internal error"} {
		t.Run(status, func(t *testing.T) {
			a, b := pairOf(t, 40, 5)
			attempt(t, a, b, "--nousecache").expect(t, 0)
			handsOn(t, a).message("INBOX", "more")
			handsOn(t, b).message("INBOX", "extra")
			odd, _ := meddled(t, a, rule(meddle.Refuse, `^LIST `, lines+status), rule(meddle.Refuse, `^LSUB`, "BAD no"))
			out := attempt(t, odd, b, "--nousecache", "--delete2", "--delete2folders", "--expunge2", "--delete2newmail", "--delete2max", "100%")
			out.expect(t, event.ExitErrors)
			at := where(t, b)
			if len(at["more"]) != 1 || len(at["extra"]) != 1 || out.stats.Deleted[2] != 0 {
				t.Errorf("%v %v, %d deleted\n%s", at["more"], at["extra"], out.stats.Deleted[2], out.text)
			}
			if out.stats.Good() || out.stats.Strict() || strings.Contains(out.text, "looks good") || strings.Contains(out.text, "sync is strict") {
				t.Errorf("the verdict is good though folders may be missing\n%s", out.text)
			}
			for _, r := range out.removed {
				if r.Kept == "" {
					t.Errorf("%s is removed", r.Folder.Raw)
				}
			}
			if !strings.Contains(out.text, "which folders are subscribed") {
				t.Errorf("nothing is said of LSUB\n%s", out.text)
			}
		})
	}
	t.Run("without a line", func(t *testing.T) {
		a, b := pairOf(t, 10, 2)
		odd, _ := meddled(t, a, rule(meddle.Refuse, `^LIST `, "NO not now"))
		out := attempt(t, odd, b, "--nousecache")
		out.expect(t, event.ExitErrors)
		if out.stats.ErrorCount != 1 {
			t.Errorf("%d errors\n%s", out.stats.ErrorCount, out.text)
		}
	})
}

// A stop takes effect in a bounded time, whatever a server does not answer.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		side int
		rule meddle.Rule
	}{
		"FETCH":   {1, rule(meddle.Mute, `^UID FETCH .*BODY.PEEK\[\]`, "")},
		"listing": {1, rule(meddle.Mute, `^UID FETCH .*HEADER`, "")},
		"APPEND":  {2, rule(meddle.Mute, `^APPEND`, "")},
		"SELECT":  {2, rule(meddle.Mute, `^SELECT`, "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 20, 2)
			ends := [3]account{1: a, 2: b}
			// It is stopped when it waits for the command that gets no answer.
			stop := make(chan struct{})
			asked := sync.OnceFunc(func() { time.AfterFunc(300*time.Millisecond, func() { close(stop) }) })
			mute := r.rule
			mute.If = func(string) bool { asked(); return true }
			ends[r.side], _ = meddled(t, ends[r.side], mute)
			begun := time.Now()
			dir := t.TempDir()
			out := migrateWith(t, t.Context(), engine.Options{Stop: stop, StopWait: 500 * time.Millisecond}, append(args(ends[1], ends[2]), "--cachedir", dir, "--timeout", "60")...)
			out.expect(t, event.ExitBySignal)
			if took := time.Since(begun); took > 50*time.Second {
				t.Errorf("it took %v, about the time-out of 60 s", took)
			}
			if !strings.Contains(out.text, "not waited for any longer") {
				t.Errorf("nothing is said\n%s", out.text)
			}
			attempt(t, a, b, "--cachedir", dir).expect(t, 0)
			same(t, a, b)
		})
	}
}

// After a stop nothing is read any more, whatever the run would have liked to look at
// before it ends; the next run looks, and deletes only then.
func TestNothingIsReadAfterAStop(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{
		"check before deletion": {"--delete1"},
		"what stays behind":     {"--maxsize", "2000", "--skippedfile", "SKIPPED", "--savedir", "SAVED"},
		"check at the end":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			// Without UIDPLUS nobody knows which message is which before it is looked up.
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: []imap.Cap{imap.CapUIDPlus}}))
			mailtest.Fill(t, a.s, a.user, shared(60, 3))
			dir := t.TempDir()
			for i, o := range options {
				if o == "SKIPPED" || o == "SAVED" {
					options[i] = filepath.Join(dir, o)
				}
			}
			stop := make(chan struct{})
			var before [2]int
			from, f1 := meddled(t, a)
			to, f2 := meddled(t, b)
			fronts := [2]*meddle.Front{f1, f2}
			out := migrateWith(t, t.Context(), engine.Options{Stop: stop, Sink: func(e event.Event) {
				if _, ok := e.(event.MessageCopied); ok {
					select {
					case <-stop:
					default:
						for i, f := range fronts {
							before[i] = len(f.Said())
						}
						close(stop)
					}
				}
			}}, append(append(args(from, to), "--cachedir", dir), options...)...)
			out.expect(t, event.ExitBySignal)
			for i, f := range fronts {
				for _, line := range f.Said()[before[i]:] {
					if strings.Contains(line, "FETCH") {
						t.Errorf("host%d is asked after the stop: %s", i+1, line)
					}
				}
			}
			if n := out.stats.Deleted[1]; n != 0 {
				t.Errorf("%d messages were deleted on host1", n)
			}
		})
	}
}
