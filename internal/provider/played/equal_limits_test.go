package played

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
	"github.com/imaphaul/imaphaul/internal/verification"
)

// put gives an ordinary account a message in several folders, made where they lack, with
// other flags in each.
func (s *side) put(t *testing.T, name string, size int, in map[string]string) {
	t.Helper()
	body := fmt.Sprintf("Message-ID: <%s@example.org>\r\nSubject: %[1]s\r\n\r\n%s", name, strings.Repeat("a line of text of a message\r\n", size/29+1))
	for _, folder := range slices.Sorted(maps.Keys(in)) {
		m := corpus.Message{Body: []byte(body), Date: time.Unix(1.6e9, 0)}
		for _, f := range strings.Fields(in[folder]) {
			m.Flags = append(m.Flags, imapFlag(f))
		}
		s.server.Folder(user, folder, true)
		if err := s.server.Put(user, m, folder); err != nil {
			t.Fatal(err)
		}
	}
}

// One message with several labels has every flag that one of host1's copies has, whichever
// folder comes first, and further runs leave it so; what lies in one folder has its flags
// alone. \Deleted is of one folder.
func TestFlagsInCommon(t *testing.T) {
	cache := inMemory(t)
	synctest.Test(t, func(t *testing.T) {
		m, _ := models.Find("gmail")
		m.Limits.Empty = 0
		from, to := start(t, models.Ordinary(), "en"), start(t, m, "en")
		from.put(t, "star first", 100, map[string]string{"A": `\Flagged`, "INBOX": `\Seen`, "Z": ""})
		from.put(t, "star last", 100, map[string]string{"A": "", "INBOX": `\Seen`, "Z": `\Flagged`})
		from.put(t, "deleted", 100, map[string]string{"A": `\Deleted`, "Z": `\Answered`})
		from.put(t, "alone", 100, map[string]string{"INBOX": `\Seen`})
		check := func(when string) {
			t.Helper()
			want := map[string]string{"star first": `\Flagged \Seen`, "star last": `\Flagged \Seen`, "deleted": `\Answered`, "alone": `\Seen`}
			for folder, list := range to.server.State(user) {
				for _, m := range list {
					_, subject, _ := strings.Cut(string(m.Body), "Subject: ")
					subject, _, _ = strings.Cut(subject, "\r\n")
					if got := strings.Join(m.Flags, " "); got != want[subject] || m.Deleted != (subject == "deleted" && folder == "A") {
						t.Errorf("%s: %s in %s has (%s), deleted %v", when, subject, folder, got, m.Deleted)
					}
				}
			}
		}
		sides := [2]*side{from, to}
		options := []string{"--cachedir", cache, "--provider2", "gmail"}
		run(t.Context(), t, sides, nil, options...)
		check("at first")
		if rows := differences(t, sides, options...); len(rows) > 0 {
			t.Errorf("the verification counts %+v", rows)
		}
		from.put(t, "new", 100, map[string]string{"A": "", "INBOX": "", "Z": ""}) // no folder is unchanged
		for range 2 {
			out := run(t.Context(), t, sides, nil, options...)
			check("later")
			if out.stats.FlagsChanged != 0 || out.stats.ExitCode() != 0 {
				t.Errorf("exit code %d, flags of %d messages were changed to and fro\n%s", out.stats.ExitCode(), out.stats.FlagsChanged, out.text)
			}
		}
	})
}

// differences are the rows of a verification that count.
func differences(t *testing.T, sides [2]*side, options ...string) []verification.Row {
	t.Helper()
	rows, _ := verified(t, sides, options...)
	return rows
}

// verified are the rows of a verification that count, and what it knew of host2.
func verified(t *testing.T, sides [2]*side, options ...string) (rows []verification.Row, habits []string) {
	t.Helper()
	p, end := cli.ParseArgs(append(append([]string{"verify"}, arguments(sides)...), options...)...)
	if p == nil {
		t.Fatal(end.Stderr)
	}
	o := verification.Options{OnlyOwn: true, Row: func(r verification.Row) {
		if r.Counts {
			rows = append(rows, r)
		}
	}}
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		var err error
		if o.Accounts[i], err = access.New(a, access.Options{Side: i + 1, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return sides[i].dial(ctx) }}); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := verification.Run(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return rows, sum.Habits
}

// What is read to find out what Gmail has keeps the limits of a day of both sides, and a
// day on which there is none left gets on all the same.
func TestReadingKeepsDays(t *testing.T) {
	for _, limited := range []string{"host1", "host2"} {
		cache := inMemory(t)
		synctest.Test(t, func(t *testing.T) {
			m, _ := models.Find("gmail")
			m.Limits.Empty, m.Limits.Up = 0, 0
			ordinary := models.Ordinary()
			options := []string{"--cachedir", cache, "--automap"}
			if limited == "host1" {
				ordinary.Limits.Down, ordinary.Limits.DayText = 300_000, "[OVERQUOTA] enough for today"
				options = append(options, "--maxbytesperday1", "280000")
			}
			from, to := start(t, ordinary, "en"), start(t, m, "en")
			in := map[string]string{"INBOX": "", "Work": "", "Zed": ""}
			if limited == "host2" {
				delete(in, "Zed")
			}
			for i := range 20 {
				from.put(t, fmt.Sprint(i), 10_000, in)
			}
			sides := [2]*side{from, to}
			days, least := 0, int64(1)
			for ; days < 5; days++ {
				if days == 1 && limited == "host2" {
					spendReading(t, sides, options)
					for i := range 20 {
						from.put(t, fmt.Sprint(i), 10_000, map[string]string{"Zed": ""})
					}
				}
				read := to.server.Used(user).Down
				out := run(t.Context(), t, sides, nil, options...)
				used := from.server.Used(user)
				if used.Locked || out.stats.Transferred < least {
					t.Errorf("%s, day %d: the limit was crossed: %v, %d messages were copied\n%s", limited, days, used.Locked, out.stats.Transferred, out.text)
				}
				if days == 1 && limited == "host2" {
					if more := to.server.Used(user).Down - read; more > 60_000 { // some are read to learn what it does to them
						t.Errorf("%d bytes were read from host2 on a day without room for them", more)
					}
				}
				if out.stats.ExitCode() == 0 && days > 0 {
					break
				}
				time.Sleep(25 * time.Hour)
			}
			if got := compare(want(from, to, same(from, to), nil), have(to)); !got.mail || !got.flags || days == 5 {
				t.Errorf("%s, after %d days: %s", limited, days, strings.Join(got.first, "\n"))
			}
			if up := to.server.Used(user).Up; limited == "host1" && up > 500_000 {
				t.Errorf("%d bytes were uploaded", up)
			}
		})
	}
}

// spendReading has the journal know that all was read from host2 that may be in a day.
func spendReading(t *testing.T, sides [2]*side, options []string) {
	t.Helper()
	p, _ := cli.ParseArgs(append(arguments(sides), options...)...)
	j, err := journal.Open(t.Context(), options[1], planned.Journal(p), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j.AddBytes(journal.ReadBack, time.Now(), 1250e6)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}
