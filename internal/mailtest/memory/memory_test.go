package memory

import (
	"os"
	"strings"
	"testing"
)

func TestTheUsersOwnPlaceIsKept(t *testing.T) {
	own := t.TempDir()
	t.Setenv("TMPDIR", own)
	if dir := Dir(); dir != "" {
		t.Errorf("%q in place of %s", dir, own)
	}
	Use()
	if dir := os.TempDir(); dir != own {
		t.Errorf("temporary files are in %q, not %q", dir, own)
	}
}

func TestThePlaceCanBeWritten(t *testing.T) {
	t.Setenv("TMPDIR", "")
	dir := Dir()
	if dir == "" {
		t.Skip("there is no place in memory here")
	}
	Use()
	f, err := os.CreateTemp("", "imaphaul-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if !strings.HasPrefix(f.Name(), dir+"/") {
		t.Errorf("%s is not below %s", f.Name(), dir)
	}
	if _, err := f.WriteString("some bytes"); err != nil {
		t.Error(err)
	}
}
