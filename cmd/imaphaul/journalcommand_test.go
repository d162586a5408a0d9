package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/journal"
)

// A pair of accounts may have a second journal, where they were until November 2026: it can
// be named all the same, and is forgotten with the one that runs use.
func TestJournalsAtBothPlaces(t *testing.T) {
	dir := t.TempDir()
	p := journal.Pair{Host1: "old.example.org", User1: "u", Host2: "new.example.org", User2: "v"}
	j, err := journal.Open(t.Context(), dir, p, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(j.Path())
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, journal.Name(j.Path())+".journal")
	if err := os.WriteFile(old, data, 0o600); err != nil {
		t.Fatal(err)
	}
	call := func(verb string) (int, string) {
		var out, errOut bytes.Buffer
		code := journals(&cli.JournalCommand{Verb: verb, Which: journal.Name(old), Dir: dir, Yes: true}, &out, &errOut)
		return code, out.String() + errOut.String()
	}
	if code, said := call("path"); code != 0 || strings.TrimSpace(said) != j.Path() {
		t.Errorf("code %d: %s", code, said)
	}
	if code, said := call("forget"); code != 0 || strings.Count(said, "Removed") != 2 {
		t.Errorf("code %d: %s", code, said)
	}
	if all, bad, err := journal.List(t.Context(), dir); len(all)+len(bad) > 0 || err != nil {
		t.Error(all, bad, err)
	}
}
