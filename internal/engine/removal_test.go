package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// removals are the folders a run says it deleted or would delete, and why it
// kept others.
func (o outcome) removals() (gone []string, kept map[string]string) {
	kept = make(map[string]string)
	for _, r := range o.removed {
		switch {
		case r.Kept != "":
			kept[r.Folder.Raw] = r.Kept
		case r.Err == nil:
			gone = append(gone, r.Folder.Raw)
		}
	}
	slices.Sort(gone)
	return gone, kept
}

// TestDelete2Folders deletes on real servers: a dry run names exactly what a run
// deletes, INBOX and what is needed stays, and nothing goes when a copy failed.
func TestDelete2Folders(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Real(t, kind)
			a, b := newAccount(t, s), newAccount(t, s)
			raw := func(path ...string) string { return s.FolderName(path) }
			ha, hb := handsOn(t, a), handsOn(t, b)
			for _, path := range [][]string{{"INBOX"}, {"Work"}, {"Work", "Deep", "Leaf"}, {"Private"}} {
				ha.folder(raw(path...), strings.Join(path, " "))
			}
			for _, path := range [][]string{
				{"INBOX"}, {"Work"},
				{"Private"},              // the counterpart of a folder that takes no part
				{"Old"}, {"Old", "2009"}, // to go, children first
				{"Parent"}, {"Parent", "Kept"}, // one is asked to stay
				{"Sent"}, {"work"},
			} {
				hb.folder(raw(path...), "extra "+strings.Join(path, " "))
			}
			options := []string{"--nousecache", "--exclude", "Private", "--delete2foldersbutnot", "/Kept/"}
			before := mailtest.Snapshot(t, s, b.user)
			dry := migrate(t, a, b, append(options, "--dry")...)
			dry.expect(t, 0)
			would, _ := dry.removals()
			untouched(t, "host2 by a dry run", before, mailtest.Snapshot(t, s, b.user))

			// After any error every folder stays.
			failed := migrate(t, a, b, append(options, "--folder", "Misspelt", "--folder", raw("Work"))...)
			failed.expect(t, 111)
			if gone, _ := failed.removals(); len(gone) > 0 {
				t.Errorf("deleted after an error: %q", gone)
			}

			run := migrate(t, a, b, options...)
			run.expect(t, 0)
			gone, kept := run.removals()
			if !slices.Equal(would, gone) {
				t.Errorf("the dry run says %q, the run deleted %q", would, gone)
			}
			after := mailtest.Snapshot(t, s, b.user)
			var went []string
			for name := range before.Folders {
				if after.Folders[name] == nil {
					went = append(went, name)
				}
			}
			slices.Sort(went)
			if d := cmp.Diff(went, gone); d != "" {
				t.Errorf("said and done:\n%s", d)
			}
			want := []string{raw("Old"), raw("Old", "2009")}
			if d := cmp.Diff(want, gone); d != "" {
				t.Errorf("deleted:\n%s\nkept: %v", d, kept)
			}
			stays := [][]string{{"Parent"}, {"Parent", "Kept"}, {"work"}}
			if kind != mailtest.Mox { // where host1 has it, too
				stays = append(stays, []string{"Sent"})
			}
			for _, path := range stays {
				if kept[raw(path...)] == "" {
					t.Errorf("nothing says why %q was kept", raw(path...))
				}
			}
			if got := where(t, b)["Work Deep Leaf"]; !slices.Equal(got, []string{raw("Work", "Deep", "Leaf")}) {
				t.Errorf("copied to %q", got)
			}
		})
	}
}

// TestDelete2FoldersAfterFailure: folders are deleted after all copies, and not
// when one of them failed.
func TestDelete2FoldersAfterFailure(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	s := mailtest.Real(t, mailtest.Dovecot)
	a, b := newAccount(t, s), newAccount(t, s)
	handsOn(t, a).folder("Work", "one")
	handsOn(t, b).folder("Old", "two")
	o := migrate(t, a, refusing(t, b, "^APPEND", "NO [SERVERBUG] no room in the index"), "--delete2folders", "--nousecache")
	o.expect(t, event.ExitAppend)
	gone, kept := o.removals()
	if len(gone) > 0 || kept["Old"] == "" || len(where(t, b)["two"]) != 1 {
		t.Errorf("deleted %q, kept %q", gone, kept)
	}
	o = migrate(t, a, b, "--delete2folders", "--nousecache")
	o.expect(t, 0)
	if gone, _ = o.removals(); !slices.Equal(gone, []string{"Old"}) {
		t.Errorf("deleted %q", gone)
	}
}

