package property

import (
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// The columns of the table, beside the habits.
var (
	habitMail = map[string][]mailLine{
		"identical": {{"one", "same", true}, {"one", "same", true}},
		"one-id":    {{"one", "same", true}, {"two", "same", true}, {"three", "same", true}},
		"no-id":     {{"one", "", false}, {"two", "", false}},
		"ordinary":  {{"one", "one", true}, {"two", "two", true}, {"three", "three", true}},
	}
	habitJournal = []string{"journal", "none", "deleted", "killed"}
	habitOptions = map[string][]string{
		"default": nil, "delete2": {"--delete2"}, "delete2duplicates": {"--delete2duplicates"}, "syncduplicates": {"--syncduplicates"},
	}
)

// mailLine is a message of the table: its content, its id, and whether it has a
// Received line.
type mailLine struct {
	content, id string
	received    bool
}

func (l mailLine) bytes() []byte {
	var b strings.Builder
	if l.received {
		b.WriteString("Received: from mx.example.net by mail.example.net; Mon, 4 Jan 2021 10:00:00 +0000\r\n")
	}
	fmt.Fprintf(&b, "From: ann@example.org\r\nTo: ben@example.org, and cal@example.org\r\nSubject: gr\xfc\xdfe\r\nDate: Mon, 4 Jan 2021 09:00:00 +0000\r\n")
	if l.id != "" {
		fmt.Fprintf(&b, "Message-Id: <%s@example.org>\r\n", l.id)
	}
	fmt.Fprintf(&b, "X-Mailer: quill\r\n\r\nContent %s.\r\n%s", l.content, strings.Repeat("more of "+l.content+"\r\n", 5*len(l.content)))
	return []byte(b.String())
}

// habitRow is a row of the table.
type habitRow struct {
	mail, journal, option string
	habit                 habit
}

func (r habitRow) columns() []string { return []string{r.mail, r.journal, r.habit.name, r.option} }

// TestHabits has mail go to a host2 that changes what it stores, five times: after the
// first run each message is there once, and then nothing happens any more.
func TestHabits(t *testing.T) {
	t.Parallel()
	known := readKnown(t)
	dir := inMemory(t)
	var mu sync.Mutex
	failed := make(map[string][]string)
	t.Cleanup(func() {
		for _, why := range slices.Sorted(maps.Keys(failed)) {
			rows := slices.Sorted(slices.Values(failed[why]))
			t.Errorf("%s: %d rows:\n\t%s", why, len(rows), strings.Join(rows, "\n\t"))
		}
		known.tell(t)
	})
	for n, h := range append(habits(), dropsAndAdds, habit{"none", func(m []byte, _ int) []byte { return m }}) {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			one, two := mailtest.StartEmbedded(t, embedded.Options{}), startHabit(t, h)
			for _, row := range rowsOf(h, n) {
				why := row.play(t, one, two.account(t), dir)
				name := strings.Join(row.columns(), " ")
				mu.Lock()
				switch listed := known.habit(row.columns()); {
				case why != "" && !listed:
					failed[why] = append(failed[why], name)
				case why == "" && listed:
					known.gone = append(known.gone, name)
				}
				mu.Unlock()
			}
		})
	}
}

// rowsOf are the rows of the n-th habit: all of them where IMAPHAUL_CHAOS is full, else
// a quarter that has every two of mail, journal and option together. Four habits have
// all rows between them.
func rowsOf(h habit, n int) (out []habitRow) {
	for i, kind := range slices.Sorted(maps.Keys(habitMail)) {
		for j, journal := range habitJournal {
			for k, option := range slices.Sorted(maps.Keys(habitOptions)) {
				if mailtest.FullChaos() || (i+j+k+n)%4 == 0 {
					out = append(out, habitRow{kind, journal, option, h})
				}
			}
		}
	}
	return out
}

