package follow

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// TestRefusedStays: what the guard of --delete2 refused stays on host2 whatever comes to
// host1 afterwards, in the passes that follow and in the next run, until host1 has it
// again or --delete2max allows it. Many small deletions are one large one.
func TestRefusedStays(t *testing.T) {
	some := func(from, to int) (out []int) {
		for n := from; n <= to; n++ {
			out = append(out, n)
		}
		return out
	}
	gone := func(set string) []string {
		return []string{"SELECT INBOX", fmt.Sprintf("STORE %s +FLAGS.SILENT (\\Deleted)", set), "EXPUNGE"}
	}
	for _, row := range []struct {
		name  string
		n     int
		parts []string // what goes on host1, pass after pass
		comes []int    // what comes there afterwards
		stays int      // on host2 in the end, also after the next run
	}{
		{"an empty folder, then one new message", 30, []string{"1:*"}, []int{501}, 31},
		{"an empty folder, and some are there again", 30, []string{"1:*"}, []int{1, 2, 3, 501}, 31},
		{"a large folder in parts", 120, []string{"1:25", "1:25", "1:25", "1:25"}, []int{501}, 71},
		{"a part, and it grows", 120, []string{"1:70"}, some(501, 523), 143},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
				l.accounts[0].deliver(t, "INBOX", some(1, row.n)...)
				on2 := func() int {
					n := 0
					for _, f := range l.accounts[1].state(t).Folders {
						n += len(f.Messages)
					}
					return n
				}
				stop := l.follow(t, Options{}, "--delete2", "--nomxcheck")
				time.Sleep(2 * time.Minute)
				for _, part := range row.parts {
					l.accounts[0].say(t, gone(part)...)
					time.Sleep(2 * time.Minute)
				}
				for _, n := range row.comes {
					l.accounts[0].deliver(t, "INBOX", n)
				}
				time.Sleep(time.Hour)
				stop()
				for _, e := range l.events {
					if e, ok := e.(event.PassEnded); ok && e.Retry != 0 {
						t.Errorf("a pass that refused deletions is repeated: %+v", e)
					}
				}
				if !l.tally.Stats().RefusedOnly() {
					t.Error("more is said to be wrong than the deletions")
				}
				if n, code := on2(), l.tally.Stats().ExitCode(); n != row.stays || code != event.ExitDeletionRefused {
					t.Errorf("%d messages on host2, want %d; exit %d: %v", n, row.stays, code, l.tally.Stats().Errors)
				}
				for _, options := range [][]string{nil, {"--delete2max", "100%"}} {
					stop = l.follow(t, Options{}, slices.Concat([]string{"--delete2", "--nomxcheck"}, options)...)
					time.Sleep(2 * time.Minute)
					stop()
					code := l.tally.Stats().ExitCode()
					if options == nil && (on2() != row.stays || code != event.ExitDeletionRefused) {
						t.Errorf("the next run: %d messages on host2, want %d, exit %d: %v", on2(), row.stays, code, l.tally.Stats().Errors)
					}
				}
				l.equal(t)
			})
		})
	}
}
