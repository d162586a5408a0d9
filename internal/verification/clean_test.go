package verification

import (
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// A run that says all is well leaves nothing that counts, whatever odd mail it
// carried and whatever the servers make of it.
func TestCleanAfterARun(t *testing.T) {
	box, err := corpus.Sample()
	if err != nil {
		t.Fatal(err)
	}
	box.Folders = append(box.Folders, odd())
	from := mailtest.StartEmbedded(t, embedded.Options{})
	a := fill(t, from, box)
	for _, kind := range append(mailtest.Kinds(t), mailtest.Embedded) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var to *mailtest.Server
			if kind == mailtest.Embedded {
				to = mailtest.StartEmbedded(t, embedded.Options{})
			} else {
				to = mailtest.Real(t, kind)
			}
			user, pass := to.User(t)
			b := account{to, user, pass, to.Port}
			args := slices.Concat(a.args("1"), b.args("2"), []string{"--cachedir", t.TempDir(), "--automap", "--nomxcheck"})
			run(t, args)
			for _, depth := range []string{"full", "sizes"} {
				p, out := cli.ParseArgs(append([]string{"verify", "--verify", depth}, args...)...)
				if out != nil {
					t.Fatal(out.Stderr)
				}
				var rows []Row
				sum, err := Run(t.Context(), p, Options{Accounts: accountsOf(t, p), Row: func(r Row) {
					if r.Mark != Equal {
						rows = append(rows, r)
					}
				}})
				if err != nil || !sum.OK() || sum.Equal == 0 {
					t.Errorf("%s: %v, %q: %+v", depth, err, counting(rows), rows)
				}
				t.Logf("%s: %s; own client: %q", depth, strings.Join(sum.Lines()[:3], "; "), sum.Own)
			}
		})
	}
}

// odd is mail of the kinds that servers store in their own way.
func odd() corpus.Folder {
	f := corpus.Folder{Path: []string{"Odd"}}
	for i, text := range []string{
		"Message-Id: <lf@example.org>\nSubject: line ends\n\nLF\nalone\n",
		"Message-Id: <last@example.org>\r\nSubject: no last line end\r\n\r\nend",
		"Message-Id: <8bit@example.org>\r\nSubject: Gr\xc3\xbc\xc3\x9fe \xff\r\nX-Raw: \xe4\r\n\r\nb\xc3\xb6dy\r\n",
		"Subject: no id at all\r\n\r\nanonymous\r\n",
		"Subject: no id at all\r\n\r\nanonymous, another one\r\n",
		"Message-Id: <folded@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\tan  alle\r\n\r\nfolded\r\n",
		"Message-Id: <headeronly@example.org>\r\nSubject: header only\r\n\r\n",
		"Message-Id: <long@example.org>\r\n\r\n" + strings.Repeat("x", 5000) + "\r\n",
		"Message-Id: <one@example.org>\r\n\r\nthe same id\r\n",
		"Message-Id: <one@example.org>\r\n\r\nthe same id, another body\r\n",
	} {
		m := corpus.Message{Body: []byte(text), Date: date.AddDate(0, 0, i)}
		if i%2 == 0 {
			m.Flags = []imap.Flag{imap.FlagSeen, "$Label1"}
		}
		f.Messages = append(f.Messages, m)
	}
	return f
}

// run moves mail, and fails the test if the run does not say that all is well.
func run(t *testing.T, args []string) {
	t.Helper()
	p, out := cli.ParseArgs(args...)
	if out != nil {
		t.Fatal(out.Stderr)
	}
	if p.Mode != plan.ModeSync {
		t.Fatalf("mode %s", p.Mode)
	}
	tally := event.NewTally(p.Output.StartedAt, nil)
	fin := engine.Run(t.Context(), p, engine.Options{Sink: tally.Add})
	if code := tally.Stats().ExitCode(); code != 0 {
		t.Fatalf("exit code %d, %v", code, fin.Fatal)
	}
}
