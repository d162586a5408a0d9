package follow

import (
	"fmt"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// TestRealServers follows each real server for a few changes in INBOX and elsewhere, and
// waits for each on host2.
func TestRealServers(t *testing.T) {
	for _, row := range []struct {
		kind, how string
		hide      []string
	}{
		{mailtest.Dovecot, howNotify, nil},
		{mailtest.Dovecot, howIdle, []string{"NOTIFY"}},
		{mailtest.Cyrus, howIdle, nil},
		{mailtest.Courier, howIdle, nil},
		{mailtest.Mox, howNotify, nil},
		{mailtest.Dovecot, howRounds, []string{"NOTIFY", "IDLE"}},
	} {
		t.Run(row.kind+" "+row.how, func(t *testing.T) {
			mailtest.Kinds(t, row.kind)
			t.Parallel()
			one, two := mailtest.Real(t, row.kind), mailtest.StartEmbedded(t, embedded.Options{})
			user1, _ := one.User(t)
			user2, _ := two.User(t)
			l := &lab{accounts: [2]account{{s: one, user: user1}, {s: two, user: user2}}, stirred: make(chan struct{}, 1)}
			l.hide = row.hide
			l.accounts[0].deliver(t, "INBOX", 1, 2, 3)
			l.accounts[0].deliver(t, "Other", 4, 5, 6)
			stop := l.follow(t, Options{Rounds: provider.Rounds{Counts: time.Second, Flags: time.Second}, Gap: 50 * time.Millisecond})
			defer stop()
			l.until(t, "the first pass", l.watching(row.how))
			for n, folder := range []string{"INBOX", "New"} {
				began := time.Now()
				l.accounts[0].deliver(t, folder, 10+n)
				l.until(t, fmt.Sprintf("message %d in %s", 10+n, folder), l.same)
				t.Logf("%s: a message in %s is there after %v", row.kind, folder, time.Since(began).Round(time.Millisecond))
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("it took %v", took)
				}
			}
			for _, folder := range []string{"Other"} {
				began := time.Now()
				l.accounts[0].say(t, "SELECT "+quoted(one, folder), `STORE 1 +FLAGS (\Flagged)`)
				l.until(t, "a flag in "+folder, l.same)
				t.Logf("%s: a flag in %s is there after %v", row.kind, folder, time.Since(began).Round(time.Millisecond))
			}
			stop()
			l.equal(t)
			if code := l.tally.Stats().ExitCode(); code != event.ExitOK {
				t.Errorf("exit %d: %v", code, l.tally.Stats().Errors)
			}
		})
	}
}

func quoted(s *mailtest.Server, folder string) string {
	return `"` + s.FolderName([]string{folder}) + `"`
}
