package follow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// TestUntilMX follows until the DNS sends mail to host2 and the TTL of what it said
// before has run out; from the first sight on nothing is deleted on host2.
func TestUntilMX(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
		for i := range l.accounts {
			l.accounts[i].user = fmt.Sprintf("user%d@example.org", i)
			l.accounts[i].s.Called(t, l.accounts[i].user)
		}
		l.accounts[0].deliver(t, "INBOX", 1, 2, 3, 4, 5, 6)
		begun := time.Now()
		moved := begun.Add(3 * time.Hour)
		asked := 0
		o := Options{Deliveries: func(context.Context, string, string) (Delivered, error) {
			asked++
			switch {
			case asked%7 == 0:
				return Delivered{}, errors.New("the resolver is away")
			case time.Now().Before(moved):
				return Delivered{TTL: 2 * time.Hour}, nil
			}
			return Delivered{To2: true, MX: "mx.example.org", TTL: 5 * time.Minute}, nil
		}}
		stop := l.follow(t, o, "--delete2", "--followuntil", "mx")
		time.Sleep(time.Hour)
		l.accounts[0].say(t, "SELECT INBOX", `STORE 1 +FLAGS (\Deleted)`, "EXPUNGE")
		time.Sleep(time.Minute)
		l.equal(t)
		time.Sleep(time.Until(moved.Add(10 * time.Minute)))
		l.accounts[0].say(t, "SELECT INBOX", `STORE 1 +FLAGS (\Deleted)`, "EXPUNGE")
		l.accounts[0].deliver(t, "INBOX", 7)
		fin := <-l.done
		l.done <- fin
		stop()
		took := time.Since(begun)
		if took < 5*time.Hour || took > 5*time.Hour+20*time.Minute {
			t.Errorf("it ended after %v", took)
		}
		if fin.Stopped != "" || l.tally.Stats().ExitCode() != event.ExitOK {
			t.Errorf("%q, exit %d", fin.Stopped, l.tally.Stats().ExitCode())
		}
		if n := l.accounts[1].state(t).Count(); n != 6 { // 2 to 7, though 2 is gone from host1
			t.Errorf("%d messages on host2", n)
		}
		told := 0
		for _, e := range l.events {
			if n, ok := e.(event.Note); ok && strings.Contains(n.Text, "nothing is deleted on host2") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("told %d times that nothing is deleted", told)
		}
	})
}

// A resolver tells what is left of a TTL, and it may be the end of it when following
// begins: that is not taken for how long others keep the old answer.
func TestLeftOfTTL(t *testing.T) {
	const ttl = 4 * time.Hour
	for _, c := range []struct {
		moved, least, most time.Duration // since following began; the waits after that
	}{
		{10 * time.Second, time.Hour, 2 * time.Hour},           // never renewed before the eyes of the follower
		{20 * time.Hour, ttl - 5*time.Minute, ttl + time.Hour}, // several times
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			m := &mail{domain: "example.org", host2: "imap.example.org", say: func(event.Event) {}, ask: func(context.Context, string, string) (Delivered, error) {
				gone := time.Since(begun) + ttl - 20*time.Second // of the answer that the resolver has
				if time.Since(begun) >= c.moved {
					return Delivered{To2: true, TTL: time.Minute}, nil
				}
				return Delivered{TTL: ttl - gone%ttl}, nil
			}}
			for m.over() == "" {
				m.look(t.Context())
				time.Sleep(max(m.next(), time.Second))
			}
			if took := time.Since(begun) - c.moved; took < c.least || took > c.most {
				t.Errorf("moved after %v: over %v later", c.moved, took)
			}
		})
	}
}

