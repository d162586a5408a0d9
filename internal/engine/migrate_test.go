package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/memory"
	"github.com/imaphaul/imaphaul/internal/report"
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

// runTests keeps what runs remember out of the home directory of whoever tests.
func runTests(m *testing.M) int {
	memory.Use()
	dir, err := os.MkdirTemp("", "imaphaul-engine-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Setenv("XDG_STATE_HOME", dir); err != nil {
		panic(err)
	}
	return mailtest.Main(m)
}

// account is a user on a test server.
type account struct {
	s              *mailtest.Server
	user, password string
	port           int // 0: the server's own
}

func newAccount(t testing.TB, s *mailtest.Server) account {
	t.Helper()
	if s.Kind == mailtest.Embedded {
		// Ports come again: what a run remembered of another test's account must
		// not be found for this one.
		user := fmt.Sprintf("e%d", embeddedUsers.Add(1))
		return account{s: s, user: user, password: s.Called(t, user)}
	}
	user, password := s.User(t)
	return account{s: s, user: user, password: password}
}

// embeddedUsers counts the users of all embedded servers.
var embeddedUsers atomic.Int64

// meddled is the account behind a front that meddles by these rules.
func meddled(t testing.TB, a account, rules ...meddle.Rule) (account, *meddle.Front) {
	t.Helper()
	f, err := meddle.Start(a.addr(), rules...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	a.port = f.Port()
	return a, f
}

// refusing is the account behind a front that refuses matching commands.
func refusing(t testing.TB, a account, command, text string) account {
	t.Helper()
	a, _ = meddled(t, a, meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(command), Text: text})
	return a
}

// args are the options that name two accounts.
func args(a, b account) []string {
	var out []string
	for i, x := range []account{a, b} {
		n := strconv.Itoa(i + 1)
		port := x.port
		if port == 0 {
			port = x.s.Port
		}
		out = append(out, "--host"+n, x.s.Host, "--port"+n, strconv.Itoa(port), "--user"+n, x.user, "--password"+n, x.password, "--nossl"+n, "--notls"+n)
	}
	return append(out, "--nolog", "--pidfile", "")
}

// outcome is what a run left behind.
type outcome struct {
	stats *event.Stats
	text  string
	fin   event.Finished
	// events counts the events by type.
	deleted, refused []event.Event
	removed          []event.FolderRemoved
}

// migrate carries out a command line as the program does.
func migrate(t testing.TB, a, b account, options ...string) outcome {
	t.Helper()
	return migrateWith(t, context.Background(), engine.Options{}, append(args(a, b), options...)...)
}

func migrateWith(t testing.TB, ctx context.Context, o engine.Options, options ...string) outcome {
	t.Helper()
	p, end := cli.ParseArgs(options...)
	if p == nil {
		t.Fatalf("%s: exit %d\n%s%s", strings.Join(options, " "), end.Code, end.Stdout, end.Stderr)
		return outcome{}
	}
	var text bytes.Buffer
	var out outcome
	tally := event.NewTally(p.Output.StartedAt, time.Now)
	printer := report.NewText(&text, tally, report.Options{Program: "imaphaul", Version: "test", Dry: p.Dry, ErrorsMax: p.Limits.ErrorsMax, ErrorsDump: true})
	watch := o.Sink
	o.Sink = event.Serial(tally.Add, printer.Event, func(e event.Event) {
		if watch != nil {
			watch(e)
		}
		switch e := e.(type) {
		case event.Note:
			// The journal may be damaged, or lack a place, but never contradict itself.
			if e.Warn && strings.Contains(e.Text, "the journal can not be written") {
				t.Errorf("%s", e.Text)
			}
		case event.FolderRemoved:
			out.removed = append(out.removed, e)
		case event.MessagesDeleted:
			out.deleted = append(out.deleted, e)
		case event.DeletionRefused:
			out.refused = append(out.refused, e)
		}
	})
	o.Report = func(q engine.ReportRequest) ([]byte, error) {
		m := report.Mail{Side: q.Side, From: p.Output.EmailReportFrom, MessageID: q.MessageID, Date: time.Now()}
		return m.Compose(tally.Ending(q.Finished), report.Options{Program: "imaphaul", Version: "test",
			Host1: report.Account{Host: p.Host1.Host, User: p.Host1.User}, Host2: report.Account{Host: p.Host2.Host, User: p.Host2.User}})
	}
	if o.Pause == nil {
		o.Pause = func(int) time.Duration { return time.Millisecond }
	}
	out.fin = engine.Run(ctx, p, o)
	out.stats = tally.Stats()
	if err := printer.Close(); err != nil {
		t.Fatal(err)
	}
	out.text = text.String()
	return out
}

func (o outcome) code() int { return o.stats.ExitCode() }

// expect fails the test unless the run ended with this exit code.
func (o outcome) expect(t testing.TB, code int) {
	t.Helper()
	if o.code() != code {
		t.Fatalf("exit code %d, want %d (stopped %q, fatal %v)\n%s", o.code(), code, o.fin.Stopped, o.fin.Fatal, o.text)
	}
}

// same fails the test unless both accounts hold the same mail.
func same(t testing.TB, a, b account) {
	t.Helper()
	for _, line := range mailtest.Diff(mailtest.Snapshot(t, a.s, a.user), mailtest.Snapshot(t, b.s, b.user), mailtest.Known(a.s, b.s)) {
		t.Error(line)
	}
}

func TestMigrateSampleOnDovecot(t *testing.T) {
	t.Parallel()
	box, err := corpus.Sample()
	if err != nil {
		t.Fatal(err)
	}
	mailtest.Kinds(t, mailtest.Dovecot)
	a := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	b := newAccount(t, mailtest.Real(t, mailtest.Dovecot, "sep=.", "prefix=INBOX."))
	mailtest.Fill(t, a.s, a.user, box)
	// The sample holds a duplicate on purpose, which a plain run leaves out.
	first := migrate(t, a, b, "--syncduplicates")
	first.expect(t, 0)
	same(t, a, b)
	second := migrate(t, a, b, "--syncduplicates")
	second.expect(t, 0)
	if n := second.stats.Transferred; n != 0 {
		t.Errorf("the second run copied %d messages\n%s", n, second.text)
	}
}
