package session_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/session"
)

// keeper counts how often it is kept alive.
type keeper int

func (k *keeper) KeepAlive(context.Context) { *k++ }

// A long wait is counted down, keeps connections alive, and ends with the run.
func TestRest(t *testing.T) {
	for _, tc := range []struct {
		wait, stopAfter, idle time.Duration
		notes, kept           int
	}{
		{wait: 5 * time.Second},
		{wait: 90 * time.Second, kept: 2},
		{wait: 4*time.Minute + 30*time.Second, notes: 2, kept: 8},
		{wait: 30 * time.Minute, notes: 19, kept: 59},
		{wait: 30 * time.Minute, stopAfter: 100 * time.Second, notes: 1, kept: 3},
		{wait: time.Minute, idle: 7 * time.Second, notes: 8, kept: 25},
	} {
		t.Run(tc.wait.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				notes := 0
				c := session.NewControl(session.Orders{Stop: stop, Idle: tc.idle, Sink: func(e event.Event) {
					if n, ok := e.(event.Note); ok && strings.HasPrefix(n.Text, "Waiting, ") {
						notes++
					}
				}})
				if tc.stopAfter > 0 {
					time.AfterFunc(tc.stopAfter, func() { close(stop) })
				}
				var k keeper
				begun := time.Now()
				err := c.Rest(t.Context(), tc.wait, &k, nil)
				took := time.Since(begun)
				if tc.stopAfter > 0 {
					if !session.IsStopped(err) || took != tc.stopAfter || !c.Asked() {
						t.Errorf("%v after %v", err, took)
					}
				} else if err != nil || took != tc.wait {
					t.Errorf("%v after %v", err, took)
				}
				if notes != tc.notes || int(k) != tc.kept {
					t.Errorf("%d notes, kept alive %d times", notes, k)
				}
			})
		})
	}
}

// Attempts come back later each time, up to a minute, and not all at one moment.
func TestBackOff(t *testing.T) {
	for n, mean := range map[int]time.Duration{1: 2 * time.Second, 3: 8 * time.Second, 6: time.Minute, 50: time.Minute} {
		if got := session.MeanBackOff(n); got != mean {
			t.Errorf("the mean of pause %d is %v", n, got)
		}
		seen := make(map[time.Duration]bool)
		for range 50 {
			d := session.BackOff(n)
			seen[d] = true
			if d < mean*3/4 || d > mean*5/4 {
				t.Errorf("pause %d is %v", n, d)
			}
		}
		if len(seen) < 10 {
			t.Errorf("pause %d has %d lengths", n, len(seen))
		}
	}
}
