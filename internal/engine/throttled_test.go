package engine_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

const (
	backoffText = "Request is throttled. Suggested Backoff Time: 250 milliseconds"
	dayText     = "Account exceeded command or bandwidth limits. (Failure)"
)

// TestServersThatAskForPatience: a server that asks for a pause, by whatever
// reply, gets it, and every message in the end.
func TestServersThatAskForPatience(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	const messages = 80
	box := shared(messages, 4)
	source := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	mailtest.Fill(t, source.s, source.user, box)
	refuse := func(command, text string, skip, times int) meddle.Rule {
		return meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(command), Text: text, Skip: skip, Times: times}
	}
	for _, tc := range []struct {
		name  string
		side  event.Side
		rules []meddle.Rule
		rests bool // everybody does
	}{
		{"APPEND", 2, []meddle.Rule{refuse(`^APPEND`, "NO "+backoffText, 1, 12)}, true},
		{"APPEND BAD", 2, []meddle.Rule{refuse(`^APPEND`, "BAD "+backoffText, 0, 3)}, true},
		{"APPEND in between", 2, []meddle.Rule{refuse(`^APPEND`, "NO [UNAVAILABLE] Temporary System Problem (Failure)", 7, 2)}, false},
		{"FETCH", 1, []meddle.Rule{refuse(`^UID FETCH .*BODY.PEEK\[\]`, "BAD "+backoffText, 1, 6)}, true},
		{"FETCH in between", 1, []meddle.Rule{refuse(`^UID FETCH .*BODY.PEEK\[\]`, "NO [UNAVAILABLE] UID FETCH Server error while fetching messages", 1, 2)}, false},
		{"EXAMINE", 1, []meddle.Rule{refuse(`^EXAMINE`, "NO Server Unavailable. 15", 0, 6)}, true},
		{"SELECT", 2, []meddle.Rule{refuse(`^SELECT`, "NO "+backoffText, 0, 3)}, true},
		{"CREATE", 2, []meddle.Rule{refuse(`^CREATE`, "NO "+backoffText, 0, 2)}, true},
		{"slow success", 1, []meddle.Rule{{Action: meddle.Replace, Match: regexp.MustCompile(`OK Fetch completed.*`), Text: "OK Success [THROTTLED]\r", Times: 3}}, true},
		{"farewell", 2, []meddle.Rule{refuse(`^APPEND`, "* BYE "+backoffText+"\r\nNO bye", 1, 1)}, true},
	} {
		for _, to := range []struct {
			server      string
			connections int
		}{{"format=maildir", 1}, {"hide=MULTIAPPEND", 1}, {inTurn, 1}, {inTurn, 4}} {
			t.Run(fmt.Sprintf("%s %s %d", tc.name, to.server, to.connections), func(t *testing.T) {
				t.Parallel()
				b := newAccount(t, mailtest.Real(t, mailtest.Dovecot, to.server))
				ends := [3]account{1: source, 2: b}
				ends[tc.side], _ = meddled(t, ends[tc.side], tc.rules...)
				out := attempt(t, ends[1], ends[2], "--connections", fmt.Sprint(to.connections), "--cachedir", t.TempDir(), "--nocompress1", "--nocompress2")
				out.expect(t, 0)
				if out.stats.Transferred != messages || out.stats.ErrorCount != 0 {
					t.Errorf("%d messages copied, %d errors\n%s", out.stats.Transferred, out.stats.ErrorCount, out.text)
				}
				if told := strings.Contains(out.text, fmt.Sprintf("host%d asks for it", tc.side)); told != tc.rests {
					t.Errorf("a pause is told: %v\n%s", told, out.text)
				}
				same(t, source, b)
			})
		}
	}
}

