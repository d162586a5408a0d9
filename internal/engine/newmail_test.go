package engine_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// dated is a message of INBOX or another folder that arrived some days ago.
func dated(id string, days int) corpus.Message {
	return corpus.Message{
		Body: []byte("From: ann@example.org\r\nSubject: " + id + "\r\nMessage-ID: <" + id + "@example.org>\r\n\r\nText.\r\n"),
		Date: time.Now().AddDate(0, 0, -days).UTC().Truncate(time.Second),
	}
}

// mails are n messages of that age.
func mails(name string, n, days int) (out []corpus.Message) {
	for i := range n {
		out = append(out, dated(fmt.Sprintf("%s%d", name, i), days))
	}
	return out
}

func put(t testing.TB, x account, folder string, messages ...corpus.Message) {
	t.Helper()
	mailtest.Fill(t, x.s, x.user, corpus.Mailbox{Folders: []corpus.Folder{{Path: strings.Split(folder, "/"), Messages: messages}}})
}

// holds counts the messages of a folder by the word their Message-Id begins with.
func holds(t testing.TB, x account, folder string) map[string]int {
	t.Helper()
	out := make(map[string]int)
	f := mailtest.Snapshot(t, x.s, x.user).Folders[folder]
	if f == nil {
		return out
	}
	for _, m := range f.Messages {
		id, _, _ := strings.Cut(strings.Trim(m.MessageID, "<>"), "@")
		out[strings.TrimRight(id, "0123456789")]++
	}
	return out
}

// lose removes the messages of these UIDs from a folder.
func lose(t testing.TB, x account, folder string, uids ...imap.UID) {
	t.Helper()
	h := handsOn(t, x)
	ctx := context.Background()
	if _, err := h.c.Select(ctx, folder, nil); err != nil {
		t.Fatal(err)
	}
	set := uidset.Sorted(uids)
	if _, err := h.c.UIDStore(ctx, set, []imap.Flag{imap.FlagDeleted}, imapconn.StoreOptions{Op: imap.StoreFlagsAdd}); err != nil {
		t.Fatal(err)
	}
	if err := h.c.UIDExpunge(ctx, set); err != nil {
		t.Fatal(err)
	}
}

func wantHolds(t testing.TB, what string, out outcome, got map[string]int, want map[string]int) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v\n%s", what, got, want, out.text)
	}
}

// After the cutover both sides receive mail for a while: what came to host2 stays,
// whatever came to host1 since, and how old it seems; what left host1 goes.
func TestNewMailStays(t *testing.T) {
	t.Parallel()
	for _, age := range []int{0, 400} { // of what is delivered to host2: also by a program that keeps dates
		for _, options := range [][]string{nil, {"--useheader", "Message-Id"}, {"--skipheader", "Received"}, {"--nousecache"}, {"--syncduplicates"}} {
			t.Run(fmt.Sprint(age, options), func(t *testing.T) {
				a, b := embeddedPair(t)
				put(t, a, "INBOX", mails("moved", 30, 200)...)
				put(t, b, "INBOX", mails("old", 2, 500)...)
				migrate(t, a, b).expect(t, 0)
				put(t, b, "INBOX", mails("delivered", 20, age)...)
				put(t, a, "INBOX", mails("late", 1, 0)...)
				lose(t, a, "INBOX", 3, 4, 5)
				run := append([]string{"--delete2"}, options...)
				before := mailtest.Snapshot(t, b.s, b.user)
				dry := migrate(t, a, b, append(run, "--dry")...)
				untouched(t, "host2 by a dry run", before, mailtest.Snapshot(t, b.s, b.user))
				out := migrate(t, a, b, run...)
				out.expect(t, 0)
				wantHolds(t, "host2", out, holds(t, b, "INBOX"), map[string]int{"moved": 27, "delivered": 20, "late": 1})
				if d, r := dry.stats, out.stats; d.WouldDelete[2] != 5 || r.Deleted[2] != 5 || d.RefusedDeletions != 20 || r.RefusedDeletions != 20 {
					t.Errorf("dry: %d go, %d stay; run: %d went, %d stayed\n%s", d.WouldDelete[2], d.RefusedDeletions, r.Deleted[2], r.RefusedDeletions, dry.text)
				}
				if again := migrate(t, a, b, run...); again.stats.Deleted[2] != 0 || again.stats.Transferred != 0 {
					t.Errorf("a further run does something\n%s", again.text)
				}
				migrate(t, a, b, append(run, "--delete2newmail")...).expect(t, 0)
				wantHolds(t, "host2, new mail allowed", out, holds(t, b, "INBOX"), map[string]int{"moved": 27, "late": 1})
			})
		}
	}
}

