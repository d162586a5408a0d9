package follow

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/plan"
)

func TestMain(m *testing.M) { os.Exit(mailtest.Main(m)) } //nolint:forbidigo // the end of the tests

// account is one side of a lab.
type account struct {
	s    *mailtest.Server
	user string
	dial func(context.Context) (net.Conn, error)
}

func inMemory(t testing.TB, o embedded.Options) account {
	t.Helper()
	s, dial, end := mailtest.StartInMemory(t, o)
	t.Cleanup(end)
	user, _ := s.User(t)
	return account{s, user, dial}
}

func (a account) state(t testing.TB) mailtest.State {
	t.Helper()
	return mailtest.Snapshot(t, a.s, a.user)
}

// say sends commands to an account on a connection of its own.
func (a account) say(t testing.TB, commands ...string) {
	t.Helper()
	mailtest.Say(t, a.s, a.user, commands...)
}

// letter is a message that no other number makes.
func letter(n int) corpus.Message {
	body := fmt.Sprintf("Message-ID: <n%d@example.org>\r\nFrom: a@example.org\r\nSubject: number %d\r\nDate: Fri, 02 Mar 2012 03:04:05 +0000\r\n\r\n%s\r\n",
		n, n, strings.Repeat("text ", 7*n%97))
	return corpus.Message{Body: []byte(body), Date: time.Date(2012, 3, 2, 3, 4, n%60, 0, time.UTC), Flags: []imap.Flag{imap.FlagAnswered}}
}

// deliver stores messages.
func (a account) deliver(t testing.TB, folder string, numbers ...int) {
	t.Helper()
	f := corpus.Folder{Path: strings.Split(folder, "/")}
	for _, n := range numbers {
		f.Messages = append(f.Messages, letter(n))
	}
	mailtest.Fill(t, a.s, a.user, corpus.Mailbox{Folders: []corpus.Folder{f}})
}

// lab follows account 1 to account 2.
type lab struct {
	accounts [2]account
	cache    string
	done     chan event.Finished

	hide []string // capabilities of host1

	mu      sync.Mutex
	watched string // how
	events  []event.Event
	stirred chan struct{} // something came
	tally   *event.Tally
}

func (l *lab) sink(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.Add(e)
	l.events = append(l.events, e)
	switch e := e.(type) {
	case event.PassEnded:
	case event.Watching:
		l.watched = e.How
	default:
		return
	}
	select {
	case l.stirred <- struct{}{}:
	default: // nobody waits, or knows already
	}
}

// plan makes the plan of a command line.
func (l *lab) plan(t testing.TB, options ...string) *plan.Plan {
	t.Helper()
	if l.cache == "" {
		l.cache = t.TempDir()
	}
	args := []string{"--nolog", "--pidfile", "", "--cachedir", l.cache}
	for i, a := range l.accounts {
		n := fmt.Sprint(i + 1)
		args = append(args, "--host"+n, a.s.Host, "--port"+n, fmt.Sprint(a.s.Port), "--user"+n, a.user, "--password"+n, mailtest.Password(a.user), "--nossl"+n, "--notls"+n)
	}
	p, out := cli.ParseArgs(append(args, options...)...)
	if p == nil {
		t.Fatalf("exit %d\n%s%s", out.Code, out.Stdout, out.Stderr)
	}
	return p
}

// follow begins to follow; stop has it end.
func (l *lab) follow(t testing.TB, o Options, options ...string) (stop func() event.Finished) {
	t.Helper()
	return l.followIn(t.Context(), t, o, options...)
}

// followIn is follow; the end of ctx ends it at once.
func (l *lab) followIn(ctx context.Context, t testing.TB, o Options, options ...string) (stop func() event.Finished) {
	t.Helper()
	p := l.plan(t, options...)
	p.Host1.DisabledCaps = append(p.Host1.DisabledCaps, l.hide...)
	l.tally = event.NewTally(time.Now(), nil)
	ask, done := make(chan struct{}), make(chan event.Finished, 1)
	l.done = done
	o.Engine.Sink, o.Engine.Stop = l.sink, ask
	o.Figures = l.sink
	if o.Engine.Dial == nil {
		o.Engine.Dial = func(side event.Side) func(context.Context, string, string) (net.Conn, error) {
			dial := l.accounts[side-1].dial
			if dial == nil {
				return nil
			}
			return func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
		}
	}
	go func() { done <- Run(ctx, p, o) }()
	var once sync.Once
	stop = func() event.Finished {
		once.Do(func() { close(ask) })
		fin := <-done
		done <- fin
		return fin
	}
	return stop
}

// equal fails unless both sides hold the same.
func (l *lab) equal(t testing.TB) {
	t.Helper()
	a, b := l.accounts[0].state(t), l.accounts[1].state(t)
	for _, d := range mailtest.Diff(a, b, mailtest.Known(l.accounts[0].s, l.accounts[1].s)) {
		t.Error(d)
	}
}

// same reports whether both sides hold the same. A pass may be under way, so that a side
// changes while it is read: its end is told to whoever waits.
func (l *lab) same(testing.TB) bool {
	var states [2]mailtest.State
	for i, a := range l.accounts {
		var err error
		if states[i], err = mailtest.Look(a.s, a.user); err != nil {
			return false
		}
	}
	return len(mailtest.Diff(states[0], states[1], mailtest.Known(l.accounts[0].s, l.accounts[1].s))) == 0
}

// until waits for passes until something holds.
func (l *lab) until(t testing.TB, what string, holds func(testing.TB) bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		if holds(t) {
			return
		}
		select {
		case <-l.stirred:
		case <-late:
			l.mu.Lock()
			defer l.mu.Unlock()
			for _, e := range l.events {
				switch e := e.(type) {
				case event.PassEnded, event.Watching, event.Error:
					t.Logf("%T %+v", e, e)
				case event.Debug:
					t.Log(e.Text)
				}
			}
			t.Fatalf("%s: not after 30 s; watched by %q; %v", what, l.watched, l.tally.Stats().Errors)
		}
	}
}

// watching reports whether host1 is watched this way.
func (l *lab) watching(how string) func(testing.TB) bool {
	return func(testing.TB) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.watched == how
	}
}
