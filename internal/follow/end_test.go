package follow

import (
	"context"
	"fmt"
	"net"
	"strings"
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

// doubted is the header of two messages with one identity.
const doubted = "Message-ID: <doubt@example.org>\r\nFrom: a@example.org\r\nSubject: late\r\nDate: Fri, 02 Mar 2012 03:04:05 +0000\r\n\r\n"

// append1 is the command that stores a message.
func append1(flags, text string) string {
	return fmt.Sprintf("APPEND INBOX %s{%d+}\r\n%s", flags, len(text), text)
}

// TestNotAllIsTaken: what host2 does not take or does not have for certain is no option's wish, so the end is not
// complete, also where nothing changed since the first pass; what --maxsize leaves out is.
func TestNotAllIsTaken(t *testing.T) {
	for _, row := range []struct {
		option  string
		untaken int64
		code    int
		add     [2][]string // to both sides before
	}{
		{"--appendlimit 400", 1, event.ExitAppend, [2][]string{}},
		{"--maxsize 400", 0, event.ExitOK, [2][]string{}},
		{"--maxsize 400 --useheader X-None --useheader Message-Id", 1, event.ExitErrors, [2][]string{{append1("", "Subject: x\r\n\r\nnobody knows it\r\n")}, nil}},
		{"--maxsize 400", 1, event.ExitErrors, [2][]string{{append1("", doubted+"body one\r\n")}, {append1("", doubted+"quite another body\r\n")}}},
		{"--maxsize 400 --expunge2 --nomxcheck", 1, event.ExitErrors, [2][]string{{append1("(\\Deleted) ", doubted+"marked\r\n")}, nil}},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &lab{accounts: [2]account{inMemory(t, embedded.Options{}), inMemory(t, embedded.Options{})}}
			l.accounts[0].deliver(t, "INBOX", 1, 13) // of which one is long
			for i, commands := range row.add {
				if len(commands) > 0 {
					l.accounts[i].say(t, commands...)
				}
			}
			stop := l.follow(t, Options{}, strings.Fields(row.option)...)
			time.Sleep(10 * time.Minute)
			stop()
			for _, e := range l.events {
				if e, ok := e.(event.PassEnded); ok && (e.Untaken != row.untaken || e.Code != event.ExitOK || e.Retry != 0) {
					t.Errorf("%s: %+v", row.option, e)
				}
			}
			if code := l.tally.Stats().ExitCode(); code != row.code {
				t.Errorf("%s: exit code %d", row.option, code)
			}
		})
	}
}

// What a pass warns of as the one before did is told once, and again in the last pass.
func TestWarningsOfPasses(t *testing.T) {
	var told []string
	x := &teller{loud: func(e event.Event) { told = append(told, fmt.Sprint(e)) }, figures: func(event.Event) {}}
	warn := func(text string) event.Event { return event.Note{Warn: true, Text: text} }
	refused := func(n int64) event.Event { return event.DeletionRefused{Side: 2, Count: n} }
	failed := event.Error{Class: event.ErrAppend, Text: "refused"}
	for i, pass := range []struct {
		last   bool
		events []event.Event
		told   int
	}{
		{false, []event.Event{warn("a"), refused(1), failed, event.MessageShort{UID: 3}}, 4},
		{false, []event.Event{warn("a"), refused(1), failed, event.MessageShort{UID: 3}}, 0},
		{false, []event.Event{warn("a"), refused(2), failed, event.MessageShort{UID: 4}}, 2},
		{false, []event.Event{refused(2)}, 0},
		{false, []event.Event{warn("a"), warn("b")}, 2},
		{true, []event.Event{warn("a"), warn("b"), refused(2), failed}, 4},
	} {
		told = nil
		x.begin(i == 0, pass.last)
		for _, e := range pass.events {
			x.event(e)
		}
		if len(told) != pass.told {
			t.Errorf("pass %d tells %q, want %d", i+1, told, pass.told)
		}
	}
}
