package property

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// learner is a pair of accounts of which host2 has a habit, and a journal.
type learner struct {
	t       *testing.T
	a, b    *account
	direct  *imapmemserver.User
	journal string
	habit   habit
}

func newLearner(t *testing.T, one *mailtest.Server, two *habitServer, dir string) *learner {
	t.Helper()
	l := &learner{t: t, a: &account{server: one, host: "old.example.org"}, habit: two.habit}
	l.a.user, l.a.password = one.User(t)
	l.b, l.direct = two.user(t)
	t.Cleanup(func() { l.a.close(); l.b.close() })
	var err error
	if l.journal, err = os.MkdirTemp(dir, "learned"); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *learner) dated(n int) *imap.AppendOptions {
	return &imap.AppendOptions{Time: time.Date(2021, 1, 4, 10, 0, n, 0, time.UTC)}
}

// put stores a message of the table on host1.
func (l *learner) put(folder string, m mailLine, n int) {
	l.t.Helper()
	if err := l.a.ensure(folder); err != nil {
		l.t.Fatal(err)
	}
	if err := l.a.append(folder, m.bytes(), l.dated(n)); err != nil {
		l.t.Fatal(err)
	}
}

// stores has a message in a folder of host2 that no run stored.
func (l *learner) stores(folder string, body []byte, n int) {
	l.t.Helper()
	if _, err := l.direct.Append(folder, wholeLiteral{bytes.NewReader(body)}, l.dated(n)); err != nil {
		l.t.Fatal(err)
	}
}

// rebuild gives a folder of host2 another UIDVALIDITY.
func (l *learner) rebuild(folder string) {
	l.t.Helper()
	was := l.read()[folder]
	c, err := l.b.client()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := c.Delete(folder).Wait(); err != nil {
		l.t.Fatal(err)
	}
	if err := c.Create(folder, nil).Wait(); err != nil {
		l.t.Fatal(err)
	}
	for i := range was.messages {
		m := &was.messages[i]
		if _, err := l.direct.Append(folder, wholeLiteral{bytes.NewReader([]byte(m.body))}, &imap.AppendOptions{Time: m.at}); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *learner) read() state {
	l.t.Helper()
	s, err := l.b.read()
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

// run expects so many messages to be copied, and, if good, nothing to be in doubt.
func (l *learner) run(what string, copied int64, good bool, options ...string) outcome {
	l.t.Helper()
	out, err := run(l.a, l.b, l.journal, nil, options...)
	if err != nil {
		l.t.Fatal(err)
	}
	if out.code != 0 || out.stats.Transferred != copied || out.good != good {
		l.t.Errorf("%s: exit code %d, %d copied, looks good: %v; want 0, %d, %v\n%s", what, out.code, out.stats.Transferred, out.good, copied, good, essence(out.text))
	}
	return out
}

// What host2 does to messages is learned from some that were stored there, and known to
// the next run: what it made of them is recognised in a folder that was rebuilt, and
// where a message left and came back.
func TestHabitsAreLearned(t *testing.T) {
	t.Parallel()
	dir := inMemory(t)
	for _, h := range append(habits(), habit{"none", func(m []byte, _ int) []byte { return m }}) {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			l := newLearner(t, mailtest.StartEmbedded(t, embedded.Options{}), startHabit(t, h), dir)
			mails := append(slices.Clone(habitMail["ordinary"]), mailLine{"four", "four", false})
			if h.name != "footer" { // it changes the only thing that tells this one
				mails = append(mails, mailLine{"five", "", false})
			}
			for n, m := range mails {
				l.put("Work", m, n)
			}
			l.run("first", int64(len(mails)), true)
			l.run("second", 0, true)
			l.rebuild("Work")
			l.run("rebuilt", 0, true)

			whole := mailLine{"one", "one", true}
			if _, err := l.a.change("Work", whole.bytes(), remove); err != nil {
				t.Fatal(err)
			}
			l.run("gone", 0, true)
			l.put("Work", whole, 0)
			back := int64(0)
			if h.name == "footer" {
				back = 1 // its body is another one
			}
			l.run("back", back, true)
		})
	}
}