// TestDelete1EmptyFolders deletes empty folders of host1, INBOX never.
func TestDelete1EmptyFolders(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Real(t, kind)
			a, b := newAccount(t, s), newAccount(t, s)
			raw := func(path ...string) string { return s.FolderName(path) }
			h := handsOn(t, a)
			h.folder(raw("Full"), "full")
			h.folder(raw("Empty"), "")
			h.folder(raw("Up"), "")
			h.folder(raw("Up", "Empty"), "")
			h.folder(raw("Over"), "")
			h.folder(raw("Over", "Full"), "below")
			before := mailtest.Snapshot(t, s, a.user)
			options := []string{"--nousecache", "--delete1emptyfolders"}
			dry := migrate(t, a, b, append(options, "--dry")...)
			dry.expect(t, 0)
			would, _ := dry.removals()
			untouched(t, "host1 by a dry run", before, mailtest.Snapshot(t, s, a.user))
			run := migrate(t, a, b, options...)
			run.expect(t, 0)
			gone, _ := run.removals()
			if !slices.Equal(would, gone) {
				t.Errorf("the dry run says %q, the run deleted %q", would, gone)
			}
			after := mailtest.Snapshot(t, s, a.user)
			for _, path := range [][]string{{"INBOX"}, {"Full"}, {"Over", "Full"}, {"Over"}} {
				if after.Folders[raw(path...)] == nil {
					t.Errorf("%q is gone", raw(path...))
				}
			}
			for _, path := range [][]string{{"Empty"}, {"Up"}, {"Up", "Empty"}} {
				if after.Folders[raw(path...)] != nil {
					t.Errorf("%q is still there\n%s", raw(path...), grep(run.text, "Empty"))
				}
			}
		})
	}
}

// TestRefusedList: a LIST that fails is an error, and nothing is deleted for it.
func TestRefusedList(t *testing.T) {
	t.Parallel()
	s := mailtest.StartEmbedded(t, embedded.Options{})
	for side := 1; side <= 2; side++ {
		t.Run(fmt.Sprint("host", side), func(t *testing.T) {
			a, b := newAccount(t, s), newAccount(t, s)
			handsOn(t, a).folder("Work", "one")
			handsOn(t, b).folder("Old", "two")
			broken := &a
			if side == 2 {
				broken = &b
			}
			*broken = refusing(t, *broken, "^LIST", "NO [SERVERBUG] the index is broken")
			before := mailtest.Snapshot(t, s, b.user)
			o := migrate(t, a, b, "--delete2folders", "--delete2", "--nousecache")
			if o.code() == 0 {
				t.Errorf("exit code 0\n%s", o.text)
			}
			if !strings.Contains(o.text, "the index is broken") {
				t.Errorf("the server's words are missing\n%s", o.text)
			}
			untouched(t, "host2", before, mailtest.Snapshot(t, s, b.user))
		})
	}
}

// Mail that comes to a folder after it was judged, and before its turn to be deleted, keeps
// it: with --delete2folders, and when a run is undone.
func TestMailArrivesBeforeRemoval(t *testing.T) {
	t.Parallel()
	for _, undo := range []bool{false, true} {
		t.Run(map[bool]string{false: "delete2folders", true: "undo"}[undo], func(t *testing.T) {
			a, b := embeddedPair(t)
			put(t, a, "INBOX", mails("inbox", 2, 300)...)
			late, wanted := "B", map[string]int{"old": 2, "late": 1} // the last ones go first
			if undo {
				wanted = map[string]int{"late": 1}
				put(t, a, "B", mails("b", 2, 300)...)
				put(t, a, "C", mails("c", 2, 300)...)
				migrate(t, a, b).expect(t, 0)
			} else {
				put(t, b, "B", mails("old", 2, 300)...)
				put(t, b, "C", mails("old", 2, 300)...)
			}
			removed := make(map[string]string)
			o := engine.Options{Sink: func(e event.Event) {
				r, ok := e.(event.FolderRemoved)
				if !ok {
					return
				}
				if len(removed) == 0 {
					put(t, b, late, mails("late", 1, 0)...)
				}
				removed[r.Folder.Raw] = r.Kept
			}}
			if undo {
				p, _ := cli.ParseArgs(args(a, b)...)
				engine.Undo(t.Context(), p, o, 1)
			} else {
				migrateWith(t, t.Context(), o, append(args(a, b), "--nousecache", "--delete2folders")...).expect(t, 0)
			}
			if len(removed) != 2 || removed[late] == "" {
				t.Errorf("removed, or why not: %q", removed)
			}
			if got := holds(t, b, late); fmt.Sprint(got) != fmt.Sprint(wanted) {
				t.Errorf("%v, want %v", got, wanted)
			}
		})
	}
}
