package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// With --between a run waits for its hours before it connects, closes its connections
// when they end, goes on the next night, and copies everything once.
func TestBetween(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]time.Time{
		"begun in the afternoon":  time.Date(2026, 11, 23, 14, 30, 0, 0, time.Local),
		"begun just before seven": time.Date(2026, 11, 23, 6, 59, 50, 0, time.Local),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := embeddedPair(t)
			mailtest.Fill(t, a.s, a.user, letters(30, 2000))
			clock := &fastClock{now: begin}
			late := 0
			watch := func(e event.Event) {
				if _, ok := e.(event.MessageCopied); ok {
					if now := clock.Now(); now.Hour() >= 7 && now.Hour() < 21 && (now.Hour() > 7 || now.Minute() > 1) {
						late++
					}
				}
			}
			out := migrateWith(t, t.Context(), engine.Options{Clock: clock, Sink: watch},
				append(args(a, b), "--between", "21:00-07:00", "--maxmessagespersecond", "1")...)
			out.expect(t, 0)
			same(t, a, b)
			if late > 0 || clock.slept < 6*time.Hour || clock.slept > 15*time.Hour {
				t.Errorf("%d messages outside of the hours, %v waited", late, clock.slept)
			}
			if !strings.Contains(out.text, "waiting until 2026-11-23 21:00") {
				t.Errorf("it does not say until when it waits:\n%s", out.text)
			}
			if closed := strings.Contains(out.text, "closed for the wait"); closed != (begin.Hour() == 6) {
				t.Errorf("connections closed for the wait: %v", closed)
			}
		})
	}
}

// Who waits for the night can be told to stop; nothing was connected.
func TestStopBeforeTheHours(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	stop := make(chan struct{})
	close(stop)
	now := time.Now()
	hour := now.Add(2*time.Hour).Format("15:04") + "-" + now.Add(3*time.Hour).Format("15:04")
	out := migrateWith(t, t.Context(), engine.Options{Stop: stop}, append(args(a, b), "--between", hour)...)
	if out.fin.Stopped != event.StopSignal || out.stats.Good() {
		t.Errorf("stopped for %q\n%s", out.fin.Stopped, out.text)
	}
}
