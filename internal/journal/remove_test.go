package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestListAndRemove: all journals of a directory are seen, one in use is not removed.
func TestListAndRemove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx := context.Background()
	one, err := Open(ctx, dir, Pair{Host1: "a", User1: "u", Host2: "b", User2: "v"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	two, err := Open(ctx, dir, Pair{Host1: "a", User1: "u", Host2: "c", User2: "w"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other.journal"), []byte("not a journal"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := two.Close(); err != nil {
		t.Fatal(err)
	}
	all, bad, err := List(ctx, dir)
	if err != nil || len(all) != 2 || len(bad) != 1 {
		t.Errorf("%d journals, %v, %v", len(all), bad, err)
	}
	if err := Remove(ctx, one.Path()); !errors.Is(err, ErrLocked) {
		t.Errorf("a journal in use: %v", err)
	}
	if err := Remove(ctx, two.Path()); err != nil {
		t.Error(err)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if all, _, _ = List(ctx, dir); len(all) != 1 || all[0].Path != one.Path() {
		t.Errorf("left: %+v", all)
	}
}
