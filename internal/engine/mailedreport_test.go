package engine_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// reports are the Message-Ids of the reports in an account's INBOX, and the number
// of its other messages.
func reports(t *testing.T, a account) (ids []string, others int) {
	t.Helper()
	for name, f := range mailtest.Snapshot(t, a.s, a.user).Folders {
		for _, m := range f.Messages {
			switch {
			case !strings.HasPrefix(m.MessageID, "<imaphaul-report."):
				others++
			case !strings.EqualFold(name, "INBOX"):
				t.Errorf("a report is in %s", name)
			default:
				ids = append(ids, m.MessageID)
			}
		}
	}
	return ids, others
}

// late is a message that came to host2 alone.
func late(id string, date time.Time) corpus.Mailbox {
	body := fmt.Sprintf("From: ann@example.org\r\nMessage-ID: <%s@example.org>\r\nSubject: late\r\n\r\ntext\r\n", id)
	return corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}, Messages: []corpus.Message{{Body: []byte(body), Date: date}}}}}
}

// Reports stay where they were put, on both sides and whatever the next runs are
// asked for: they are neither copied nor deleted, and no verdict counts them.
func TestReportsStay(t *testing.T) {
	t.Parallel()
	for _, kind := range append([]string{mailtest.Embedded}, mailtest.Kinds(t)...) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := func() *mailtest.Server {
				if kind == mailtest.Embedded {
					return mailtest.StartEmbedded(t, embedded.Options{})
				}
				return mailtest.Real(t, kind)
			}
			a, b := newAccount(t, s()), newAccount(t, s())
			journal := t.TempDir()
			mailtest.Fill(t, a.s, a.user, letters(5, 400))
			all := [2][]string{}
			run := func(added int, options ...string) outcome {
				t.Helper()
				options = append(options, "--nomxcheck")
				if !slices.Contains(options, "--nousecache") {
					options = append(options, "--cachedir", journal)
				}
				out := migrate(t, a, b, options...)
				out.expect(t, 0)
				rehearsal := slices.Contains(options, "--dry") || slices.Contains(options, "--justfolders")
				if !rehearsal && (!out.stats.Good() || !out.stats.Strict()) || out.stats.NotCopiedCount != 0 {
					t.Errorf("%q: good %v, strict %v, %d not copied\n%s", options, out.stats.Good(), out.stats.Strict(), out.stats.NotCopiedCount, out.text)
				}
				for i, x := range []account{a, b} {
					ids, _ := reports(t, x)
					if len(ids) != len(all[i])+added {
						t.Errorf("%q: %d reports on host%d, want %d\n%s", options, len(ids), i+1, len(all[i])+added, out.text)
					}
					for _, id := range all[i] {
						if !slices.Contains(ids, id) {
							t.Errorf("%q: report %s is gone from host%d", options, id, i+1)
						}
					}
					all[i] = ids
				}
				if len(all[0]) > 0 && slices.Contains(all[1], all[0][0]) {
					t.Errorf("%q: host1's report was copied", options)
				}
				return out
			}
			both := []string{"--emailreport1", "--emailreport2"}
			run(0, append(slices.Clone(both), "--dry")...)
			run(0, append(slices.Clone(both), "--justfolders")...)
			run(1, both...)
			same5 := func() {
				t.Helper()
				for i, x := range []account{a, b} {
					if _, n := reports(t, x); n != 5 {
						t.Errorf("%d letters on host%d", n, i+1)
					}
				}
			}
			same5()
			second := run(1, both...)
			if second.stats.Transferred != 0 || second.stats.SkippedBy[event.SkipReport].Messages != 1 {
				t.Errorf("the second run copied %d messages and left out %d reports", second.stats.Transferred, second.stats.SkippedBy[event.SkipReport].Messages)
			}
			if !strings.Contains(second.text, "Host1: 1 message(s) are not copied, because they are reports ") {
				t.Errorf("the report is not told:\n%s", second.text)
			}
			run(0)
			// Now nothing has changed any more, and still they are told.
			if out := run(0); out.stats.SkippedBy[event.SkipReport].Messages != 2 {
				t.Errorf("%d reports are told, want 2\n%s", out.stats.SkippedBy[event.SkipReport].Messages, out.text)
			}
			deleting := []string{"--delete2", "--delete2newmail", "--delete2max", "100%"}
			mailtest.Fill(t, b.s, b.user, late("surplus", time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)))
			if out := run(0, deleting...); out.stats.Deleted[2] != 1 {
				t.Errorf("%d messages were deleted on host2, want the surplus one\n%s", out.stats.Deleted[2], out.text)
			}
			run(0, append(slices.Clone(deleting), "--nousecache")...)
			run(0, "--useheader", "Subject", "--delete2", "--delete2newmail", "--delete2max", "100%")
			run(0, "--delete2duplicates")
			same5()
		})
	}
}

