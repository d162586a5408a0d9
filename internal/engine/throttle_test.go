package engine_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// lateness is by how much, in seconds of the limit, a machine may make bytes look
// bunched that were not: both programs and the meter share its processors. On a
// busy one it is what lag measures.
const lateness = 0.15

// lag measures, until the returned function is called, for how long at most this
// process did not get a processor, and returns the lateness to be allowed for.
func lag(t *testing.T) (end func() float64) {
	t.Helper()
	const tick = 5 * time.Millisecond
	over, worst := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		ticks := time.NewTicker(tick)
		defer ticks.Stop()
		last, most := time.Now(), time.Duration(0)
		for {
			select {
			case <-ticks.C:
				now := time.Now()
				last, most = now, max(most, now.Sub(last)-tick)
			case <-over:
				worst <- most
				return
			}
		}
	}()
	return func() float64 {
		close(over)
		most := <-worst
		t.Logf("the machine was late by up to %v", most)
		// The one that sends may have been late by as much as the one that notes it.
		return max(lateness, 2*most.Seconds())
	}
}

// TestBytesASecondHoldOnTheLine copies small messages and a large one under a
// limit of bytes, and looks at both lines.
func TestBytesASecondHoldOnTheLine(t *testing.T) {
	t.Parallel()
	const limit = 1_000_000
	box := letters(60, 2000)
	box = join(box, letters(120, 25_000), letters(1, 4_000_000), letters(100, 40_000), letters(500, 1000))
	from := mailtest.StartEmbedded(t, embedded.Options{})
	to := mailtest.StartEmbedded(t, embedded.Options{})
	source, target := newAccount(t, from), newAccount(t, to)
	mailtest.Fill(t, from, source.user, box)
	a, out := measured(t, source, true, true, "BODY[] {")
	b, in := measured(t, target, false, true, "+}\r\n")
	ended := lag(t)
	got := migrate(t, a, b, "--maxbytespersecond", fmt.Sprint(limit), "--cachedir", t.TempDir())
	late := ended()
	got.expect(t, 0)
	same(t, source, target)
	for _, m := range []struct {
		name string
		*meter
	}{{"host1", out}, {"host2", in}} {
		high, _, all, words, took := m.rates(10 * time.Second)
		once, _, _, _, _ := m.rates(100 * time.Millisecond)
		t.Logf("%s: %d bytes, %d messages in %v (%.3f of the limit); at most %.3f of the limit in ten seconds, %d bytes in a tenth of one",
			m.name, all, words, took, float64(all)/took.Seconds()/limit, float64(high)/limit/10, once)
		if most := (10*1.02+late)*limit + 2*meterBuffer; float64(high) > most {
			t.Errorf("%s: %d bytes in ten seconds, the limit is %d a second", m.name, high, limit)
		}
		if float64(once) > (1-lateness+late)*limit {
			t.Errorf("%s: a burst of %d bytes, more than a second's worth", m.name, once)
		}
		if took < 7*time.Second {
			t.Errorf("%s: %d bytes went in %v", m.name, all, took)
		}
	}
}

func TestMessagesASecondHoldOnTheLine(t *testing.T) {
	t.Parallel()
	const limit = 100
	from := mailtest.StartEmbedded(t, embedded.Options{})
	to := mailtest.StartEmbedded(t, embedded.Options{})
	source, target := newAccount(t, from), newAccount(t, to)
	mailtest.Fill(t, from, source.user, letters(300, 600))
	a, out := measured(t, source, true, false, "BODY[] {")
	b, in := measured(t, target, false, false, "+}\r\n")
	ended := lag(t)
	got := migrate(t, a, b, "--maxmessagespersecond", fmt.Sprint(limit), "--cachedir", t.TempDir())
	late := ended()
	got.expect(t, 0)
	same(t, source, target)
	for _, m := range []struct {
		name string
		*meter
	}{{"host1", out}, {"host2", in}} {
		_, high, _, all, took := m.rates(time.Second)
		t.Logf("%s: %d messages in %v, at most %d in a second", m.name, all, took, high)
		if all != 300 {
			t.Errorf("%s: %d messages seen", m.name, all)
		}
		if float64(high) > limit*(1.1+late) {
			t.Errorf("%s: %d messages in a second, the limit is %d", m.name, high, limit)
		}
	}
}

// join puts the messages of several mailboxes of one folder into one.
func join(boxes ...corpus.Mailbox) corpus.Mailbox {
	all := corpus.Mailbox{Folders: []corpus.Folder{{Path: boxes[0].Folders[0].Path}}}
	for n, box := range boxes {
		for _, m := range box.Folders[0].Messages {
			m.Body = append([]byte(fmt.Sprintf("X-Part: %d\r\n", n)), m.Body...)
			m.Body = []byte(fmt.Sprintf("Message-ID: <part-%d-%d@example.org>\r\n%s", n, len(all.Folders[0].Messages), m.Body))
			all.Folders[0].Messages = append(all.Folders[0].Messages, m)
		}
	}
	return all
}

// A line that is cut while a large message crosses it at the limit's pace: nothing
// is lost, and nothing comes twice.
func TestCutUnderALimitOfBytes(t *testing.T) {
	t.Parallel()
	for name, side := range map[string]int{"host1": 1, "host2": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			target := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			mailtest.Fill(t, source.s, source.user, join(letters(20, 3000), letters(1, 600_000), letters(20, 3000)))
			a, b := source, target
			if side == 1 {
				a, _ = through(t, a, proxy.Fault{Kind: proxy.Cut, Direction: proxy.ToClient, After: 300_000, Connection: 1})
			} else {
				b, _ = through(t, b, proxy.Fault{Kind: proxy.Cut, Direction: proxy.ToServer, After: 300_000, Connection: 1})
			}
			got := migrateWith(t, t.Context(), engine.Options{Pause: func(int) time.Duration { return 0 }}, append(args(a, b), "--maxbytespersecond", "1000000", "--cachedir", t.TempDir())...)
			got.expect(t, 0)
			if n := got.fin.Reconnections[side]; n != 1 {
				t.Errorf("%d reconnections", n)
			}
			same(t, source, target)
		})
	}
}

// Who waits for tomorrow can be told to stop.
func TestStopWhileWaitingForTheDay(t *testing.T) {
	t.Parallel()
	source := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	target := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	mailtest.Fill(t, source.s, source.user, letters(20, 10_000))
	p, end := cli.ParseArgs(append(args(source, target), "--maxbytesperday2", "100000", "--waitday", "--cachedir", t.TempDir())...)
	if p == nil {
		t.Fatal(end.Stderr)
	}
	stop := make(chan struct{})
	var once sync.Once
	fin := engine.Run(t.Context(), p, engine.Options{Stop: stop, Sink: func(e event.Event) {
		if s, ok := e.(event.Throttled); ok && s.Side == 2 {
			once.Do(func() { close(stop) })
		}
	}})
	if fin.Stopped != "signal" || fin.Fatal != nil {
		t.Errorf("stopped for %q, %v", fin.Stopped, fin.Fatal)
	}
	if n := len(mailtest.Snapshot(t, target.s, target.user).Folders["INBOX"].Messages); n < 5 || n > 9 {
		t.Errorf("%d messages are on host2", n)
	}
}
