package matrix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/report"
)

// account is an account on an embedded server in memory, for the length of a bubble, or
// on a real server.
type account struct {
	s              *mailtest.Server
	user, password string
	dial           func(context.Context) (net.Conn, error)
}

func newAccount(t *testing.T, o embedded.Options) account {
	t.Helper()
	s, dial, end := mailtest.StartInMemory(t, o)
	t.Cleanup(end)
	user, password := s.User(t)
	return account{s: s, user: user, password: password, dial: dial}
}

func realAccount(t *testing.T, kind string) account {
	t.Helper()
	mailtest.Kinds(t, kind)
	s := mailtest.Real(t, kind)
	user, password := s.User(t)
	return account{s: s, user: user, password: password, dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", s.Addr())
	}}
}

func (a account) state(t *testing.T) mailtest.State {
	t.Helper()
	return mailtest.Snapshot(t, a.s, a.user)
}

// ended is what a run left behind.
type ended struct {
	stats *event.Stats
	fin   event.Finished
	text  string
	took  time.Duration
}

// fronts stand before the accounts, where there are any.
type fronts [2]*meddle.Front

// lab is what runs are done with.
type lab struct {
	accounts [2]account
	// pause is for servers that are not in memory: there the time is real.
	pause func(int) time.Duration
	// away reports whether a host cannot be reached; nil: they always can.
	away func(side event.Side) bool
}

// run carries out a command line.
func (l lab) run(t *testing.T, fronts fronts, options ...string) ended {
	t.Helper()
	var args []string
	for i, a := range l.accounts {
		n := fmt.Sprint(i + 1)
		args = append(args, "--host"+n, a.s.Host, "--port"+n, "143", "--user"+n, a.user, "--password"+n, a.password, "--nossl"+n, "--notls"+n)
	}
	p, end := cli.ParseArgs(append(append(args, "--nolog", "--pidfile", ""), options...)...)
	if p == nil {
		t.Fatalf("exit %d\n%s%s", end.Code, end.Stdout, end.Stderr)
	}
	var text bytes.Buffer
	tally := event.NewTally(p.Output.StartedAt, time.Now)
	printer := report.NewText(&text, tally, report.Options{Program: "imaphaul", Version: "test", ErrorsDump: true})
	begun := time.Now()
	fin := engine.Run(t.Context(), p, engine.Options{
		Sink:  event.Serial(tally.Add, printer.Event),
		Pause: l.pause,
		Dial: func(side event.Side) func(context.Context, string, string) (net.Conn, error) {
			return func(ctx context.Context, _, _ string) (net.Conn, error) {
				if l.away != nil && l.away(side) {
					return nil, errors.New("no route to host")
				}
				server, err := l.accounts[side-1].dial(ctx)
				front := fronts[side-1]
				if err != nil || front == nil {
					return server, err
				}
				return front.Before(server), nil
			}
		},
	})
	if err := printer.Close(); err != nil {
		t.Fatal(err)
	}
	return ended{tally.Stats(), fin, text.String(), time.Since(begun)}
}

// inMemory is a directory for journals, on a file system without a disk where this
// system has one: the wall's clock is the only one that a flush to a disk takes.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "imaphaul-matrix-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// mailbox is so many folders with so many messages each.
func mailbox(folders, messages int) corpus.Mailbox {
	var box corpus.Mailbox
	for f := range folders {
		path := []string{"INBOX"}
		if f > 0 {
			path = []string{fmt.Sprintf("f%02d", f)}
		}
		box.Folders = append(box.Folders, corpus.Folder{Path: path, Messages: letters(path[0], 1, messages)})
	}
	return box
}

// letters are messages that no other call makes.
func letters(folder string, from, n int) []corpus.Message {
	var out []corpus.Message
	for i := from; i < from+n; i++ {
		body := fmt.Sprintf("Message-ID: <%s-%d@example.org>\r\nFrom: a@example.org\r\nTo: b@example.org\r\nSubject: number %d\r\nDate: Fri, 02 Mar 2012 03:04:05 +0000\r\n\r\n%s\r\n",
			folder, i, i, strings.Repeat("text ", 40*i%97))
		m := corpus.Message{Body: []byte(body), Date: time.Date(2012, 3, 2, 3, 4, i, 0, time.UTC)}
		if i%2 == 0 {
			m.Flags = []imap.Flag{imap.FlagSeen}
		}
		out = append(out, m)
	}
	return out
}

// folderOf is one folder of a state.
func folderOf(s mailtest.State, name string) mailtest.State {
	out := mailtest.State{Server: s.Server, Folders: map[string]*mailtest.Folder{}, Subscribed: map[string]bool{}}
	if f := s.Folders[name]; f != nil {
		out.Folders[name] = f
	}
	if s.Subscribed[name] {
		out.Subscribed[name] = true
	}
	return out
}

// differing compares two states, folder by folder, with subscriptions or without.
func differing(want, got mailtest.State, subscriptions bool) map[string][]string {
	out := make(map[string][]string)
	rules := mailtest.Known(want.Server, got.Server)
	rules.NoSubscriptions = rules.NoSubscriptions || !subscriptions
	for _, s := range []mailtest.State{want, got} {
		for name := range s.Folders {
			if lines := mailtest.Diff(folderOf(want, name), folderOf(got, name), rules); len(lines) > 0 {
				out[name] = lines
			}
		}
	}
	return out
}
