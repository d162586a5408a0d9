package follow

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// TestFirst follows for a few minutes: what is delivered is there after a moment.
func TestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
		l.accounts[0].deliver(t, "INBOX", 1, 2, 3)
		stop := l.follow(t, Options{})
		time.Sleep(20 * time.Second)
		l.equal(t)
		l.accounts[0].deliver(t, "INBOX", 4)
		time.Sleep(2 * time.Second)
		l.equal(t)
		l.accounts[0].deliver(t, "Other", 5, 6)
		time.Sleep(3 * time.Minute)
		l.equal(t)
		l.accounts[0].say(t, "SELECT INBOX", "STORE 1 +FLAGS (\\Flagged)")
		time.Sleep(16 * time.Minute)
		l.equal(t)
		stop()
		if code := l.tally.Stats().ExitCode(); code != event.ExitOK {
			t.Errorf("exit %d: %v", code, l.tally.Stats().Errors)
		}
		for _, e := range l.events {
			switch e := e.(type) {
			case event.PassEnded, event.Watching, event.Error:
				t.Logf("%T %+v", e, e)
			}
		}
	})
}

// TestSharedJournal follows with a journal that other machines use: what a pass may write
// ends with its lease, so there is none without.
func TestSharedJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
		l.accounts[0].deliver(t, "INBOX", 1, 2, 3)
		stop := l.follow(t, Options{}, "--cacheshared")
		time.Sleep(time.Minute)
		l.equal(t)
		l.accounts[0].deliver(t, "INBOX", 4)
		time.Sleep(6 * time.Minute)
		l.equal(t)
		stop()
		if code := l.tally.Stats().ExitCode(); code != event.ExitOK {
			t.Errorf("exit %d: %v", code, l.tally.Stats().Errors)
		}
	})
}
