package verification

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/planned"
)

// What a depth cannot see it does not tell; what it can see it does.
func TestDepths(t *testing.T) {
	from, to := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	a := fill(t, from, mailbox())
	flipped := func(c *client) {
		c.swap("Work", 1, bytes.Replace(body("four", "fourth, of some length"), []byte("some"), []byte("sole"), 1), "\\Seen")
	}
	header := func(c *client) {
		c.swap("Work", 4, bytes.Replace(body("five", "fifth"), []byte("a@example"), []byte("b@example"), 1))
	}
	cut := func(c *client) { c.swap("Work", 1, body("four", "fourth"), "\\Seen") }
	for _, tc := range []struct {
		depth string
		plant func(c *client)
		want  []string
	}{
		{"sizes", func(*client) {}, nil},
		{"headers", func(*client) {}, nil},
		{"sample=100%", func(*client) {}, nil},
		{"sizes", flipped, nil},
		{"headers", flipped, nil},
		{"sample=100%", flipped, []string{"*body"}},
		{"sizes", cut, []string{"*body"}},
		{"headers", cut, []string{"*body"}},
		{"sizes", header, []string{"*header"}},
		{"headers", header, []string{"*header"}},
		{"sizes", func(c *client) { c.remove("Work", 2) }, []string{"-"}},
	} {
		t.Run(tc.depth, func(t *testing.T) {
			b := fill(t, to, mailbox())
			tc.plant(b.connect(t))
			rows, _ := verify(t, a, b, false, "--verify", tc.depth)
			if got := counting(rows); !slices.Equal(got, tc.want) {
				t.Errorf("%q, want %q: %+v", got, tc.want, rows)
			}
		})
	}
}

// What the plan leaves out, merges or changes is no difference.
func TestPlanExplains(t *testing.T) {
	from, to := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	m := func(id, text string) corpus.Message { return corpus.Message{Body: body(id, text), Date: date} }
	box := corpus.Mailbox{Folders: []corpus.Folder{
		{Path: []string{"INBOX"}, Messages: []corpus.Message{m("one", "first"), m("one", "first"), m("big", strings.Repeat("long\r\n", 500))}},
		{Path: []string{"Old"}, Messages: []corpus.Message{m("two", "second")}},
	}}
	a := fill(t, from, box)
	for _, tc := range []struct {
		name string
		box  []corpus.Folder
		args []string
		want []string
	}{
		{"duplicate", []corpus.Folder{{Path: []string{"INBOX"}, Messages: []corpus.Message{box.Folders[0].Messages[0], box.Folders[0].Messages[2]}}, box.Folders[1]}, nil, nil},
		{"duplicate wanted", []corpus.Folder{{Path: []string{"INBOX"}, Messages: []corpus.Message{box.Folders[0].Messages[0], box.Folders[0].Messages[2]}}, box.Folders[1]}, []string{"--syncduplicates"}, []string{"-"}},
		{"maxsize", []corpus.Folder{{Path: []string{"INBOX"}, Messages: box.Folders[0].Messages[:1]}, box.Folders[1]}, []string{"--maxsize", "2000"}, nil},
		{"a folder left out", []corpus.Folder{{Path: []string{"INBOX"}, Messages: box.Folders[0].Messages}}, []string{"--exclude", "^Old"}, nil},
		{"merged", []corpus.Folder{{Path: []string{"INBOX"}, Messages: append(slices.Clone(box.Folders[0].Messages), m("two", "second"))}}, []string{"--f1f2", "Old=INBOX"}, nil},
		{"changed on the way", []corpus.Folder{{Path: []string{"INBOX"}, Messages: []corpus.Message{m("one", "first"), m("big", strings.Repeat("long\r\n", 500))}}, {Path: []string{"Old"}, Messages: []corpus.Message{m("two", "zweite")}}}, []string{"--regexmess", "s/second/zweite/"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows, _ := verify(t, a, fill(t, to, corpus.Mailbox{Folders: tc.box}), false, tc.args...)
			if got := counting(rows); !slices.Equal(got, tc.want) {
				t.Errorf("%q, want %q: %+v", got, tc.want, rows)
			}
		})
	}
}