// Without a journal the last month stays.
func TestRecentMailStaysWithoutAJournal(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	put(t, a, "INBOX", append(mails("moved", 30, 200), mails("late", 1, 0)...)...)
	put(t, b, "INBOX", slices.Concat(mails("moved", 30, 200), mails("delivered", 5, 20), mails("old", 3, 40))...)
	for range 2 {
		out := migrate(t, a, b, "--delete2", "--nousecache")
		out.expect(t, 0)
		wantHolds(t, "host2", out, holds(t, b, "INBOX"), map[string]int{"moved": 30, "delivered": 5, "late": 1})
		if out.stats.RefusedDeletions != 5 {
			t.Errorf("%d stayed\n%s", out.stats.RefusedDeletions, out.text)
		}
	}
}

// Several accounts become one: what one of them brought is not surplus for the other.
func TestOthersMailStays(t *testing.T) {
	t.Parallel()
	for _, options := range [][]string{{"--delete2"}, {"--delete2", "--delete2newmail"}, {"--delete2", "--nousecache"}, {"--delete2duplicates"}, {"--delete2", "--useheader", "Message-Id"}} {
		t.Run(strings.Join(options, " "), func(t *testing.T) {
			a, to := embeddedPair(t)
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			put(t, a, "INBOX", append(mails("ann", 40, 200), mails("both", 2, 100)...)...)
			put(t, b, "INBOX", append(mails("bea", 50, 200), mails("both", 2, 100)...)...)
			migrate(t, a, to).expect(t, 0)
			put(t, to, "INBOX", mails("both", 2, 100)...) // as a run without a journal stored them
			for range 2 {
				out := migrate(t, b, to, options...)
				out.expect(t, 0)
				got := holds(t, to, "INBOX")
				if got["ann"] != 40 || got["bea"] != 50 || got["both"] < 2 {
					t.Fatalf("host2: %v\n%s", got, out.text)
				}
			}
			out := migrate(t, a, to, options...)
			out.expect(t, 0)
			if got := holds(t, to, "INBOX"); got["ann"] != 40 || got["bea"] != 50 {
				t.Fatalf("host2: %v\n%s", got, out.text)
			}
		})
	}
}

// Folders that go into one folder of host2: one that takes no part has its mail there.
func TestOtherFoldersMailStays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		first, second   []string
		a, b, old, code int
	}{
		{"known to the journal", nil, []string{"--folder", "A"}, 5, 5, 0, 0},
		{"not known", []string{"--nousecache"}, []string{"--folder", "A", "--nousecache"}, 5, 5, 2, 0},
		{"left out", nil, []string{"--exclude", "^B$"}, 5, 5, 0, 0},
		{"all take part", nil, nil, 5, 5, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := embeddedPair(t)
			put(t, a, "A", mails("a", 5, 200)...)
			put(t, a, "B", mails("b", 5, 200)...)
			put(t, b, "X", mails("old", 2, 200)...)
			into := []string{"--f1f2", "A=X", "--f1f2", "B=X"}
			migrate(t, a, b, append(into, c.first...)...).expect(t, 0)
			out := migrate(t, a, b, append(append(into, "--delete2"), c.second...)...)
			out.expect(t, c.code)
			got := holds(t, b, "X")
			if got["a"] != c.a || got["b"] != c.b {
				t.Fatalf("host2: %v\n%s", got, out.text)
			}
			if takesPart := c.second == nil; (got["old"] == 0) != takesPart || !takesPart && !strings.Contains(out.text, "took no part") {
				t.Errorf("host2: %v\n%s", got, out.text)
			}
		})
	}
}

// A journal that cannot be read may know whose a message is.
func TestUnreadableJournalProtects(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	dir := t.TempDir()
	put(t, a, "INBOX", mails("moved", 3, 200)...)
	put(t, b, "INBOX", mails("old", 1, 200)...)
	migrate(t, a, b, "--cachedir", dir).expect(t, 0)
	lose(t, a, "INBOX", 1)
	writeFile(t, dir+"/torn.journal", "half a journal")
	out := migrate(t, a, b, "--delete2", "--cachedir", dir)
	out.expect(t, 0)
	wantHolds(t, "host2", out, holds(t, b, "INBOX"), map[string]int{"moved": 2, "old": 1})
	if !strings.Contains(out.text, "torn.journal") {
		t.Error(out.text)
	}
}

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A folder is made anew on host1: of what earlier runs stored from the old one it is not
// said that no run stored it.
func TestStoredFromAnOldFolder(t *testing.T) {
	t.Parallel()
	for _, fresh := range []bool{false, true} {
		a, b := embeddedPair(t)
		put(t, a, "A", mails("old", 4, 100)...)
		migrate(t, a, b).expect(t, 0)
		if !fresh {
			mailtest.Say(t, a.s, a.user, "DELETE A")
		} else {
			put(t, b, "A", mails("late", 4, 0)...) // came to host2 itself
		}
		put(t, a, "A", mails("new", 1, 100)...)
		out := migrate(t, a, b, "--delete2")
		out.expect(t, 0)
		if said := strings.Contains(out.text, "no run stored them"); said != fresh || !strings.Contains(out.text, "4 message(s) not deleted") {
			t.Errorf("delivered %v:\n%s", fresh, out.text)
		}
	}
}
