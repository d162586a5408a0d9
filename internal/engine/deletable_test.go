package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// Moved folder by folder: what the first run moved and removed on host1 is not taken
// for something that host2 has too much by the second one.
func TestMovedFoldersStay(t *testing.T) {
	t.Parallel()
	for _, extra := range [][]string{nil, {"--nousecache"}, {"--delete2newmail"}} {
		t.Run(strings.Join(extra, " "), func(t *testing.T) {
			a, b := embeddedPair(t)
			put(t, a, "INBOX", mails("inbox", 2, 300)...)
			put(t, a, "Work", mails("work", 5, 300)...)
			run := append([]string{"--delete1", "--delete1emptyfolders", "--delete2folders"}, extra...)
			for i := range 3 {
				out := migrate(t, a, b, run...)
				out.expect(t, 0)
				if got := holds(t, b, "Work")["work"]; got != 5 || out.stats.Deleted[2] != 0 {
					t.Fatalf("run %d: %d of 5 are left, %d counted\n%s", i+1, got, out.stats.Deleted[2], out.text)
				}
				if n := len(mailtest.Snapshot(t, a.s, a.user).Folders); n != 1 {
					t.Errorf("host1 has %d folders", n)
				}
			}
		})
	}
}

// What goes with a folder is said and counted, and a dry run says the same.
func TestFoldersGoWithTheirMail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		age, n      int
		options     []string
		goes        bool
		code, other int
	}{
		{"old", 300, 5, nil, true, 0, 0},
		{"of the last month", 3, 5, nil, false, 0, 0},
		{"of the last month, allowed", 3, 5, []string{"--delete2newmail"}, true, 0, 0},
		{"most of the account", 300, 120, nil, false, event.ExitDeletionRefused, 0},
		{"most of the account, allowed", 300, 120, []string{"--delete2max", "100%"}, true, 0, 0},
		{"more than allowed", 300, 5, []string{"--delete2max", "4"}, false, event.ExitDeletionRefused, 0},
		{"another account's", 300, 5, nil, false, 0, 1},
		{"another account's, new mail allowed", 300, 5, []string{"--delete2newmail"}, false, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := embeddedPair(t)
			put(t, a, "INBOX", mails("inbox", 2, 300)...)
			if c.other > 0 {
				bea := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				put(t, bea, "Old", mails("old", c.n, c.age)...)
				migrate(t, bea, b).expect(t, 0)
			} else {
				put(t, b, "Old", mails("old", c.n, c.age)...)
			}
			put(t, b, "Empty")
			run := append([]string{"--delete2folders"}, c.options...)
			before := mailtest.Snapshot(t, b.s, b.user)
			dry := migrate(t, a, b, append(run, "--dry")...)
			dry.expect(t, c.code)
			untouched(t, "host2 by a dry run", before, mailtest.Snapshot(t, b.s, b.user))
			out := migrate(t, a, b, run...)
			out.expect(t, c.code)
			gone, kept := out.removals()
			would, _ := dry.removals()
			after := mailtest.Snapshot(t, b.s, b.user)
			want := int64(0)
			if c.goes {
				want = int64(c.n)
			}
			if (after.Folders["Old"] == nil) != c.goes || after.Folders["Empty"] != nil || !slices.Equal(gone, would) || out.stats.Deleted[2] != want || dry.stats.WouldDelete[2] != want {
				t.Errorf("gone %q (dry: %q), kept %q; %d messages counted, %d foretold, want %d\n%s", gone, would, kept, out.stats.Deleted[2], dry.stats.WouldDelete[2], want, out.text)
			}
		})
	}
}

// Within one account every folder of host2 is one of host1.
func TestFoldersOfOneAccountStay(t *testing.T) {
	t.Parallel()
	for _, options := range [][]string{
		{"--delete2folders", "--subfolder2", "Archive", "--folder", "INBOX", "--delete2foldersonly", "/./"},
		{"--delete2folders", "--f1f2", "INBOX=Archive", "--folder", "INBOX"},
		{"--delete2folders", "--f1f2", "INBOX=Archive", "--exclude", "Work", "--delete1"},
	} {
		t.Run(strings.Join(options, " "), func(t *testing.T) {
			a, _ := embeddedPair(t)
			put(t, a, "INBOX", mails("inbox", 3, 300)...)
			put(t, a, "Old", mails("old", 4, 300)...)
			put(t, a, "Older", mails("older", 4, 300)...)
			again, _ := meddled(t, a)
			out := migrate(t, a, again, options...)
			if holds(t, a, "Old")["old"] != 4 || holds(t, a, "Older")["older"] != 4 {
				t.Fatalf("folders are gone\n%s", out.text)
			}
			if gone, _ := out.removals(); len(gone) > 0 {
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

// Archiving may take emptied folders away, and never the archive.
func TestEmptyFoldersOfOneAccount(t *testing.T) {
	t.Parallel()
	a, _ := embeddedPair(t)
	put(t, a, "INBOX", mails("inbox", 3, 300)...)
	put(t, a, "Work", mails("work", 3, 300)...)
	put(t, a, "Empty")
	again, _ := meddled(t, a)
	migrate(t, a, again, "--delete1", "--delete1emptyfolders", "--f1f2", "Work=Archive", "--folder", "Work").expect(t, 0)
	if f := mailtest.Snapshot(t, a.s, a.user).Folders; f["Work"] != nil || f["Archive"] == nil {
		t.Error("Work is there, or Archive is not")
	}
	out := migrate(t, a, again, "--delete1emptyfolders", "--folder", "Empty")
	out.expect(t, event.ExitDeletionRefused)
	if mailtest.Snapshot(t, a.s, a.user).Folders["Empty"] == nil {
		t.Errorf("a folder that is its own destination is gone\n%s", out.text)
	}
}
