package engine_test

import (
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// distant puts an account away; delay is half a round trip.
func distant(t testing.TB, a account, delay time.Duration) tapped {
	t.Helper()
	p, err := proxy.Start(proxy.Options{Target: a.s.Addr(), Delay: delay})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	a.port = p.Port()
	return tapped{a, p}
}

// TestRoundTripsDoNotGrow copies 500 messages of one folder between two hosts
// that are far away. What counts is how often one side waits for the other: it
// must not grow with the messages where the server lets a client send ahead.
func TestRoundTripsDoNotGrow(t *testing.T) {
	t.Parallel()
	const many, some, few = 500, 100, 25
	for _, tc := range []struct {
		name     string
		messages int
		to       func(testing.TB) *mailtest.Server
		// turns is how often a first run may send something new to host2 after an
		// answer came.
		turns int
		delay time.Duration
	}{
		{"Dovecot", many, onReal(mailtest.Dovecot), few, 50 * time.Millisecond},
		{"Cyrus", many, onReal(mailtest.Cyrus), few, 50 * time.Millisecond},
		{"mox", many, onReal(mailtest.Mox), few, 50 * time.Millisecond},
		// On a busy machine some answers come while others are being sent.
		{"LITERAL-", many, onEmbedded(), some, 50 * time.Millisecond},
		// With an APPEND for each message answers come while others are being
		// sent, so that turns are no waits.
		{"no MULTIAPPEND", many, onReal(mailtest.Dovecot, "hide=MULTIAPPEND"), many, 50 * time.Millisecond},
		// Courier wants to be asked before each message: one turn for each, and
		// not a second one for its answer.
		{"no LITERAL+", some, onReal(mailtest.Courier), some + few, time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			box := corpus.Generate(corpus.Options{Seed: 3, Messages: tc.messages, Folders: 1, MaxAttachment: 4 << 10, Distinct: true})
			from := mailtest.StartEmbedded(t, embedded.Options{})
			source := newAccount(t, from)
			mailtest.Fill(t, from, source.user, box)
			to := tc.to(t)
			a, b := distant(t, source, tc.delay), distant(t, newAccount(t, to), tc.delay)
			options := []string{"--cachedir", t.TempDir()}
			first := migrate(t, a.account, b.account, options...)
			first.expect(t, 0)
			if first.stats.Transferred != int64(tc.messages) {
				t.Errorf("%d messages copied", first.stats.Transferred)
			}
			c1, c2 := a.line.Counts(), b.line.Counts()
			t.Logf("first run: host1 %v; host2 %v", c1, c2)
			if c1.Turns > few {
				t.Errorf("host1: %d round trips for %d messages: %v", c1.Turns, tc.messages, c1)
			}
			if c2.Turns > tc.turns {
				t.Errorf("host2: %d round trips for %d messages: %v", c2.Turns, tc.messages, c2)
			}
			again := migrate(t, a.account, b.account, options...)
			again.expect(t, 0)
			for n, turns := range []int{a.line.Counts().Turns - c1.Turns, b.line.Counts().Turns - c2.Turns} {
				if turns > few*3/5 {
					t.Errorf("second run: %d round trips to host%d", turns, n+1)
				}
			}
			same(t, source, b.account)
		})
	}
}

func onReal(kind string, options ...string) func(testing.TB) *mailtest.Server {
	return func(t testing.TB) *mailtest.Server { return mailtest.Real(t, kind, options...) }
}

func onEmbedded(hide ...imap.Cap) func(testing.TB) *mailtest.Server {
	return func(t testing.TB) *mailtest.Server {
		return mailtest.StartEmbedded(t, embedded.Options{Hide: hide})
	}
}
