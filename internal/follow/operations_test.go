package follow

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// TestOperations does 200 things at random on each real server while it is followed:
// deliveries, flags, moves, expunges, new folders. Each is on host2 before the next one.
// The process is killed now and then.
func TestOperations(t *testing.T) {
	if !mailtest.FullChaos() {
		t.Skip("make chaos does this")
	}
	for stream, row := range []struct {
		kind, to string
		hide     []string
	}{
		{mailtest.Dovecot, mailtest.Embedded, nil},
		{mailtest.Dovecot, mailtest.Dovecot, []string{"NOTIFY"}},
		{mailtest.Cyrus, mailtest.Dovecot, nil},
		{mailtest.Courier, mailtest.Embedded, nil},
		{mailtest.Mox, mailtest.Embedded, nil},
		{mailtest.Embedded, mailtest.Cyrus, nil},
		{mailtest.Embedded, mailtest.Courier, nil},
	} {
		t.Run(fmt.Sprint(row.kind, " to ", row.to, row.hide), func(t *testing.T) {
			l := &lab{stirred: make(chan struct{}, 1), hide: row.hide}
			for i, kind := range []string{row.kind, row.to} {
				s := mailtest.StartEmbedded(t, embedded.Options{})
				if kind != mailtest.Embedded {
					mailtest.Kinds(t, kind)
					s = mailtest.Real(t, kind)
				}
				user, _ := s.User(t)
				l.accounts[i] = account{s: s, user: user}
			}
			operations(t, l, uint64(stream))
		})
	}
}

func operations(t *testing.T, l *lab, stream uint64) {
	r := mailtest.Chance(t, stream)
	one := l.accounts[0]
	folders := []string{"INBOX", "A", "B", "C"}
	for n, f := range folders {
		one.deliver(t, f, 1000+2*n, 1001+2*n)
	}
	options := []string{"--delete2", "--delete2max", "1000000", "--delete2newmail", "--nomxcheck"}
	o := Options{Rounds: provider.Rounds{Counts: time.Second, Flags: time.Second}, Gap: 20 * time.Millisecond}
	ctx, kill := context.WithCancel(t.Context())
	stop := l.followIn(ctx, t, o, options...)
	l.until(t, "the first pass", l.same)
	var took [2][]time.Duration // in INBOX, elsewhere
	for n := range 200 {
		from, to := folders[r.IntN(len(folders))], folders[r.IntN(len(folders))]
		what := fmt.Sprintf("operation %d in %s", n, from)
		one.deliver(t, from, n)
		in := "SELECT " + quoted(one.s, from)
		began := time.Now()
		switch k := r.IntN(8); {
		case k < 2:
			one.say(t, in, `STORE * +FLAGS (\Flagged)`)
		case k < 5 && from != to:
			what += ": a move to " + to
			one.say(t, in, "COPY * "+quoted(one.s, to), `STORE * +FLAGS (\Deleted)`, "EXPUNGE")
		case k < 6:
			one.say(t, in, `STORE 1 +FLAGS (\Deleted)`, "EXPUNGE")
		case k < 7 && len(folders) < 8:
			folders = append(folders, fmt.Sprintf("New%d", n))
			one.deliver(t, folders[len(folders)-1], 5000+n)
		}
		if r.IntN(12) == 0 {
			what += ", killed"
			kill()
			stop()
			ctx, kill = context.WithCancel(t.Context())
			stop = l.followIn(ctx, t, o, options...)
		}
		l.until(t, what, l.same)
		where := 1
		if from == "INBOX" {
			where = 0
		}
		took[where] = append(took[where], time.Since(began))
	}
	stop()
	kill()
	l.equal(t)
	for where, name := range []string{"INBOX", "other folders"} {
		slices.Sort(took[where])
		k := len(took[where])
		t.Logf("%d operations in %s: on host2 after %v (median), %v (at most)", k, name, took[where][k/2].Round(time.Millisecond), took[where][k-1].Round(time.Millisecond))
	}
}
