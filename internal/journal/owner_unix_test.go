//go:build unix

package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLockIsNoLink: the lock is not taken through a symbolic link, whatever it points
// to, and nothing is written there.
func TestLockIsNoLink(t *testing.T) {
	for _, mode := range []Mode{ReadWrite, ReadOnly, DryRun} {
		dir := t.TempDir()
		pair := pairA
		victim := filepath.Join(dir, "victim")
		if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		lock := placeOf(t, dir, pair) + ".lock"
		if err := os.Symlink(victim, lock); err != nil {
			t.Fatal(err)
		}
		j, err := Open(t.Context(), dir, pair, Options{Mode: mode})
		if err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("mode %d: %v", mode, err)
		}
		if j != nil {
			_ = j.Close()
		}
		if b, err := os.ReadFile(victim); err != nil || string(b) != "precious" {
			t.Errorf("mode %d: %q, %v", mode, b, err)
		}
	}
}

func TestDirectoryOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chown(dir, 4711, -1); err != nil {
		t.Skip("only the administrator gives directories away")
	}
	for _, mode := range []Mode{ReadWrite, DryRun} {
		j, err := Open(t.Context(), dir, pairA, Options{Mode: mode})
		if err == nil || !strings.Contains(err.Error(), "another user") || !strings.Contains(err.Error(), "--cachedir") {
			t.Errorf("mode %d: %v", mode, err)
		}
		if j != nil {
			_ = j.Close()
		}
	}
	defer func(old func() int) { geteuid = old }(geteuid)
	geteuid = func() int { return 4711 }
	j, err := Open(t.Context(), dir, pairA, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_ = j.Close()
}
