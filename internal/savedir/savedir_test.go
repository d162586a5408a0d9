package savedir

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/emersion/go-imap/v2"
)

// Whatever a folder is called, its directory is right below the one that was
// named, and no other folder's.
func TestNamesStayApart(t *testing.T) {
	dir := t.TempDir()
	owner := make(map[string]string)
	for _, name := range []string{
		"INBOX", "a/b", `a\b`, "a_b", "..", ".", "", "../up", "/etc", "été", "a\x00b", "a\nb", "end.", "end", "end ", ".end", "C:",
		strings.Repeat("long", 100), strings.Repeat("long", 100) + "er", strings.Repeat("é", 100), "bad \xff",
	} {
		f, err := Open(dir, name)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if err := f.Write(7, strings.NewReader("body")); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if filepath.Dir(f.path) != dir || len(filepath.Base(f.path)) > 255 {
			t.Errorf("%q is kept in %q", name, f.path)
		}
		if other, taken := owner[f.path]; taken {
			t.Errorf("%q and %q share %q", name, other, f.path)
		}
		owner[f.path] = name
	}
}

func TestWriteIsWhole(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(dir, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"first", "second"} {
		if err := f.Write(12, strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	}
	broken := errors.New("the line is cut")
	for _, uid := range []imap.UID{12, 13} {
		if err := f.Write(uid, io.MultiReader(strings.NewReader("beginning"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("UID %d: %v", uid, err)
		}
	}
	list, err := os.ReadDir(filepath.Join(dir, "INBOX"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	body, err := os.ReadFile(filepath.Join(dir, "INBOX", "12.eml"))
	if err != nil || string(body) != "second" || !slices.Equal(names, []string{"12.eml"}) {
		t.Errorf("12.eml holds %q (%v); there are %q", body, err, names)
	}
}
