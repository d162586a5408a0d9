package journal

import (
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
)

// Places come back after the journal was closed, the newest of each number; those of a
// pair that was forgotten do not.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	pair := Pair{Host1: "a.example.org", User1: "u", Host2: "b.example.org", User2: "u"}
	j, err := Open(t.Context(), dir, pair, Options{})
	if err != nil {
		t.Fatal(err)
	}
	none, err := j.Places([]uint64{1, 2})
	if err != nil || len(none) != 0 {
		t.Errorf("a new journal has %v, %v", none, err)
	}
	for _, name := range []string{"A", "B"} {
		f := j.Folder(name, name+"2")
		if _, err := f.Attach(7, 9); err != nil {
			t.Fatal(err)
		}
		if err := f.PutPlaces(map[uint64]imap.UID{1: 4, 1 << 63: 5}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Folder("A", "A2").PutPlaces(map[uint64]imap.UID{3: 6}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = Open(t.Context(), dir, pair, Options{}); err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if d := j.Damage(); d != nil {
		t.Fatal(d)
	}
	got, err := j.Places([]uint64{1, 2, 3, 1 << 63})
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint64]Place{1: {"B2", 9, 4}, 3: {"A2", 9, 6}, 1 << 63: {"B2", 9, 5}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if err := j.Folder("A", "A2").Forget(); err != nil {
		t.Fatal(err)
	}
	if got, err = j.Places([]uint64{3}); err != nil || len(got) != 0 {
		t.Errorf("a forgotten pair has %v, %v", got, err)
	}
}