// host1's reports are younger than its mail; mail that came to host2 in between
// is new mail all the same.
func TestReportsAreNoNewMail(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(5, 400))
	migrate(t, a, b).expect(t, 0)
	mailtest.Fill(t, b.s, b.user, late("new", time.Now().Add(-time.Hour)))
	migrate(t, a, b, "--emailreport1").expect(t, 0)
	out := migrate(t, a, b, "--delete2", "--nomxcheck")
	if _, n := reports(t, b); n != 6 || out.stats.Deleted[2] != 0 || out.stats.RefusedDeletions != 1 {
		t.Errorf("%d messages are left, want 6; %d deleted, %d refused\n%s", n, out.stats.Deleted[2], out.stats.RefusedDeletions, out.text)
	}
}

// A report in host1's INBOX and no mail is an empty folder to the guard.
func TestReportsAreNoMailToTheGuard(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(5, 400))
	migrate(t, a, b, "--emailreport1").expect(t, 0)
	lose(t, a, "INBOX", 1, 2, 3, 4, 5)
	if ids, n := reports(t, a); n != 0 || len(ids) != 1 {
		t.Fatalf("%d letters and %d reports on host1", n, len(ids))
	}
	out := migrate(t, a, b, "--delete2", "--delete2newmail", "--nomxcheck")
	out.expect(t, event.ExitDeletionRefused)
	if _, n := reports(t, b); n != 5 {
		t.Errorf("%d letters on host2\n%s", n, out.text)
	}
}

// A report that would be too large for host2 is not announced as mail that will
// not fit.
func TestReportsAreNotTooBig(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(5, 400))
	migrate(t, a, b, "--emailreport1").expect(t, 0)
	out := migrate(t, a, b, "--maxsize", "1000")
	out.expect(t, 0)
	if strings.Contains(out.text, "will not fit") || !out.stats.Good() {
		t.Error(out.text)
	}
}

// The only thing that is ever written to host1 is the report.
func TestReportIsTheOnlyWrite(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(5, 400))
	through, front := meddled(t, a)
	migrate(t, through, b, "--emailreport1").expect(t, 0)
	var writes []string
	for _, command := range front.Said() {
		if regexp.MustCompile(`(?i)^(APPEND|SELECT|STORE|UID STORE|COPY|UID COPY|CREATE|DELETE|EXPUNGE|SUBSCRIBE)\b`).MatchString(command) {
			writes = append(writes, command)
		}
	}
	if len(writes) != 1 || !strings.HasPrefix(writes[0], "APPEND INBOX {") {
		t.Errorf("host1 got %q", writes)
	}
}

// A report that cannot be stored is an error, and the other side's report tells
// of it. It is not sent again.
func TestReportRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		rule  meddle.Rule
		words string
	}{
		{"refused", meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^APPEND INBOX`), Text: "NO [NOPERM] read-only archive"}, "read-only archive"},
		{"cut", meddle.Rule{Action: meddle.CutBefore, Match: regexp.MustCompile(`^APPEND INBOX`)}, "connection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for side := 1; side <= 2; side++ {
				pair := [2]account{}
				pair[0], pair[1] = embeddedPair(t)
				mailtest.Fill(t, pair[0].s, pair[0].user, letters(5, 400))
				migrate(t, pair[0], pair[1]).expect(t, 0)
				through := pair
				var front *meddle.Front
				through[side-1], front = meddled(t, pair[side-1], tt.rule)
				out := migrate(t, through[0], through[1], "--emailreport1", "--emailreport2")
				out.expect(t, event.ExitErrors)
				want := fmt.Sprintf("Host%d: could not put the email final report in INBOX: ", side)
				if !strings.Contains(out.text, want) || !strings.Contains(out.text, tt.words) || !out.stats.Good() {
					t.Errorf("%q or %q is not in\n%s", want, tt.words, out.text)
				}
				tried := 0
				for _, command := range front.Said() {
					if strings.HasPrefix(command, "APPEND") {
						tried++
					}
				}
				if tried != 1 {
					t.Errorf("it was tried %d times", tried)
				}
				for i, x := range pair {
					if ids, n := reports(t, x); len(ids) != 1-b2i(i == side-1) || n != 5 {
						t.Errorf("side %d refused: %d reports and %d letters on host%d", side, len(ids), n, i+1)
					}
				}
			}
		})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A run that was asked to stop reports what it came to.
func TestReportOfAStoppedRun(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(50, 1000))
	out := migrate(t, a, b, "--emailreport2", "--exitwhenover", "5000")
	out.expect(t, event.ExitTransferExceeded)
	if ids, n := reports(t, b); len(ids) != 1 || n >= 50 {
		t.Errorf("%d reports, %d letters\n%s", len(ids), n, out.text)
	}
	// One that never came to its folders has none.
	bad := b
	bad.password = "wrong"
	migrateWith(t, t.Context(), engine.Options{}, append(args(a, bad), "--emailreport1")...).expect(t, event.ExitAuthenticateUser2)
	if ids, _ := reports(t, a); len(ids) != 0 {
		t.Errorf("%d reports on host1", len(ids))
	}
}