// withJournal verifies with a journal that write has filled.
func withJournal(t *testing.T, a, b account, greeting string, write func(*journal.Journal), args ...string) ([]Row, *Summary) {
	t.Helper()
	dir := t.TempDir()
	all := slices.Concat([]string{"verify"}, a.args("1"), b.args("2"), args, []string{"--cachedir", dir})
	p, out := cli.ParseArgs(all...)
	if out != nil {
		t.Fatal(out.Stderr)
	}
	j, err := journal.Open(t.Context(), dir, planned.Journal(p), journal.Options{Now: func() time.Time { return time.Now().Add(-24 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	note, err := json.Marshal(map[string]any{"host": b.s.Host, "greeting": greeting, "habits": habits.Seen{Added: map[string]int{"x-gate": 3}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.SetNote(2, note); err != nil {
		t.Fatal(err)
	}
	write(j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return verify(t, a, b, false, append(args, "--cachedir", dir)...)
}

// A header line that host2 is known to add is explained; with --strict it counts;
// another line counts in any case.
func TestHabitsExplain(t *testing.T) {
	from, to := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	a := fill(t, from, mailbox())
	gated := func(line string) account {
		b := fill(t, to, mailbox())
		b.connect(t).swap("Work", 1, append([]byte(line+"\r\n"), body("four", "fourth, of some length")...), "\\Seen")
		return b
	}
	b := gated("X-Gate: passed")
	c := b.connect(t)
	greeting := c.c.Greeting()
	kind := regexp.MustCompile(`[0-9]`).ReplaceAllString(greeting.Line(), "")
	none := func(*journal.Journal) {}
	rows, sum := withJournal(t, a, b, kind, none)
	if len(counting(rows)) != 0 || sum.Rows["~"] != 1 || len(sum.Habits) != 1 {
		t.Errorf("%+v, habits %q", rows, sum.Habits)
	}
	if rows, _ = withJournal(t, a, b, kind, none, "--strict"); !slices.Equal(counting(rows), []string{"~header"}) {
		t.Errorf("strict: %+v", rows)
	}
	if rows, _ = withJournal(t, a, b, "* OK another server", none); !slices.Equal(counting(rows), []string{"*header"}) {
		t.Errorf("another server: %+v", rows)
	}
	if rows, _ = withJournal(t, a, gated("X-Other: 1"), kind, none); !slices.Equal(counting(rows), []string{"*header"}) {
		t.Errorf("another line: %+v", rows)
	}
}

// New mail is explained, as the guard of --delete2 knows it; what came later with an
// old date is not mail that was delivered.
func TestNewMailIsExplained(t *testing.T) {
	from, to := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	a, b := fill(t, from, mailbox()), fill(t, to, mailbox())
	c := b.connect(t)
	c.addAt("INBOX", body("new", "delivered"), time.Now())
	rows, _ := verify(t, a, b, false)
	if len(rows) != 1 || rows[0].Mark != Extra || rows[0].Counts {
		t.Errorf("without a journal: %+v", rows)
	}
	c.add("INBOX", body("old", "moved"))
	opened, err := c.c.Select(t.Context(), "INBOX", nil)
	if err != nil {
		t.Fatal(err)
	}
	rows, _ = withJournal(t, a, b, "", func(j *journal.Journal) {
		f := j.Folder("INBOX", "INBOX")
		if _, err := f.Attach(1, opened.UIDValidity); err != nil {
			t.Fatal(err)
		}
		if err := f.SetFirst(journal.First{UIDNext2: 1, At: time.Now().Add(-time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if err := f.SetState(journal.FolderState{CompleteAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
	})
	if len(rows) != 2 || !slices.Equal(counting(rows), []string{"+"}) {
		t.Errorf("with a journal: %+v", rows)
	}
}

// Servers that lie, break off or talk without end give an error or a row, never
// agreement, and cost a bounded amount.
func TestUnsoundServers(t *testing.T) {
	from, to := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	a, b := fill(t, from, mailbox()), fill(t, to, mailbox())
	for _, tc := range []struct {
		name string
		rule meddle.Rule
		fine bool // our own client gets everything in the end
	}{
		{"a reply that the other client does not know", meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^\* \d+ EXISTS`), Text: "* 3 NONSENSE (a \"\r\n* 3 EXISTS"}, false},
		{"FETCH refused", meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^UID FETCH`), Text: "NO not these"}, false},
		{"one FETCH refused", meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^UID FETCH`), Text: "NO not these", Times: 1}, true},
		{"a message left out", meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^\* \d+ FETCH .*UID 2\b.*`), Text: "* OK nothing here"}, false},
		{"a literal cut", meddle.Rule{Action: meddle.CutLiteral, Match: regexp.MustCompile(`^\* 2 FETCH`), Times: 1}, true},
		{"every literal cut", meddle.Rule{Action: meddle.CutLiteral, Match: regexp.MustCompile(`^\* 2 FETCH`)}, false},
		{"bodies short once", meddle.Rule{Action: meddle.Shorten, Match: regexp.MustCompile(`^\* [12] FETCH .*BODY\[\]`), Text: "30", Times: 1}, true},
		{"bodies short always", meddle.Rule{Action: meddle.Shorten, Match: regexp.MustCompile(`^\* [12] FETCH .*BODY\[\]`), Text: "30"}, false},
		{"EXAMINE refused", meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^EXAMINE`), Text: "NO closed"}, false},
		{"LIST refused", meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^LIST`), Text: "NO not now"}, false},
		{"an endless line", meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^\* \d+ EXISTS`), Text: "* OK " + strings.Repeat("x", 3<<20), Times: 1}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			front, err := meddle.Start(fmt.Sprintf("%s:%d", to.Host, to.Port), tc.rule)
			if err != nil {
				t.Fatal(err)
			}
			defer front.Close()
			rows, sum, err := tryVerify(t, a, account{to, b.user, b.pass, front.Port()}, false)
			agreed := err == nil && sum.OK()
			if tc.name == "EXAMINE refused" && (err != nil || len(rows) == 0 || rows[0].Mark != Unread || rows[0].UID2 != 0) {
				t.Errorf("a closed folder is no row: %v %+v", err, rows)
			}
			if tc.rule.Action == meddle.Shorten && slices.ContainsFunc(rows, func(r Row) bool { return strings.Contains(r.Remedy, "delete") }) {
				t.Errorf("what host2 may have whole is to be deleted: %+v", rows)
			}
			if tc.fine && !agreed {
				t.Errorf("%v: %+v", err, rows)
			}
			if !tc.fine && agreed && sum.Equal != 8 {
				t.Errorf("agreement on %d messages", sum.Equal)
			}
			if !tc.fine && agreed && tc.rule.Action != meddle.Replace {
				t.Errorf("agreement: %+v", rows)
			}
		})
	}
}
