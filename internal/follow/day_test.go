package follow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// TestDay follows for 24 hours of virtual time in which mail is delivered, flagged, moved
// and expunged at random, lines are cut, the process is killed and begun again, and
// host1 cannot be reached for a while. Both sides are equal in the end.
func TestDay(t *testing.T) {
	for name, options := range map[string][]string{
		"copy": nil,
		// The mailbox of this test is small: what goes from a folder is often more than
		// half of it.
		"mirror": {"--delete2", "--delete2max", "1000", "--delete2newmail", "--nomxcheck"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { day(t, options) })
		})
	}
}

func day(t *testing.T, options []string) {
	l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
	random := rand.New(rand.NewPCG(1, 2))
	one := l.accounts[0]
	number := 0
	folders := []string{"INBOX", "Work", "Lists"}
	deliver := func(folder string) { number++; one.deliver(t, folder, number) }
	for _, f := range folders {
		deliver(f)
		deliver(f)
	}
	lines := &lines{lab: l}
	o := func() Options {
		o := Options{}
		o.Engine.Dial = lines.dial
		return o
	}
	ctx, kill := context.WithCancel(t.Context())
	stop := l.followIn(ctx, t, o(), options...)
	end := time.Now().Add(24 * time.Hour)
	for time.Now().Before(end) {
		time.Sleep(time.Duration(random.Int64N(int64(40 * time.Minute))))
		from := folders[random.IntN(len(folders))]
		switch k := random.IntN(10); {
		case k < 4:
			deliver(from)
		case k < 6:
			one.say(t, "SELECT "+from, `STORE * +FLAGS (\Seen)`)
		case k < 7 && options != nil:
			deliver(from)
			to := folders[random.IntN(len(folders))]
			if to != from {
				one.say(t, "SELECT "+from, `MOVE * `+to)
			}
		case k < 8 && options != nil:
			deliver(from)
			one.say(t, "SELECT "+from, `STORE 1 +FLAGS (\Deleted)`, "EXPUNGE")
		case k < 9:
			lines.cut(random.IntN(4) == 0)
			time.Sleep(time.Duration(random.Int64N(int64(time.Hour))))
			lines.away(false)
		default:
			kill()
			stop()
			ctx, kill = context.WithCancel(t.Context())
			stop = l.followIn(ctx, t, o(), options...)
		}
	}
	stop()
	kill()
	l.equal(t)
	if code := l.tally.Stats().ExitCode(); code != event.ExitOK {
		t.Errorf("exit %d: %v", code, l.tally.Stats().Errors)
	}
	passes, watching := 0, 0
	for _, e := range l.events {
		switch e.(type) {
		case event.PassEnded:
			passes++
		case event.Watching:
			watching++
		}
	}
	t.Logf("%d messages, %d passes, %d waits, %d connections", number, passes, watching, lines.made)
	if passes < 20 || passes > 1500 {
		t.Errorf("%d passes in a day", passes)
	}
}

// lines are the connections of a lab.
type lines struct {
	lab  *lab
	mu   sync.Mutex
	open []net.Conn
	gone bool
	made int
}

func (l *lines) dial(side event.Side) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.gone {
			return nil, errors.New("no route to host")
		}
		c, err := l.lab.accounts[side-1].dial(ctx)
		if err != nil {
			return nil, fmt.Errorf("dial: %w", err)
		}
		l.open = append(l.open, c)
		l.made++
		return c, nil
	}
}

// cut ends all connections, and for a while there are none if away.
func (l *lines) cut(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		c.Close()
	}
	l.open, l.gone = nil, away
}

func (l *lines) away(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = away
}
