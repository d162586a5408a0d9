package doctor

import (
	"bytes"
	"context"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/secret"
)

func TestMain(m *testing.M) { os.Exit(mailtest.Main(m)) }

func mailbox() corpus.Mailbox {
	m := func(text string) corpus.Message {
		return corpus.Message{Body: []byte("Message-Id: <" + text + "@example.org>\r\nSubject: private " + text + "\r\n\r\n" + text + "\r\n"), Date: time.Date(2015, 6, 7, 8, 9, 10, 0, time.UTC)}
	}
	return corpus.Mailbox{Folders: []corpus.Folder{
		{Path: []string{"INBOX"}, Messages: []corpus.Message{m("one"), m("two")}},
		{Path: []string{"Sent"}, Messages: []corpus.Message{m("three")}},
		{Path: []string{"Klient Zwirnermann"}, Messages: []corpus.Message{m("four")}},
		{Path: []string{"Klient Zwirnermann", "Büro"}},
	}}
}

// quiet is a network beside IMAP on which nobody is asked.
var quiet = Net{Off: true}

func opener(dial func(context.Context, string, string) (net.Conn, error)) func(*plan.Account, int) (*access.Account, error) {
	return func(a *plan.Account, side int) (*access.Account, error) {
		return access.New(a, access.Options{Side: side, Dial: dial, Version: "test"})
	}
}

func on(s *mailtest.Server, user, pass string) plan.Account {
	return plan.Account{Host: s.Host, Port: s.Port, User: user, Password: secret.New(pass), SendID: true, Timeout: 20 * time.Second}
}

func stops(r *Result) (all []string) {
	for _, p := range r.Problems {
		if p.Severity == Stop {
			all = append(all, p.What)
		}
	}
	return all
}

// On every server of the tests: both sides are entered and described, the write test
// finds what the server keeps, and afterwards both accounts are as they were.
func TestDoctorOnServers(t *testing.T) {
	try := func(t *testing.T, s *mailtest.Server) {
		var p plan.Plan
		users := make([]string, 2)
		for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
			user, pass := s.User(t)
			users[i] = user
			mailtest.Fill(t, s, user, mailbox())
			*a = on(s, user, pass)
		}
		p.Transfer.Connections = 1
		p.Doctor = plan.Doctor{WriteTest: true, Run: []string{"--x"}}
		before := []mailtest.State{mailtest.Snapshot(t, s, users[0]), mailtest.Snapshot(t, s, users[1])}
		r := Run(t.Context(), &p, Options{Open: opener(nil), Net: quiet, Version: "test"})
		if !r.Ready || r.ExitCode() != 0 || r.Unchecked != "" {
			t.Fatalf("not ready: %v, exit %d, %q", stops(r), r.ExitCode(), r.Unchecked)
		}
		for i, side := range r.Sides {
			if !side.LoggedIn || side.Size == nil || side.Size.Messages != 4 || side.Size.Bytes <= 0 || side.Size.Incomplete != "" {
				t.Errorf("host%d: logged in %v, size %+v", side.Side, side.LoggedIn, side.Size)
			}
			if side.RoundTrip <= 0 || side.Profile == nil || len(side.Capabilities) == 0 || side.Mechanism == "" {
				t.Errorf("host%d: something is missing: %+v", side.Side, side)
			}
			if !slices.ContainsFunc(side.Tree.Roles, func(r Role) bool { return r.Role == `\Sent` }) {
				t.Errorf("host%d: roles %v", side.Side, side.Tree.Roles)
			}
			if diff := mailtest.Diff(before[i], mailtest.Snapshot(t, s, users[i]), mailtest.Rules{}); len(diff) > 0 {
				t.Errorf("host%d is not as it was:\n%s", side.Side, strings.Join(diff, "\n"))
			}
		}
		if r.Sides[0].WriteTest != nil {
			t.Error("host1 was written to")
		}
		test := r.Sides[1].WriteTest
		if test == nil || test.Failed != "" || !test.Removed || len(test.Kept) < 4 {
			t.Fatalf("write test: %+v", test)
		}
		for _, k := range test.Kept {
			// Courier ends the last line.
			if !k.Kept && (s.Kind != mailtest.Courier || k.What != "every byte") {
				t.Errorf("not kept: %+v", k)
			}
		}
		if ahead := r.Sides[1].ClockAhead; ahead == nil || ahead.Abs() > 5*time.Second {
			t.Errorf("clock %v", ahead)
		}
		if got := r.Next; len(got) != 1 || got[0] != "imaphaul --x --dry" {
			t.Errorf("next %q", got)
		}
		var text, transcript bytes.Buffer
		if err := r.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(text.String(), "\n"); lines > 110 {
			t.Errorf("%d lines are no screen for each side", lines)
		}
		if err := r.WriteTranscript(&transcript); err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{users[0], users[1], mailtest.Password(users[0]), "Zwirnermann", "ro", "private"} {
			for _, line := range strings.Split(transcript.String(), "\n")[2:] {
				if strings.HasPrefix(line, "S: * LIST") && strings.Contains(line, private) && len(private) > 2 {
					t.Errorf("the transcript tells %q: %s", private, line)
				}
			}
		}
		if !strings.Contains(transcript.String(), "Sent") || !strings.Contains(transcript.String(), "C: LIST") {
			t.Errorf("the transcript lacks the folders:\n%s", &transcript)
		}
	}
	t.Run("embedded", func(t *testing.T) { t.Parallel(); try(t, mailtest.StartEmbedded(t, embedded.Options{})) })
	t.Run("lacking", func(t *testing.T) {
		t.Parallel()
		try(t, mailtest.StartEmbedded(t, embedded.Options{Hide: []imapCap{"STATUS=SIZE", "UNSELECT", "NAMESPACE", "LITERAL+", "SPECIAL-USE", "LIST-EXTENDED", "UIDPLUS"}}))
	})
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) { t.Parallel(); try(t, mailtest.Real(t, kind)) })
	}
}

