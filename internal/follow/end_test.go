package follow

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// TestEndWhileHost2IsAway ends following while a pass tries to come to host2: after a
// signal that pass gives way to the last one, by force there is none, and neither says
// that a pass is repeated which never is.
func TestEndWhileHost2IsAway(t *testing.T) {
	for _, row := range []struct {
		name  string
		force bool
		back  time.Duration // after the signal
		code  int
	}{
		{"a signal", false, 20 * time.Second, event.ExitOK},
		{"a signal, and host2 stays away", false, 24 * time.Hour, event.ExitErrors},
		{"by force", true, 0, event.ExitBySignal},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
				l.accounts[0].deliver(t, "INBOX", 1)
				two := &lines{lab: l}
				o := Options{}
				o.Engine.Dial = func(side event.Side) func(context.Context, string, string) (net.Conn, error) {
					if side == 2 {
						return two.dial(side)
					}
					return func(ctx context.Context, _, _ string) (net.Conn, error) { return l.accounts[0].dial(ctx) }
				}
				ctx, kill := context.WithCancel(t.Context())
				defer kill()
				stop := l.followIn(ctx, t, o)
				time.Sleep(time.Minute)
				two.cut(true)
				l.accounts[0].deliver(t, "INBOX", 2)
				time.Sleep(30 * time.Second)
				asked := time.Now()
				if row.force {
					kill()
				}
				time.AfterFunc(row.back, func() { two.away(false) })
				stop()
				if took := time.Since(asked); took > 20*time.Minute {
					t.Errorf("it ended after %v", took)
				}
				var last event.PassEnded
				for _, e := range l.events {
					if e, ok := e.(event.PassEnded); ok {
						last = e
						if e.Retry > 0 {
							t.Errorf("pass %d is said to be repeated in %v", e.Number, e.Retry)
						}
					}
				}
				if last.Last == row.force || last.Code != row.code {
					t.Errorf("%+v", last)
				}
				if row.code == event.ExitOK {
					l.equal(t)
				}
			})
		})
	}
}

// TestMomentThatIsOver: the command of a follower that was killed just before its moment
// makes up the last pass when it is run again after it.
func TestMomentThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
		l.accounts[0].deliver(t, "INBOX", 1)
		l.follow(t, Options{}, "--followuntil", time.Now().Add(-time.Hour).Format(time.RFC3339))
		fin := <-l.done
		l.done <- fin
		l.equal(t)
		last := event.PassEnded{}
		for _, e := range l.events {
			if e, ok := e.(event.PassEnded); ok {
				last = e
			}
		}
		if !last.Last || last.Code != event.ExitOK {
			t.Errorf("%+v", last)
		}
	})
}
