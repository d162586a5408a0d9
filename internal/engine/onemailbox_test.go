package engine_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// marks counts the messages of a folder that have \Deleted.
func marks(t testing.TB, x account, folder string) (marked, all int) {
	t.Helper()
	f := mailtest.Snapshot(t, x.s, x.user).Folders[folder]
	if f == nil {
		return 0, 0
	}
	for _, m := range f.Messages {
		all++
		if slices.ContainsFunc(m.Flags, func(f imap.Flag) bool { return strings.EqualFold(string(f), `\Deleted`) }) {
			marked++
		}
	}
	return marked, all
}

// Both sides are the same account, under another name: nothing is deleted, whatever
// asks for it, and nothing looks different afterwards.
func TestOneMailbox(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		options []string
		marked  bool // all messages have \Deleted before
		twice   bool // each message is there twice
	}{
		{"delete1", []string{"--delete1"}, false, false},
		{"without a journal", []string{"--delete1", "--nousecache"}, false, false},
		{"marked by their owner", []string{"--delete1"}, true, false},
		{"delete1, each twice", []string{"--delete1"}, false, true},
		{"marks only", []string{"--delete1", "--noexpunge1"}, false, false},
		{"duplicates", []string{"--delete2duplicates"}, false, true},
		{"duplicates without a journal", []string{"--delete2duplicates", "--nousecache"}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, _ := embeddedPair(t)
			box := mails("mail", 15, 300)
			if c.twice {
				box = append(box, box...)
			}
			if c.marked {
				for i := range box {
					box[i].Flags = []imap.Flag{imap.FlagDeleted, imap.FlagSeen}
				}
			}
			put(t, a, "INBOX", box...)
			put(t, a, "Work", box...)
			again, _ := meddled(t, a) // another name for it
			before := mailtest.Snapshot(t, a.s, a.user)
			for range 2 {
				out := migrate(t, a, again, c.options...)
				out.expect(t, event.ExitDeletionRefused)
				untouched(t, "the one account", before, mailtest.Snapshot(t, a.s, a.user))
				if !strings.Contains(out.text, "one mailbox") || out.stats.Deleted[1]+out.stats.Deleted[2] != 0 {
					t.Errorf("%d and %d deleted\n%s", out.stats.Deleted[1], out.stats.Deleted[2], out.text)
				}
			}
			if dry := migrate(t, a, a, append(c.options, "--dry")...); dry.code() != event.ExitDeletionRefused {
				t.Errorf("a dry run of the account to itself: %d\n%s", dry.code(), dry.text)
			}
		})
	}
}

// Archiving within one account is another matter: the folders are two.
func TestArchivingWithinOneAccount(t *testing.T) {
	t.Parallel()
	for _, options := range [][]string{
		{"--delete1", "--f1f2", "INBOX=Archive", "--folder", "INBOX"},
		{"--delete1", "--f1f2", "INBOX=Archive", "--folder", "INBOX", "--nousecache"},
		{"--delete1", "--subfolder2", "Archive", "--folder", "INBOX"},
		{"--delete1", "--f1f2", "INBOX=Archive", "--folder", "INBOX", "--noexpunge1"},
	} {
		t.Run(strings.Join(options, " "), func(t *testing.T) {
			a, _ := embeddedPair(t)
			put(t, a, "INBOX", mails("mail", 12, 300)...)
			for range 2 {
				migrate(t, a, a, options...).expect(t, 0)
			}
			archive := "Archive"
			if slices.Contains(options, "--subfolder2") {
				archive = "Archive/INBOX"
			}
			marked, left := marks(t, a, "INBOX")
			if got := holds(t, a, archive)["mail"]; got != 12 || left != marked || slices.Contains(options, "--noexpunge1") != (left == 12) {
				t.Errorf("%d archived, %d left, %d marked", got, left, marked)
			}
			if m, _ := marks(t, a, archive); m > 0 {
				t.Errorf("%d marked in the archive", m)
			}
		})
	}
}

