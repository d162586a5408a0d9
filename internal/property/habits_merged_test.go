package property

import (
	"os"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// What two folders of host1 hold that go to one folder of host2 is there once, whatever
// host2 makes of what messages are known by.
func TestHabitsOfMergedFolders(t *testing.T) {
	t.Parallel()
	dir := inMemory(t)
	for _, h := range append(habits(), habit{"none", func(m []byte, _ int) []byte { return m }}) {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			one, two := mailtest.StartEmbedded(t, embedded.Options{}), startHabit(t, h)
			for _, kind := range []string{"one-id", "no-id"} {
				for _, options := range [][]string{nil, {"--nousecache"}} {
					playMerged(t, one, two.account(t), dir, kind, append([]string{"--f1f2", "Old=INBOX"}, options...))
				}
			}
		})
	}
}

func playMerged(t *testing.T, one *mailtest.Server, b *account, dir, kind string, options []string) {
	t.Helper()
	a := &account{server: one, host: "old.example.org"}
	a.user, a.password = one.User(t)
	defer a.close()
	defer b.close()
	journal, err := os.MkdirTemp(dir, "merged")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]int)
	for n, l := range habitMail[kind] {
		want[l.content] = 1
		for _, folder := range []string{"INBOX", "Old"} {
			if err := a.ensure(folder); err != nil {
				t.Fatal(err)
			}
			if err := a.append(folder, l.bytes(), &imap.AppendOptions{Time: time.Date(2021, 1, 4, 10, 0, n, 0, time.UTC)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var settled state
	for n := range 2 {
		out, err := run(a, b, journal, nil, options...)
		if err != nil {
			t.Fatal(err)
		}
		now, err := b.read()
		if err != nil {
			t.Fatal(err)
		}
		if why := counted(want, now); why != "" || out.code != 0 {
			t.Errorf("%s %v, run %d: exit code %d, %s", kind, options, n+1, out.code, why)
			return
		}
		if d := differenceOf(settled, now); n > 0 && d != "" {
			t.Errorf("%s %v: run %d changes host2: %s", kind, options, n+1, d)
		}
		settled = now
	}
}
