package journal

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Digests, and numbers of unproved messages, come back after the journal was closed, as long as the state is the one with
// which they were stored.
func TestDigests(t *testing.T) {
	dir := t.TempDir()
	pair := Pair{Host1: "a.example.org", User1: "u", Host2: "b.example.org", User2: "u"}
	names := []string{"kept", "stored anew", "forgotten", "never reconciled", "rebuilt"}
	open := func() *Journal {
		j, err := Open(t.Context(), dir, pair, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := j.Damage(); d != nil {
			t.Fatal(d)
		}
		return j
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	j := open()
	if all, err := j.Digests(); err != nil || len(all) != 0 {
		t.Errorf("a new journal has %v, %v", all, err)
	}
	if all, err := j.Unproved(); err != nil || len(all) != 0 {
		t.Errorf("a new journal has %v, %v", all, err)
	}
	at := time.Now()
	for i, name := range names {
		f := j.Folder(name, name)
		_, err := f.Attach(7, 9)
		must(err)
		if name != "never reconciled" {
			must(f.SetState(FolderState{Messages1: 3, CompleteAt: at.Add(time.Duration(i))}))
		}
		must(f.PutDigests(Digests{{byte(i + 1)}, {9}}))
		must(f.PutUnproved(uint32(i + 70_000)))
	}
	must(j.Close())
	j = open()
	for _, name := range names {
		f := j.Folder(name, name)
		two := uint32(9)
		if name == "rebuilt" {
			two = 10
		}
		_, err := f.Attach(7, two)
		must(err)
	}
	must(j.Folder("stored anew", "stored anew").SetState(FolderState{Messages1: 3, CompleteAt: at.Add(time.Hour)}))
	must(j.Folder("forgotten", "forgotten").Forget())
	must(j.Close())
	j = open()
	defer func() { must(j.Close()) }()
	all, err := j.Digests()
	must(err)
	if unproved, err := j.Unproved(); err != nil || len(unproved) != 1 || unproved[j.Folder("kept", "kept")] != 70_000 {
		t.Errorf("the journal has %v, %v", unproved, err)
	}
	want := map[*Folder]Digests{j.Folder("kept", "kept"): {{1}, {9}}}
	if len(all) != 1 || cmp.Diff(want[j.Folder("kept", "kept")], all[j.Folder("kept", "kept")]) != "" {
		t.Errorf("the journal has %v", all)
	}
}