// Marks that we set on host1 are ours: nothing of them comes to host2, in whatever
// run, and they are counted once; what the owner marks is carried over.
func TestOurMarksStayOnHost1(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		first, again []string
		uidplus      bool
	}{
		{"not expunged", []string{"--delete1", "--noexpunge1"}, []string{"--delete1", "--noexpunge1"}, true},
		{"no UIDPLUS", []string{"--delete1"}, []string{"--delete1"}, false},
		{"then expunged on host2", []string{"--delete1", "--noexpunge1"}, []string{"--delete1", "--noexpunge1", "--expunge2"}, true},
		{"a plain run", []string{"--delete1", "--noexpunge1"}, nil, true},
		{"no journal", []string{"--delete1", "--noexpunge1", "--nousecache"}, []string{"--delete1", "--noexpunge1", "--nousecache", "--expunge2"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := embeddedPair(t)
			put(t, a, "INBOX", mails("mail", 6, 300)...)
			from := a
			if !c.uidplus {
				from = hiding(t, a, " UIDPLUS")
			}
			out := migrate(t, from, b, c.first...)
			out.expect(t, 0)
			if m, all := marks(t, a, "INBOX"); m != 6 || all != 6 || out.stats.Deleted[1] != 6 {
				t.Fatalf("%d of %d marked, %d counted", m, all, out.stats.Deleted[1])
			}
			for range 2 {
				out := migrate(t, from, b, c.again...)
				out.expect(t, 0)
				if m, all := marks(t, b, "INBOX"); m != 0 || all != 6 || out.stats.Deleted[1] != 0 {
					t.Fatalf("host2: %d of %d marked; %d counted\n%s", m, all, out.stats.Deleted[1], out.text)
				}
			}
			// A message that host2 lost comes there without our mark.
			lose(t, b, "INBOX", 2)
			migrate(t, from, b).expect(t, 0)
			if m, all := marks(t, b, "INBOX"); all != 6 || m != 0 && !slices.Contains(c.first, "--nousecache") {
				t.Fatalf("host2: %d of %d marked", m, all)
			}
			if slices.Contains(c.first, "--nousecache") {
				return
			}
			// The owner takes a mark off, and sets it again.
			dialogue(t, a, "SELECT INBOX", `UID STORE 4 -FLAGS (\Deleted)`)
			migrate(t, from, b).expect(t, 0)
			dialogue(t, a, "SELECT INBOX", `UID STORE 4 +FLAGS (\Deleted)`)
			migrate(t, from, b).expect(t, 0)
			if m, _ := marks(t, b, "INBOX"); m != 1 {
				t.Errorf("host2: %d marked", m)
			}
		})
	}
}

// hiding is the account on a server without a capability.
func hiding(t testing.TB, a account, capability string) account {
	t.Helper()
	a, _ = meddled(t, a, meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(regexp.QuoteMeta(capability))})
	return a
}

// Real servers tell one session what another one did.
func TestOneMailboxOnRealServers(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			a := newAccount(t, mailtest.Real(t, kind))
			archive := a.s.FolderName([]string{"Archive"})
			put(t, a, "INBOX", append(mails("mail", 5, 300), mails("twice", 1, 300)[0], mails("twice", 1, 300)[0])...)
			again, _ := meddled(t, a)
			before := mailtest.Snapshot(t, a.s, a.user)
			for _, options := range [][]string{{"--delete1"}, {"--delete2duplicates"}, {"--delete1", "--nousecache", "--noexpunge1"}} {
				out := migrate(t, a, again, append(options, "--folder", "INBOX")...)
				out.expect(t, event.ExitDeletionRefused)
				untouched(t, "the one account", before, mailtest.Snapshot(t, a.s, a.user))
			}
			migrate(t, a, again, "--delete1", "--folder", "INBOX", "--f1f2", "INBOX="+archive).expect(t, 0)
			if got := holds(t, a, archive); got["mail"] != 5 || len(holds(t, a, "INBOX")) != 0 {
				t.Errorf("archived %v, left %v", got, holds(t, a, "INBOX"))
			}
			// A folder that host1 has under another name is no folder too much.
			out := migrate(t, a, again, "--delete2folders", "--folder", "INBOX")
			if gone, _ := out.removals(); len(gone) > 0 || holds(t, a, archive)["mail"] != 5 {
				t.Errorf("deleted %q\n%s", gone, out.text)
			}
			for name := range mailtest.Snapshot(t, a.s, a.user).Folders {
				if strings.Contains(name, "question") {
					t.Errorf("%q is left", name)
				}
			}
		})
	}
}
