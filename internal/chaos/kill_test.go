package chaos

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// everywhere are the servers that the program is killed in front of.
func everywhere() []string { return append([]string{mailtest.Embedded}, mailtest.RealKinds()...) }

// The program is killed at random instants, again and again, and then run to its
// end: nothing is lost and nothing is there twice.
func TestKilledAgainAndAgain(t *testing.T) {
	messages, folders, kills := 300, 8, 6
	if mailtest.FullChaos() {
		messages, kills = 5000, 30
	}
	box := corpus.Generate(corpus.Options{Seed: 11, Messages: messages, Folders: folders, Distinct: true, PlainHeaders: true, MaxAttachment: 128 << 10})
	addLookalikes(&box)
	type target struct {
		name, kind      string
		server, options []string
	}
	var targets []target
	for _, kind := range everywhere() {
		targets = append(targets, target{name: kind, kind: kind})
	}
	// Over several connections, each message after the server's consent.
	targets = append(targets, target{"connections", mailtest.Dovecot, []string{"hide=MULTIAPPEND,LITERAL+"}, []string{"--connections", "4"}})
	for i, to := range targets {
		t.Run(to.name, func(t *testing.T) {
			t.Parallel()
			r := mailtest.Chance(t, uint64(i))
			a, b := newAccount(t, mailtest.Dovecot), newAccount(t, to.kind, to.server...)
			mailtest.Fill(t, a.s, a.user, box)
			through, tap := tapped(t, b)
			p := newPair(t, a, through, to.options...)
			struck, inFlight := 0, 0
			for struck < kills {
				when := moment(r, tap, box.Bytes()/int64(kills))
				sent := tap.Counts().Commands["APPEND"]
				c := p.start(t)
				when.wait(c)
				sent = tap.Counts().Commands["APPEND"] - sent
				if !c.kill(t) {
					if code := c.code(); code != 0 {
						t.Fatalf("exit code %d\n%s", code, c.text())
					}
				} else {
					struck++
					if sent > 0 {
						inFlight++
					}
				}
			}
			tap.Clear()
			p.run(t, 0)
			p.same(t)
			second := p.run(t, 0)
			p.same(t)
			if t.Failed() {
				t.Log(second)
			}
			t.Logf("%d kills, %d of them after an APPEND had begun", struck, inFlight)
		})
	}
}

// addLookalikes puts versions of drafts into every folder: different messages with
// the same Message-ID.
func addLookalikes(box *corpus.Mailbox) {
	for i := range box.Folders {
		f := &box.Folders[i]
		for k := range len(f.Messages) / 20 {
			m := f.Messages[k*17%len(f.Messages)]
			m.Body = append(bytes.Clone(m.Body), fmt.Sprintf("Another version, %d.\r\n", k)...)
			f.Messages = append(f.Messages, m)
		}
	}
}

// instant is when to kill: after a time; when about so many bytes went to host2;
// or when exactly so many did, and none after them.
type instant struct {
	after time.Duration
	tap   *proxy.Proxy
	bytes int64
	exact bool
}

// moment draws an instant: mostly in the middle of the copying, by bytes; else
// at any time from the start on. share is what one life may copy on average. It
// comes before the start of the program.
func moment(r *rand.Rand, tap *proxy.Proxy, share int64) instant {
	tap.Clear()
	switch r.IntN(4) {
	case 0:
		return instant{after: time.Duration(r.Int64N(int64(2500 * time.Millisecond)))}
	case 1:
		n := 200 + r.Int64N(2*share)
		tap.Add(proxy.Fault{Kind: proxy.Stall, Direction: proxy.ToServer, After: n})
		return instant{tap: tap, exact: true}
	}
	return instant{tap: tap, bytes: tap.Counts().ToServer + r.Int64N(2*share)}
}

// wait returns when the instant has come, or the program has ended.
func (i instant) wait(c *process) {
	switch {
	case i.tap == nil:
		timer := time.NewTimer(i.after)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.over:
		}
	case i.exact:
		select {
		case <-i.tap.Struck():
		case <-c.over:
		}
	default:
		tick := time.NewTicker(3 * time.Millisecond)
		defer tick.Stop()
		for i.tap.Counts().ToServer < i.bytes {
			select {
			case <-tick.C:
			case <-c.over:
				return
			}
		}
	}
}