// What was once seen of the MX holds after a kill, while the DNS is silent and when it says
// otherwise, in following and in a run, until --nomxcheck.
func TestMXIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
		for i := range l.accounts {
			l.accounts[i].user = fmt.Sprintf("user%d@example.org", i)
			l.accounts[i].s.Called(t, l.accounts[i].user)
		}
		l.accounts[0].deliver(t, "INBOX", 1, 2, 3, 4, 5, 6)
		calls := []struct {
			answer  Delivered
			err     error
			options []string
			left    int // of host2, after one more is deleted on host1
		}{
			{Delivered{TTL: time.Hour}, nil, nil, 5},
			{Delivered{To2: true, MX: "mx.example.org", TTL: time.Hour}, nil, nil, 5},
			{Delivered{}, errors.New("silent"), nil, 5},
			{Delivered{TTL: time.Hour}, nil, nil, 5},
			{Delivered{}, errors.New("silent"), []string{"--nomxcheck"}, 1},
		}
		for i, c := range calls {
			ctx, kill := context.WithCancel(t.Context())
			o := Options{Deliveries: func(context.Context, string, string) (Delivered, error) { return c.answer, c.err }}
			o.Engine.Resolver = silent{}
			l.followIn(ctx, t, o, append(c.options, "--delete2", "--delete2max", "100%")...)
			time.Sleep(10 * time.Minute)
			l.accounts[0].say(t, "SELECT INBOX", `STORE 1 +FLAGS (\Deleted)`, "EXPUNGE")
			time.Sleep(10 * time.Minute)
			if n := l.accounts[1].state(t).Count(); n != c.left {
				t.Errorf("call %d: %d messages on host2, want %d", i+1, n, c.left)
			}
			kill()
			fin := <-l.done
			l.done <- fin
		}
		p := l.plan(t, "--delete2")
		tally := event.NewTally(time.Now(), nil)
		o := engine.Options{Sink: tally.Add}
		o.Dial = func(side event.Side) func(context.Context, string, string) (net.Conn, error) {
			return func(ctx context.Context, _, _ string) (net.Conn, error) { return l.accounts[side-1].dial(ctx) }
		}
		o.Resolver = silent{}
		engine.Run(t.Context(), p, o)
		if code := tally.Stats().ExitCode(); code != event.ExitDeletionRefused {
			t.Errorf("a run with --delete2 ends with %d: %v", code, tally.Stats().Errors)
		}
	})
}

// The TTL of the old MX counts for a follower that was killed and begins again after the
// change; where nobody ever saw the old one, what is left of the new one's in a resolver is
// not taken for it.
func TestOldTTLIsRemembered(t *testing.T) {
	for _, c := range []struct {
		old         time.Duration // of the MX that a killed follower saw; 0: there was none
		least, most time.Duration // until the end, after the change was seen
	}{
		{6 * time.Hour, 6 * time.Hour, 6*time.Hour + 10*time.Minute},
		{0, time.Hour, time.Hour + 10*time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
			for i := range l.accounts {
				l.accounts[i].user = fmt.Sprintf("user%d@example.org", i)
				l.accounts[i].s.Called(t, l.accounts[i].user)
			}
			l.accounts[0].deliver(t, "INBOX", 1)
			answer := Delivered{TTL: c.old}
			o := Options{Deliveries: func(context.Context, string, string) (Delivered, error) { return answer, nil }}
			if c.old > 0 {
				ctx, kill := context.WithCancel(t.Context())
				l.followIn(ctx, t, o, "--followuntil", "mx")
				time.Sleep(time.Minute)
				kill()
				<-l.done
			}
			answer = Delivered{To2: true, MX: "mx.example.org", TTL: 2 * time.Second}
			begun := time.Now()
			l.follow(t, o, "--followuntil", "mx")
			fin := <-l.done
			l.done <- fin
			if took := time.Since(begun); took < c.least || took > c.most || fin.Stopped != "" {
				t.Errorf("old TTL %v: it ended after %v: %q", c.old, took, fin.Stopped)
			}
		})
	}
}

// silent is a DNS that does not answer.
type silent struct{}

func (silent) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, errors.New("silent") }

func (silent) LookupHost(context.Context, string) ([]string, error) { return nil, errors.New("silent") }
