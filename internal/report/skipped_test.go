package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/event"
)

func TestSkippedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "skipped.tsv")
	s, err := CreateSkipped(path)
	if err != nil {
		t.Fatal(err)
	}
	in := f("INBOX")
	for _, e := range []event.Event{
		event.MessageSkipped{Side: 1, Folder: cyrillic, UID: 6, Bytes: 9131, Reason: event.SkipTooBig,
			Detail: "(9131 exceeds maxsize limit 8000 bytes)", MessageID: "<7@example.org>",
			Date: "Mon, 02 Mar 2020 10:00:07 +0000", Subject: "a\tb\r\nc\\d \x1b[2J \xff é"},
		event.MessageSkipped{Side: 1, Folder: in, UID: 7, Reason: event.SkipPresent}, // is on host2
		event.MessageSkipped{Side: 2, Folder: in, UID: 8, Reason: event.SkipNoHeader},
		event.MessageCopied{From: in, UID: 9},
		event.MessageSkipped{Side: 1, Folder: in, UID: 10, Bytes: 5, Reason: event.SkipDuplicate},
		event.Error{Class: event.ErrAppend, Folder: in, UID: 11, Bytes: 6, MessageID: "<11@example.org>", Text: "could not append: NO\n"},
		event.Error{Class: event.ErrFlags, Folder: in, UID: 12},
		event.Error{Class: event.ErrSelect, Folder: in},
		event.MessageSkipped{Side: 1, Folder: event.Folder{Raw: "raw only"}, UID: 13, Reason: 77},
	} {
		s.Event(e)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"folder\tuid\tmessage-id\tdate\tsubject\tsize\treason",
		"Проект\t6\t<7@example.org>\tMon, 02 Mar 2020 10:00:07 +0000\t" + `a\tb\r\nc\\d \x1b[2J \xff é` +
			"\t9131\tlarger than host2 or --maxsize allows (9131 exceeds maxsize limit 8000 bytes)",
		"INBOX\t10\t\t\t\t5\tsame message twice in its folder",
		"INBOX\t11\t<11@example.org>\t\t\t6\terror: could not append: NO",
		"raw only\t13\t\t\t\t0\tno reason given",
		"",
	}, "\n")
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm()&0o077 != 0 {
		t.Errorf("others can read the list: %v, %v", st.Mode(), err)
	}
}

func TestSkippedFileErrors(t *testing.T) {
	if _, err := CreateSkipped(t.TempDir()); err == nil || !strings.Contains(err.Error(), "--skippedfile") {
		t.Errorf("a directory: %v", err)
	}
	s, err := CreateSkipped(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Errorf("a lost file: %v", err)
	}
}
