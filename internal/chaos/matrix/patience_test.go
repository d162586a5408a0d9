package matrix

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// noops counts the NOOPs that a host got.
func noops(f *meddle.Front) (n int) {
	for _, line := range f.Said() {
		if line == "NOOP" {
			n++
		}
	}
	return n
}

// inBubble has a test play with two accounts, the first of which holds mail.
func inBubble(t *testing.T, play func(t *testing.T, l *lab, options []string)) {
	t.Helper()
	cache := inMemory(t)
	synctest.Test(t, func(t *testing.T) {
		l := &lab{accounts: [2]account{newAccount(t, embedded.Options{}), newAccount(t, embedded.Options{})}}
		mailtest.Fill(t, l.accounts[0].s, l.accounts[0].user, mailbox(3, 5))
		play(t, l, []string{"--cachedir", cache})
		if lines := differing(l.accounts[0].state(t), l.accounts[1].state(t), true); len(lines) > 0 && !t.Failed() {
			t.Error(lines)
		}
	})
}

// frontsOf stand before both accounts.
func frontsOf(t *testing.T, rules ...[]meddle.Rule) fronts {
	t.Helper()
	out := fronts{meddle.Between(rules[0]...), meddle.Between(rules[1]...)}
	for _, f := range out {
		t.Cleanup(f.Close)
	}
	return out
}

// A pause of minutes, whichever server asks for it, keeps the connections to both
// alive, and is counted down.
func TestPausesKeepConnectionsAlive(t *testing.T) {
	const asked = 13 * time.Minute
	for _, tc := range []struct{ side, match string }{
		{"host2", `^APPEND `}, {"host1", `^UID FETCH .*BODY\.PEEK\[\]`}, {"host2", `^SELECT `}, {"host1", `^EXAMINE `},
	} {
		t.Run(tc.side+" "+tc.match, func(t *testing.T) {
			inBubble(t, func(t *testing.T, l *lab, options []string) {
				rules := []meddle.Rule{{Action: meddle.Refuse, Match: regexp.MustCompile(tc.match), Times: 1,
					Text: fmt.Sprintf("NO Request is throttled. Suggested Backoff Time: %d milliseconds", asked.Milliseconds())}}
				both := frontsOf(t, rules, nil)
				if tc.side == "host2" {
					both = frontsOf(t, nil, rules)
				}
				out := l.run(t, both, options...)
				if out.stats.ExitCode() != 0 || out.stats.ErrorCount != 0 {
					t.Fatal(out.text)
				}
				if out.took < asked || out.took > asked+5*time.Minute {
					t.Errorf("it took %v", out.took)
				}
				asking := slices.Index([]string{"host1", "host2"}, tc.side)
				// The one that asked hears nothing in the first minutes.
				if n := noops(both[asking]); n < 4 || n > 20 {
					t.Errorf("%s got %d NOOPs", tc.side, n)
				}
				if !regexp.MustCompile(`Waiting, 1\dm\d+s left`).MatchString(out.text) || !regexp.MustCompile(`Waiting, [123]m\d+s left`).MatchString(out.text) {
					t.Errorf("the wait is not counted down\n%s", out.text)
				}
				if again := out.stats.Finished.Reconnections; again[1]+again[2] != 0 {
					t.Errorf("connections were lost: %v", again)
				}
			})
		})
	}
}

// A host that cannot be reached any more is tried again for ten minutes; the other
// connection is kept alive meanwhile. --reconnectretryN is the user's bound.
func TestHostThatStaysAway(t *testing.T) {
	for _, tc := range []struct {
		name        string
		side        event.Side
		back        time.Duration // 0: never
		options     []string
		code        int
		least, most time.Duration
	}{
		{"host2 for good", 2, 0, nil, event.ExitErrors, 8 * time.Minute, 14 * time.Minute},
		{"host1 for good", 1, 0, nil, event.ExitErrors, 8 * time.Minute, 14 * time.Minute},
		{"host2 for eight minutes", 2, 8 * time.Minute, nil, 0, 8 * time.Minute, 11 * time.Minute},
		{"host1 for eight minutes", 1, 8 * time.Minute, nil, 0, 8 * time.Minute, 11 * time.Minute},
		{"two tries", 2, 0, []string{"--reconnectretry2", "2"}, event.ExitErrors, 2 * time.Second, 20 * time.Second},
		{"no try", 1, 0, []string{"--reconnectretry1", "0"}, event.ExitErrors, 0, 10 * time.Second},
		{"many tries", 2, 25 * time.Minute, []string{"--reconnectretry2", "100"}, 0, 25 * time.Minute, 30 * time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, l *lab, options []string) {
				cut := []meddle.Rule{{Action: meddle.CutBefore, Match: regexp.MustCompile(`^(APPEND |UID FETCH .*BODY\.PEEK\[\])`), Times: 1}}
				both := frontsOf(t, cut, nil)
				if tc.side == 2 {
					both = frontsOf(t, nil, cut)
				}
				var left time.Time
				l.away = func(side event.Side) bool {
					if side != tc.side || len(both[side-1].Struck()) == 0 {
						return false
					}
					if left.IsZero() {
						left = time.Now()
					}
					return tc.back == 0 || time.Since(left) < tc.back
				}
				out := l.run(t, both, append(options, tc.options...)...)
				if c := out.stats.ExitCode(); c != tc.code || out.took < tc.least || out.took > tc.most {
					t.Errorf("exit code %d after %v, want %d after %v to %v\n%s", c, out.took, tc.code, tc.least, tc.most, out.text)
				}
				if n := noops(both[2-tc.side]); tc.least > 5*time.Minute && n < 3 {
					t.Errorf("the other host got %d NOOPs\n%s", n, out.text)
				}
				if tc.code != 0 {
					if out.stats.ErrorCount != 1 || out.stats.Errors[0].Hint == "" {
						t.Errorf("errors: %+v", out.stats.Errors)
					}
					l.away = nil
					if again := l.run(t, fronts{}, options...); again.stats.ExitCode() != 0 {
						t.Error(again.text)
					}
				}
			})
		})
	}
}
