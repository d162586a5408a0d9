package certificate

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t testing.TB, path string) {
	t.Helper()
	c, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"INBOX", "odd\tname\\with\nall\xff\u202e"} {
		if err := c.Folder(Folder{Name: name, Subscribed: name == "INBOX", UIDValidity: 7}); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			m := Message{Folder1: name, Digest1: sha256.Sum256([]byte{byte(i)}), Digest2: sha256.Sum256([]byte{byte(i + 1)}), Size1: 5, Size2: 6, Date: 1234567, Flags: `\seen $a`, UID1: uint32(i + 1), UID2: 9}
			if err := c.Message(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.Finish([]Fact{{"made", "today"}, {"host1", "a\tb"}}); err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c")
	write(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("files are left: %v", list)
	}
	if _, err := Create(path); err == nil {
		t.Error("it would be overwritten")
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if diff := cmp.Diff([]Fact{{"made", "today"}, {"host1", "a\tb"}}, r.Head); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"INBOX", "odd\tname\\with\nall\xff\u202e"} {
		f, ms, err := r.Folder()
		if err != nil || f.Name != name || f.UIDValidity != 7 || len(ms) != 3 {
			t.Fatalf("%+v %d %v", f, len(ms), err)
		}
		if m := ms[2]; m.Folder1 != name || m.Digest2 != sha256.Sum256([]byte{3}) || m.Flags != `\seen $a` || m.Date != 1234567 || m.UID1 != 3 || m.Size2 != 6 {
			t.Errorf("%+v", m)
		}
	}
	if _, _, err := r.Folder(); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

// A certificate of which any byte was changed, dropped or added is not believed.
func TestAltered(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c")
	write(t, path)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other")
	try := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(other, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := Open(other); err == nil {
			r.Close()
			t.Errorf("believed: %q", b)
		}
	}
	for i := 0; i < len(text); i += 7 {
		changed := append([]byte(nil), text...)
		changed[i] ^= 1
		try(changed)
		try(text[:i])
	}
	try(append(append([]byte(nil), text...), "more\n"...))
	try(append(append([]byte(nil), text...), '\n'))
}
