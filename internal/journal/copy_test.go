package journal

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// TestACopyIsAJournal: a copy made in the midst of a run is opened as a whole journal of
// that moment.
func TestACopyIsAJournal(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	p := Pair{Host1: "a", User1: "u", Host2: "b", User2: "v"}
	j, err := Open(t.Context(), dir, p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Folder("INBOX", "INBOX").Attach(7, 9); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := j.Copy(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Folder("Later", "Later").Attach(1, 2); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Copy(&b); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := os.WriteFile(placeOf(t, other, p), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := Open(t.Context(), other, p, Options{})
	if err != nil || k.Damage() != nil || k.Created() || len(k.Folders()) != 1 {
		t.Fatal(err, k.Damage())
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if err := None().Copy(&b); err == nil {
		t.Error("there is no file")
	}
}
