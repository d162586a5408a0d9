package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// placeOf is where the journal of a pair is to be, in a directory that is there.
func placeOf(t testing.TB, dir string, p Pair) string {
	t.Helper()
	name := filepath.Join(dir, p.location())
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

func account(i int) Pair {
	return Pair{Host1: "old.example.org", User1: fmt.Sprintf("u%d", i), Host2: "new.example.org", User2: fmt.Sprintf("v%d", i)}
}

func closed(t testing.TB, dir string, p Pair) string {
	t.Helper()
	j, err := Open(t.Context(), dir, p, Options{})
	if err == nil {
		err = j.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return j.Path()
}

// TestOthersOpensNoStrangers: a run reads the journals that lead into its account on host2,
// whatever there is of other accounts: these files are not even opened.
func TestOthersOpensNoStrangers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	self := account(1)
	alias, port, way, sameFrom := self, self, self, account(2)
	alias.Host2, alias.User1 = "mx.example.org", "alias"
	port.Port2, port.User1 = 1143, "port"
	way.Way = "0123456789abcdef"
	sameFrom.Host1, sameFrom.User1 = self.Host1, self.User1
	for _, p := range []Pair{self, alias, port, way, sameFrom} {
		closed(t, dir, p)
	}
	// Who reads one of these finds that it is none.
	for i := 100; i < 400; i++ {
		if err := os.WriteFile(placeOf(t, dir, account(i)), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	count := func(what string, all []Other, bad []error, err error, want, wantBad int) {
		t.Helper()
		if len(all) != want || len(bad) != wantBad || err != nil {
			t.Errorf("%s: %d journals, %d unreadable, %v", what, len(all), len(bad), err)
		}
	}
	all, bad, err := Others(t.Context(), dir, "", self)
	count("into the account", all, bad, err, 3, 0)
	for i := range all {
		if all[i].Alias != (all[i].Pair.User1 == "alias") {
			t.Errorf("alias: %+v", all[i].Pair)
		}
	}
	all, bad, err = OfHost1(t.Context(), dir, self)
	count("from the account", all, bad, err, 3, 0)
	all, bad, err = List(t.Context(), dir)
	count("all", all, bad, err, 5, 300)

	// What is torn and leads into the account may know whose a message is.
	torn := self
	torn.User1 = "torn"
	if err := os.WriteFile(placeOf(t, dir, torn), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, bad, err = Others(t.Context(), dir, "", self)
	count("with a torn one", all, bad, err, 3, 1)
}

// TestOldPlaces: a journal where they were until November 2026 is found in every mode, and
// moved by a real run, which waits for who uses it there.
func TestOldPlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := account(1)
	j, err := Open(t.Context(), dir, p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(attach(t, j, "A", "A", 1, 1).Put(Entry{UID1: 1, UID2: 2}), j.Close()); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, p.oldName())
	if err := os.Rename(j.Path(), old); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []Mode{ReadOnly, DryRun} {
		j, err := Open(t.Context(), dir, p, Options{Mode: mode})
		if err != nil || len(j.Folders()) != 1 || j.Path() != old {
			t.Fatal(mode, err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
	other := p
	other.User1 = "other"
	if all, bad, err := Others(t.Context(), dir, "", other); len(all) != 1 || len(bad) > 0 || err != nil {
		t.Error(all, bad, err)
	}

	lock, err := acquireLock(t.Context(), old+".lock", false, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, p, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("in use at its old place: %v", err)
	}
	time.AfterFunc(3*lockPoll, func() { _ = lock.release() })
	j, err = Open(context.Background(), dir, p, Options{Wait: -1})
	if err != nil || j.Created() || len(j.Folders()) != 1 || isThere(old) || j.Path() != filepath.Join(dir, p.location()) {
		t.Fatal(err, j)
	}
	// A version that knows only the old place keeps out as long as this run lasts, and in
	// every later one.
	for range 2 {
		if _, err := acquireLock(t.Context(), old+".lock", false, 0); !errors.Is(err, ErrLocked) {
			t.Errorf("the old place is free: %v", err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		lock, err := acquireLock(t.Context(), old+".lock", false, 0)
		if err != nil {
			t.Fatal("the old place is not given back", err)
		}
		if err := lock.release(); err != nil {
			t.Error(err)
		}
		if j, err = Open(t.Context(), dir, p, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if Name(old) != Name(j.Path()) {
		t.Errorf("names: %s, %s", Name(old), Name(j.Path()))
	}
}

// TestMovedWhileRead: a journal that leaves its old place between the names and the reading,
// for a directory that is made for it, is read where it is then. One that is removed is not
// asked for for ever.
func TestMovedWhileRead(t *testing.T) {
	t.Parallel()
	for _, remove := range []bool{false, true} {
		dir := t.TempDir()
		var left []Pair
		for i := range 12 {
			p := account(i)
			if err := os.Rename(closed(t, dir, p), filepath.Join(dir, p.oldName())); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(filepath.Dir(filepath.Join(dir, p.location()))); err != nil {
				t.Fatal(err)
			}
			left = append(left, p)
		}
		// Whenever one is read, others move that are not read yet.
		wanted := func(Pair) bool {
			for _, p := range left {
				old := filepath.Join(dir, p.oldName())
				if remove {
					_ = os.Remove(old)
				} else if _, err := os.Stat(old); err == nil {
					if err := os.Rename(old, placeOf(t, dir, p)); err != nil {
						t.Fatal(err)
					}
				}
			}
			return true
		}
		all, bad, err := search{dir: dir, wanted: wanted}.read(t.Context())
		if want := map[bool]int{false: 12, true: 0}[remove]; len(all) != want || len(bad) > 0 || err != nil {
			t.Errorf("remove %v: %d journals, %v, %v", remove, len(all), bad, err)
		}
	}
}

// BenchmarkOthers is what a run pays for the journals of other accounts.
func BenchmarkOthers(b *testing.B) {
	for _, n := range []int{100, 10000} {
		dir := b.TempDir()
		closed(b, dir, account(0))
		file, err := os.ReadFile(File(dir, account(0)))
		if err != nil {
			b.Fatal(err)
		}
		for i := 1; i < n; i++ {
			if err := os.WriteFile(placeOf(b, dir, account(i)), file, 0o600); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprintf("accounts=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if all, bad, err := Others(b.Context(), dir, "", account(0)); len(all) != 1 || len(bad) > 0 || err != nil {
					b.Fatal(len(all), bad, err)
				}
			}
		})
	}
}