func TestProbe(t *testing.T) {
	s := mailtest.StartEmbedded(t, embedded.Options{})
	user, pass := s.User(t)
	p := plan.Plan{Host1: on(s, user, pass), Doctor: plan.Doctor{Probe: true}}
	p.Transfer.Connections = 3
	open := 0
	refuse := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if open++; open > 1+len(tlsVersions)+2 {
			return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	p.Host1.Insecure = true
	r := Run(t.Context(), &p, Options{Open: opener(refuse), Net: quiet})
	if got := r.Sides[0].Probe; got == nil || got.LetIn != 2 || got.Refused == "" {
		t.Errorf("probe %+v", got)
	}
	if !slices.ContainsFunc(r.Problems, func(p Problem) bool { return strings.Contains(p.What, "2 connections are let in") }) {
		t.Errorf("problems %+v", r.Problems)
	}
}

// A context that ends while the test writes leaves no folder behind, and what a killed
// process left goes with the next test; a folder of the same name with other mail in it
// stays.
func TestWriteTestIsRemoved(t *testing.T) {
	s := mailtest.StartEmbedded(t, embedded.Options{Hide: []imapCap{"LITERAL+"}})
	for _, at := range []string{"CREATE", "APPEND", "UID FETCH 1:* (UID FLAGS"} {
		t.Run(at, func(t *testing.T) {
			user, pass := s.User(t)
			ours, theirs := stem+"0123456789abcdef", stem+"fedcba9876543210"
			mine := corpus.Message{Body: testMessage(ours), Date: time.Unix(1e9, 0)}
			foreign := corpus.Message{Body: []byte("Message-Id: <a@example.org>\r\n\r\nkeep me\r\n"), Date: time.Unix(1e9, 0)}
			mailtest.Fill(t, s, user, corpus.Mailbox{Folders: []corpus.Folder{
				{Path: []string{ours}, Messages: []corpus.Message{mine}}, {Path: []string{theirs}, Messages: []corpus.Message{foreign}},
			}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, addr)
				return &watched{Conn: c, word: at, saw: cancel}, err
			}
			p := plan.Plan{Host2: on(s, user, pass), Doctor: plan.Doctor{WriteTest: true}}
			off := false
			p.Host2.StartTLS = &off
			r := Run(ctx, &p, Options{Open: opener(dial), Net: quiet})
			if ctx.Err() == nil || r.ExitCode() != event.ExitBySignal {
				t.Fatalf("it was not interrupted: exit %d", r.ExitCode())
			}
			if test := r.Sides[0].WriteTest; test == nil || !test.Removed {
				t.Errorf("write test %+v", test)
			}
			left := slices.Sorted(maps.Keys(mailtest.Snapshot(t, s, user).Folders))
			if want := []string{"INBOX", theirs}; !slices.Equal(left, want) {
				t.Errorf("folders %q, want %q", left, want)
			}
		})
	}
}

// watched calls saw when a word is written.
type watched struct {
	net.Conn
	word string
	saw  func()
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	if bytes.Contains(b, []byte(w.word)) {
		w.saw()
	}
	return n, err
}