// TestServersThatHaveEnoughForToday end the run in good order; the same command
// line goes on when they let it in again.
func TestServersThatHaveEnoughForToday(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	const messages = 80
	box := shared(messages, 4)
	source := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	mailtest.Fill(t, source.s, source.user, box)
	for _, tc := range []struct {
		name string
		side event.Side
		rule meddle.Rule
		// begun: some messages were copied before.
		begun bool
	}{
		{"APPEND", 2, meddle.Rule{Match: regexp.MustCompile(`^APPEND`), Text: "NO [OVERQUOTA] " + dayText, Skip: 1}, true},
		{"FETCH", 1, meddle.Rule{Match: regexp.MustCompile(`^UID FETCH .*BODY.PEEK\[\]`), Text: "NO [ALERT] " + dayText, Skip: 1}, true},
		{"LOGIN", 1, meddle.Rule{Match: regexp.MustCompile(`^LOGIN`), Text: "NO [ALERT] " + dayText}, false},
		{"EXAMINE", 1, meddle.Rule{Match: regexp.MustCompile(`^EXAMINE`), Text: "NO [ALERT] " + dayText}, false},
		{"farewell", 2, meddle.Rule{Match: regexp.MustCompile(`^APPEND`), Text: "* BYE [OVERQUOTA] " + dayText + "\r\nNO bye", Skip: 1}, true},
		{"no end of pauses", 2, meddle.Rule{Match: regexp.MustCompile(`^APPEND`), Text: "NO " + backoffText, Skip: 1}, true},
	} {
		for _, to := range []struct {
			server      string
			connections int
		}{{"format=maildir", 1}, {"hide=MULTIAPPEND", 4}, {inTurn, 4}} {
			t.Run(fmt.Sprintf("%s %s %d", tc.name, to.server, to.connections), func(t *testing.T) {
				t.Parallel()
				b := newAccount(t, mailtest.Real(t, mailtest.Dovecot, to.server))
				ends := [3]account{1: source, 2: b}
				ends[tc.side], _ = meddled(t, ends[tc.side], tc.rule)
				options := []string{"--connections", fmt.Sprint(to.connections), "--cachedir", t.TempDir(), "--nocompress1", "--nocompress2"}
				first := attempt(t, ends[1], ends[2], options...)
				first.expect(t, event.ExitTransferExceeded)
				if first.fin.Stopped != "day budget" || first.stats.ErrorCount != 1 {
					t.Errorf("stopped %q, %d errors", first.fin.Stopped, first.stats.ErrorCount)
				}
				if n := first.stats.Transferred; n > 0 != tc.begun || n >= messages {
					t.Errorf("%d messages copied", n)
				}
				if !strings.Contains(first.text, "run the same command again") {
					t.Errorf("it is not said what to do\n%s", first.text)
				}
				second := attempt(t, source, b, options...)
				second.expect(t, 0)
				if n := first.stats.Transferred + second.stats.Transferred; n > messages {
					t.Errorf("%d messages copied in all", n)
				}
				same(t, source, b)
			})
		}
	}
}

// TestLoginAgain: after a lost connection a server may take the right password for
// wrong, or have no room, for a moment; it is asked again, but not for ever.
func TestLoginAgain(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	box := shared(40, 2)
	source := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	mailtest.Fill(t, source.s, source.user, box)
	const wrong, full = "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", "NO Too many open connections (9 of 8 for USER)"
	for _, tc := range []struct {
		refusal string
		times   int
		logins  int // at most, in the first run
		done    bool
	}{
		{wrong, 1, 3, true},
		{full, 3, 5, true},
		// What was refused for good is not tried again when the run ends, to look at the
		// folder; what may pass is tried for ten minutes.
		{wrong, 0, 3, false},
		{full, 0, 16, false},
		{"NO no entry", 0, 2, false},
	} {
		t.Run(fmt.Sprintf("%s %d", tc.refusal, tc.times), func(t *testing.T) {
			t.Parallel()
			b := newAccount(t, mailtest.Real(t, mailtest.Dovecot, inTurn))
			to, front := meddled(t, b,
				meddle.Rule{Action: meddle.CutAfter, Match: regexp.MustCompile(`^APPEND`), Skip: 9, Times: 1},
				meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^LOGIN`), Text: tc.refusal, Skip: 1, Times: tc.times})
			options := []string{"--cachedir", t.TempDir(), "--nocompress2"}
			first := attempt(t, source, to, options...)
			if done := first.code() == 0; done != tc.done {
				t.Errorf("exit code %d\n%s", first.code(), first.text)
			}
			logins := 0
			for _, line := range front.Said() {
				if strings.HasPrefix(line, "LOGIN") {
					logins++
				}
			}
			if logins > tc.logins || tc.done && logins < tc.logins {
				t.Errorf("%d logins, want %d", logins, tc.logins)
			}
			attempt(t, source, b, options...).expect(t, 0)
			same(t, source, b)
		})
	}
}