// A message of host2 with the key of one of host1 and another content is no copy of it,
// where host2 is known to keep what it is given (row 7); where nothing is known of it,
// that stays in doubt (row 8), also when it becomes known later.
func TestAnotherContentUnderAKey(t *testing.T) {
	t.Parallel()
	dir := inMemory(t)
	one := mailtest.StartEmbedded(t, embedded.Options{})
	two := startHabit(t, habit{"none", func(m []byte, _ int) []byte { return m }})
	s, d := mailLine{"one", "same", true}, mailLine{"another", "same", true}
	for _, first := range []string{"known", "unknown"} {
		t.Run(first, func(t *testing.T) {
			l := newLearner(t, one, two, dir)
			l.put("INBOX", mailLine{"ordinary", "ordinary", true}, 0)
			if first == "known" {
				l.run("first", 1, true)
			}
			l.put("INBOX", s, 1)
			l.stores("INBOX", d.bytes(), 2)
			if first == "known" {
				l.run("then", 1, true)
				// Delivered to both sides, each with a line of its own.
				both := mailLine{"both", "both", true}
				l.put("INBOX", both, 3)
				l.stores("INBOX", bytes.Replace(both.bytes(), []byte("X-Mailer: quill"), []byte("X-Mailer: reed pen"), 1), 4)
				l.run("delivered twice", 0, false)
				if _, err := l.a.change("INBOX", both.bytes(), remove); err != nil {
					t.Fatal(err)
				}
				l.run("once more", 0, true, "--delete1")
				if got, err := l.a.read(); err != nil || len(got["INBOX"].messages) != 0 {
					t.Errorf("host1 keeps %d messages: %v", len(got["INBOX"].messages), err)
				}
				return
			}
			l.run("then", 1, false)
			l.run("once more", 0, false, "--delete1")
			if got, err := l.a.read(); err != nil || len(got["INBOX"].messages) != 1 {
				t.Errorf("host1 keeps %d messages: %v", len(got["INBOX"].messages), err)
			}
		})
	}
}

// What another account brought to a folder counts for an equal message of this one, by
// whatever key host2 has it now, and after it has left the other account.
func TestHabitsOfTwoAccounts(t *testing.T) {
	t.Parallel()
	dir := inMemory(t)
	for _, h := range append(habits(), habit{"none", func(m []byte, _ int) []byte { return m }}) {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			l := newLearner(t, mailtest.StartEmbedded(t, embedded.Options{}), startHabit(t, h), dir)
			first := *l
			for n, m := range habitMail["ordinary"] {
				l.put("INBOX", m, n)
			}
			l.run("the one", 3, true)
			if _, err := l.a.change("INBOX", habitMail["ordinary"][0].bytes(), remove); err != nil {
				t.Fatal(err)
			}
			l.run("the one again", 0, true)

			l.a = &account{server: l.a.server, host: l.a.host}
			l.a.user, l.a.password = l.a.server.User(t)
			defer l.a.close()
			for n, m := range habitMail["ordinary"] {
				l.put("INBOX", m, n)
			}
			// Another content under a key and a size that the one had, too.
			another := habitMail["ordinary"][1]
			another.content = strings.ToUpper(another.content)
			l.put("INBOX", another, 5)
			for copied := int64(1); copied >= 0; copied-- {
				out, err := run(l.a, l.b, l.journal, nil)
				if err != nil {
					t.Fatal(err)
				}
				if out.code != 0 || out.stats.Transferred != copied {
					t.Errorf("the other: exit code %d, %d copied\n%s", out.code, out.stats.Transferred, essence(out.text))
				}
			}
			first.run("the one in the end", 0, true)
		})
	}
}

// A message that another folder of host2 seems to have, by the key and size of its equal,
// stays on host1 unless that is read and is the same.
func TestCrossDuplicateOfAnotherContentStays(t *testing.T) {
	t.Parallel()
	dir := inMemory(t)
	one := mailtest.StartEmbedded(t, embedded.Options{})
	two := startHabit(t, habit{"none", func(m []byte, _ int) []byte { return m }})
	s, d := mailLine{"one", "same", true}, mailLine{"two", "same", true} // of equal size
	for _, options := range [][]string{{"--delete1"}, {"--delete1", "--noexpunge1"}} {
		l := newLearner(t, one, two, dir)
		l.put("INBOX", s, 0)
		l.put("Old", s, 0)
		l.stores("INBOX", d.bytes(), 1)
		out, err := run(l.a, l.b, l.journal, nil, append(options, "--skipcrossduplicates")...)
		if err != nil {
			t.Fatal(err)
		}
		left, err := l.a.read()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, side := range []state{left, l.read()} {
			for _, f := range side {
				for _, m := range f.messages {
					if m.body == string(s.bytes()) && !m.has(`\Deleted`) {
						n++
					}
				}
			}
		}
		if n == 0 {
			t.Errorf("%v: the message is nowhere\n%s", options, essence(out.text))
		}
	}
}
