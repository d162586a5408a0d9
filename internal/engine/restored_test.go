package engine_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// instead connects a side to another account than its address says.
func instead(side event.Side, x account) engine.Options {
	return engine.Options{Dial: func(n event.Side) func(context.Context, string, string) (net.Conn, error) {
		if n != side {
			return nil
		}
		return func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, x.addr()) //nolint:wrapcheck // as a dialler says it
		}
	}}
}

// A server was restored from a backup, and what came since has UIDs that were given before,
// at the same UIDVALIDITY: each message of host1 is on host2 after one plain run, and new
// mail stays, wherever UIDNEXT is by then.
func TestRestored(t *testing.T) {
	t.Parallel()
	before := append(mails("old", 2, 300), mails("a", 4, 200)...) // host2 had the first two
	for _, c := range []struct {
		side    event.Side
		keeps   int // of host2's six or host1's four messages
		new     int
		age     int
		options []string       // "then": of the second run only
		want    map[string]int // on host2
	}{
		{2, 2, 4, 0, nil, map[string]int{"old": 2, "new": 4, "a": 4}},
		{2, 2, 9, 400, nil, map[string]int{"old": 2, "new": 9, "a": 4}},
		{2, 2, 3, 400, nil, map[string]int{"old": 2, "new": 3, "a": 4}},
		{2, 0, 6, 0, nil, map[string]int{"new": 6, "a": 4}},
		{2, 5, 1, 0, nil, map[string]int{"old": 2, "new": 1, "a": 4}},
		{2, 5, 3, 0, []string{"--useheader", "Message-Id"}, map[string]int{"old": 2, "new": 3, "a": 4}},
		{2, 2, 4, 0, []string{"then", "--useheader", "Message-Id"}, map[string]int{"old": 2, "new": 4, "a": 4}},
		{2, 2, 4, 400, []string{"--delete2"}, map[string]int{"new": 4, "a": 4}},
		{2, 3, 5, 0, []string{"--noresurrect"}, map[string]int{"old": 2, "new": 5, "a": 4}},
		{1, 0, 4, 0, nil, map[string]int{"old": 2, "new": 4, "a": 4}},
		{1, 2, 3, 400, nil, map[string]int{"old": 2, "new": 3, "a": 4}},
		{1, 2, 2, 0, []string{"--delete2"}, map[string]int{"new": 2, "a": 4}}, // nothing says whose they are
	} {
		t.Run(fmt.Sprint(c.side, c.keeps, c.new, c.age, strings.Join(c.options, " ")), func(t *testing.T) {
			t.Parallel()
			a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			put(t, a, "A", before[2:]...)
			put(t, b, "A", before[:2]...)
			if len(c.options) > 0 && c.options[0] == "then" {
				c.options = c.options[1:]
				migrate(t, a, b).expect(t, 0)
			} else {
				migrate(t, a, b, c.options...).expect(t, 0)
			}
			of := [...]account{1: a, 2: b}[c.side]
			backup := of
			backup.s = mailtest.StartEmbedded(t, embedded.Options{})
			backup.password = backup.s.Called(t, of.user)
			has := before[:min(c.keeps, 6)]
			if c.side == 1 {
				has = before[2 : 2+c.keeps]
			}
			put(t, backup, "A", append(append([]corpus.Message(nil), has...), mails("new", c.new, c.age)...)...)
			if x, y := mailtest.Snapshot(t, of.s, of.user), mailtest.Snapshot(t, backup.s, backup.user); x.Folders["A"].UIDValidity != y.Folders["A"].UIDValidity {
				t.Fatal("the backup has another UIDVALIDITY")
			}
			command, there := append(args(a, b), c.options...), instead(c.side, backup)
			if c.side == 2 {
				b = backup
			}
			foretold := int64(0)
			rehearsing := there
			rehearsing.Sink = func(e event.Event) {
				if d, ok := e.(event.FolderDone); ok {
					foretold += d.OnlyOn1
				}
			}
			migrateWith(t, t.Context(), rehearsing, append(command, "--dry")...)
			out := migrateWith(t, t.Context(), there, command...)
			out.expect(t, 0)
			wantHolds(t, "host2", out, holds(t, b, "A"), c.want)
			if foretold != out.stats.Transferred {
				t.Errorf("%d messages were foretold, %d copied\n%s", foretold, out.stats.Transferred, out.text)
			}
			again := migrateWith(t, t.Context(), there, command...)
			again.expect(t, 0)
			if wantHolds(t, "a further run", again, holds(t, b, "A"), c.want); again.stats.Transferred != 0 {
				t.Errorf("a further run does something\n%s", again.text)
			}
		})
	}
}
