package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
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
	return newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
}

// onEmbeddedAndDovecot runs a test on accounts of the embedded server, and on those of
// Dovecots with such options.
func onEmbeddedAndDovecot(t *testing.T, test func(t *testing.T, servers func(*testing.T) (a, b account)), options ...string) {
	t.Helper()
	for name, servers := range map[string]func(*testing.T) (a, b account){
		"embedded": embeddedPair,
		"Dovecot": func(t *testing.T) (account, account) {
			return newAccount(t, mailtest.Real(t, mailtest.Dovecot, options...)), newAccount(t, mailtest.Real(t, mailtest.Dovecot, options...))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, servers)
		})
	}
}

// Both directions wait for the same clock, one after the other in the worst case:
// what is certain here is that no time is saved. What is lost is measured by
// package pace and on the line.
func TestRatesArePaidForInTime(t *testing.T) {
	t.Parallel()
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

// What host2 refuses is sent again and again, and counts each time: however many
// attempts a message has, a day's limit is not crossed.
func TestDayLimitHoldsForWhatIsSentAgain(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(8, 30_000))
	front, _ := meddled(t, b, rule(meddle.Refuse, `^APPEND`, "NO no"))
	const limit = 400_000
	out := attempt(t, a, front, "--maxbytesperday2", fmt.Sprint(limit), "--repair")
	if out.fin.BytesOut[2] > limit || out.fin.BytesOut[2] < limit/2 {
		t.Errorf("%d bytes went out, the limit is %d", out.fin.BytesOut[2], limit)
	}
	if out.fin.Stopped != event.StopDay {
		t.Errorf("stopped for %q\n%s", out.fin.Stopped, out.text)
	}
}

// A day's limit ends a run before the wall, with everything that was copied
// intact, and the next run on that day does not begin.
func TestDayLimitStopsBeforeTheWall(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(50, 10000))
	const limit = 200000
	first := migrate(t, a, b, "--maxbytesperday2", fmt.Sprint(limit))
	if first.fin.Stopped != "day budget" || first.code() != event.ExitTransferExceeded {
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

// Folders that were done when a run stops in another one are not among those that
// it names.
func TestStoppedInOneFolderOthersAreDone(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	box := letters(20, 10000)
	for _, name := range []string{"Archive", "Work"} {
		more := letters(20, 10000).Folders[0]
		more.Path = []string{name}
		box.Folders = append(box.Folders, more)
	}
	mailtest.Fill(t, a.s, a.user, box)
	var failed, done []string
	watch := func(e event.Event) {
		if d, ok := e.(event.FolderDone); ok {
			if d.Failed {
				failed = append(failed, d.From.Raw)
			} else {
				done = append(done, d.From.Raw)
			}
		}
	}
	out := migrateWith(t, t.Context(), engine.Options{Sink: watch}, append(args(a, b), "--maxbytesperday2", "320000")...)
	if out.fin.Stopped != "day budget" || !slices.Equal(done, []string{"Archive"}) || len(failed) != 2 {
		t.Errorf("stopped for %q; done: %v, not done: %v\n%s", out.fin.Stopped, done, failed, out.text)
	}
}

// promise is what a run says that filled its day on 2026-11-23 before 15:00 UTC.
var promise = "it may go on at " + time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC).Local().Format("2006-01-02 15:04 -0700")

// With --waitday a run goes on by itself, as often as it takes.
func TestWaitDayGoesOnTheNextDay(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(50, 10000))
	const limit = 200_000
	for _, side := range []string{"2", "1"} {
		clock := &fastClock{now: time.Date(2026, 11, 23, 14, 59, 30, 0, time.UTC)}
		if side == "1" {
			b = newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
		}
		out := migrateWith(t, t.Context(), engine.Options{Clock: clock}, append(args(a, b), "--waitday", "--maxbytesperday"+side, fmt.Sprint(limit))...)
		out.expect(t, 0)
		same(t, a, b)
		days := int(clock.slept / (23 * time.Hour))
		if moved := [3]int64{0, out.fin.BytesIn[1], out.fin.BytesOut[2]}[side[0]-'0']; days < 2 || days > 3 || moved > int64(days+1)*limit {
			t.Errorf("--maxbytesperday%s: %d bytes moved in %v", side, moved, clock.slept)
		}
		if !strings.Contains(out.text, promise+", waiting until then") {
			t.Errorf("it does not say until when it waits:\n%s", out.text)
		}
		if strings.Contains(out.text, "says: * BYE") || !strings.Contains(out.text, "closed for the wait") {
			t.Errorf("the connections were not closed for the wait:\n%s", out.text)
		}
	}
}

// What one process moved counts for the next, up to the hour that was promised.
func TestDayLimitCountsAcrossProcesses(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(50, 10000))
	run := func(at time.Time) outcome {
		t.Helper()
		return migrateWith(t, t.Context(), engine.Options{Clock: &fastClock{now: at}}, append(args(a, b), "--maxbytesperday2", "300000")...)
	}
	first := run(time.Date(2026, 11, 23, 14, 59, 59, 0, time.UTC))
	if n := first.stats.Transferred; n < 20 || n > 29 || !strings.Contains(first.text, promise) {
		t.Fatalf("the first run copied %d messages\n%s", n, first.text)
	}
	for _, at := range []time.Time{
		time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 24, 14, 59, 59, 0, time.UTC),
	} {
		out := run(at)
		if out.stats.Transferred != 0 || out.code() != event.ExitTransferExceeded || !strings.Contains(out.text, promise) {
			t.Errorf("at %v %d messages were copied, exit code %d\n%s", at, out.stats.Transferred, out.code(), out.text)
		}
	}
	last := run(time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC))
	last.expect(t, 0)
	same(t, a, b)
}

// A message above the limit itself is left behind with a word; it does not keep
// the others waiting.
func TestMessageThatFitsNoDay(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, join(letters(3, 1000), letters(1, 95_000), letters(3, 1000)))
	out := migrate(t, a, b, "--maxbytesperday1", "100000", "--waitday")
	if out.stats.Transferred != 6 || out.code() != event.ExitFetch {
		t.Errorf("%d messages copied, exit code %d", out.stats.Transferred, out.code())
	}
	if !strings.Contains(out.text, "never fit --maxbytesperday1 100000") {
		t.Errorf("it does not say why:\n%s", out.text)
	}
}
