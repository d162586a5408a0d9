package follow

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// TestFollowersSpread begins many followers in one moment, and has all of them lose their
// connections in one moment: they do not ask together for long, and none asks more often
// than it may. The virtual clock stands still while they work, so that nothing but chance
// draws them apart.
func TestFollowersSpread(t *testing.T) {
	accounts := 24
	if mailtest.FullChaos() {
		accounts = 200
	}
	synctest.Test(t, func(t *testing.T) {
		rounds := provider.Rounds{Counts: 2 * time.Minute, Flags: 30 * time.Minute}
		told := make([]times, accounts)
		var all lines
		var stops []func() event.Finished
		for i := range accounts {
			l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}, hide: []string{"IDLE"}}
			l.accounts[0].deliver(t, "INBOX", 1)
			o := Options{Rounds: rounds}
			o.Engine.Dial = func(side event.Side) func(context.Context, string, string) (net.Conn, error) {
				return func(ctx context.Context, _, _ string) (net.Conn, error) {
					c, err := l.accounts[side-1].dial(ctx)
					if err != nil {
						return nil, err
					}
					all.mu.Lock()
					all.open = append(all.open, c)
					all.mu.Unlock()
					if side == 1 {
						c = &timed{c, &told[i]}
					}
					return c, nil
				}
			}
			stops = append(stops, l.follow(t, o))
		}
		for _, when := range []string{"after the beginning", "after their lines were cut"} {
			time.Sleep(15 * time.Minute)
			begun := time.Now()
			time.Sleep(15 * time.Minute)
			bySecond := make(map[int64]int)
			for i := range told {
				last := time.Time{}
				for _, at := range told[i].since(begun) {
					if d := at.Sub(last); d < time.Second {
						continue // one round may be several commands
					} else if d < rounds.Counts {
						t.Errorf("account %d asks again after %v", i, d)
					}
					last = at
					bySecond[at.Unix()]++
				}
			}
			most := 0
			for _, n := range bySecond {
				most = max(most, n)
			}
			t.Logf("%s: %d accounts, at most %d in one second", when, accounts, most)
			if most > max(accounts/4, 3) {
				t.Errorf("%s: %d of %d accounts ask in one second", when, most, accounts)
			}
			all.cut(false)
		}
		for _, stop := range stops {
			stop()
		}
	})
}

// times are when the counts were asked for.
type times struct {
	mu sync.Mutex
	at []time.Time
}

func (s *times) since(from time.Time) (out []time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range s.at {
		if at.After(from) {
			out = append(out, at)
		}
	}
	return out
}

// timed notes when the client asks for the counts.
type timed struct {
	net.Conn
	said *times
}

func (c *timed) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(" LIST ")) {
		c.said.mu.Lock()
		c.said.at = append(c.said.at, time.Now())
		c.said.mu.Unlock()
	}
	return c.Conn.Write(b)
}
