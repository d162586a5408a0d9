package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// fastClock is time that passes only while somebody waits for it.
type fastClock struct {
	mu    sync.Mutex
	now   time.Time
	slept time.Duration
}

func (c *fastClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fastClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), c.slept+d
	return ctx.Err()
}

// letters are n messages of size bytes each in INBOX.
func letters(n, size int) corpus.Mailbox {
	box := corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}}}}
	for i := range n {
		head := fmt.Sprintf("From: ann@example.org\r\nSubject: %d\r\nMessage-ID: <letter-%d@example.org>\r\n\r\n", i, i)
		body := head + strings.Repeat("x", size-len(head)-2) + "\r\n"
		box.Folders[0].Messages = append(box.Folders[0].Messages, corpus.Message{Body: []byte(body), Date: time.Date(2020, 1, 1, 0, 0, i, 0, time.UTC)})
	}
	return box
}

func embeddedPair(t *testing.T) (a, b account) {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	return newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
}

// Both directions wait for the same clock, one after the other in the worst case:
// what is certain here is that no time is saved. What is lost is measured by
// package pace and on the line.
func TestRatesArePaidForInTime(t *testing.T) {
	for _, tc := range []struct {
		options []string
		least   time.Duration
	}{
		{[]string{"--maxbytespersecond", "10000"}, 10 * time.Second},
		{[]string{"--maxmessagespersecond", "4"}, 25 * time.Second},
		{[]string{"--maxbytespersecond", "10000", "--maxbytesafter", "50000"}, 5 * time.Second},
		{[]string{"--maxbytespersecond", "10000", "--maxbytesafter", "1000000"}, 0},
		{[]string{"--maxbytespersecond", "10000", "--maxsleep", "0"}, 0},
	} {
		t.Run(strings.Join(tc.options, " "), func(t *testing.T) {
			a, b := embeddedPair(t)
			mailtest.Fill(t, a.s, a.user, letters(100, 1000))
			clock := &fastClock{now: time.Now()}
			out := migrateWith(t, t.Context(), engine.Options{Clock: clock}, append(args(a, b), tc.options...)...)
			out.expect(t, 0)
			if clock.slept < tc.least-tc.least/50 || clock.slept > 4*tc.least {
				t.Errorf("waited %v, want at least %v", clock.slept, tc.least)
			}
			if said := strings.Contains(out.text, "sleeping"); said != (tc.least > 0) {
				t.Errorf("a sleep is told: %v\n%s", said, out.text)
			}
			same(t, a, b)
		})
	}
}

// A day's limit ends a run before the wall, with everything that was copied
// intact, and the next run on that day does not begin.
func TestDayLimitStopsBeforeTheWall(t *testing.T) {
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(50, 10000))
	const limit = 200000
	first := migrate(t, a, b, "--maxbytesperday2", fmt.Sprint(limit))
	if first.fin.Stopped != "day budget" || first.code() == 0 {
		t.Fatalf("stopped %q, exit code %d\n%s", first.fin.Stopped, first.code(), first.text)
	}
	n := first.stats.Transferred
	if first.fin.BytesOut[2] > limit || n < 15 {
		t.Errorf("%d messages and %d bytes went out, the limit is %d", n, first.fin.BytesOut[2], limit)
	}
	if !strings.Contains(first.text, "may go on at") {
		t.Errorf("it does not say when to go on:\n%s", first.text)
	}
	second := migrate(t, a, b, "--maxbytesperday2", fmt.Sprint(limit))
	if second.stats.Transferred != 0 || second.fin.Stopped != "day budget" {
		t.Errorf("the second run copied %d messages and stopped for %q", second.stats.Transferred, second.fin.Stopped)
	}
	// Without the limit the rest follows, and nothing comes twice.
	migrate(t, a, b).expect(t, 0)
	same(t, a, b)
}