// Every two columns of the table are played together, and every row by some habit.
func TestHabitRowsAreASampleOfAll(t *testing.T) {
	t.Setenv("IMAPHAUL_CHAOS", "")
	rows := make(map[[3]string]bool)
	for n := range 4 {
		pairs := make(map[[3]string]bool)
		for _, r := range rowsOf(habit{}, n) {
			rows[[3]string{r.mail, r.journal, r.option}] = true
			pairs[[3]string{r.mail, r.journal, "*"}] = true
			pairs[[3]string{r.mail, "*", r.option}] = true
			pairs[[3]string{"*", r.journal, r.option}] = true
		}
		if len(pairs) != 3*4*4 {
			t.Errorf("habit %d is played with %d pairs of columns, not all 48", n, len(pairs))
		}
	}
	if len(rows) != 4*4*4 {
		t.Errorf("%d rows are played, not all 64", len(rows))
	}
}

// play plays a row, and says what is wrong, "" when nothing is.
func (r habitRow) play(t *testing.T, one *mailtest.Server, b *account, dir string) string {
	t.Helper()
	a := &account{server: one, host: "old.example.org"}
	a.user, a.password = one.User(t)
	defer a.close()
	defer b.close()
	journal, err := os.MkdirTemp(dir, "habit")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(journal) }() // the parent goes in the end
	want := make(map[string]int)
	for n, l := range habitMail[r.mail] {
		if err := a.append("INBOX", l.bytes(), &imap.AppendOptions{Time: time.Date(2021, 1, 4, 10, 0, n, 0, time.UTC)}); err != nil {
			t.Fatal(err)
		}
		if want[l.content] == 0 || r.option == "syncduplicates" {
			want[l.content]++
		}
	}
	options := slices.Clone(habitOptions[r.option])
	if r.journal == "none" {
		options = append(options, "--nousecache")
	}
	if r.journal == "killed" {
		// In some rows at the last message, in others before, so that equals are still to come.
		at := fnv.New32a()
		_, _ = at.Write([]byte(strings.Join(r.columns(), " ")))
		cut := &lineCut{how: crashed, side: 2, word: " APPEND ", left: 1 + int(at.Sum32())%len(habitMail[r.mail])}
		if _, err := run(a, b, journal, cut, options...); err != nil {
			t.Fatal(err)
		}
	}
	settled, err := b.read()
	if err != nil {
		t.Fatal(err)
	}
	lacking := int64(0)
	for _, n := range want {
		lacking += int64(n)
	}
	lacking -= int64(len(settled["INBOX"].messages))
	for n := range 5 {
		if r.journal == "deleted" {
			clearDir(t, journal)
		}
		out, err := run(a, b, journal, nil, options...)
		if err != nil {
			t.Fatal(err)
		}
		now, err := b.read()
		if err != nil {
			t.Fatal(err)
		}
		if out.code != 0 {
			return fmt.Sprintf("run %d ends with %d", n+1, out.code)
		}
		if why := counted(want, now); why != "" {
			return fmt.Sprintf("run %d: %s", n+1, why)
		}
		if n == 0 {
			if out.stats.Transferred != lacking || out.stats.Deleted[2] != 0 {
				return "run 1 sends what is there"
			}
			settled = now
			continue
		}
		if s := out.stats; s.Transferred+s.Deleted[1]+s.Deleted[2]+s.FlagsChanged != 0 {
			return fmt.Sprintf("run %d is not still", n+1)
		}
		if differenceOf(settled, now) != "" {
			return fmt.Sprintf("run %d changes host2", n+1)
		}
	}
	return ""
}

// counted tells what host2 has too often or not often enough.
func counted(want map[string]int, s state) string {
	got := make(map[string]int)
	for _, f := range s {
		for _, m := range f.messages {
			_, rest, _ := strings.Cut(m.body, "\r\n\r\nContent ")
			content, _, _ := strings.Cut(rest, ".")
			got[content]++
		}
	}
	more, less := 0, 0
	for c, n := range want {
		more += max(0, got[c]-n)
		less += max(0, n-got[c])
	}
	switch {
	case less > 0:
		return "host2 lacks messages"
	case more > 0:
		return "host2 has messages twice"
	}
	return ""
}

func clearDir(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
}
