package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

func openMode(t testing.TB, dir string, m Mode) *Journal {
	t.Helper()
	j, err := Open(context.Background(), dir, pairA, Options{Mode: m})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// listing maps the files of a directory to their contents.
func listing(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, de fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && de.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		name, relErr := filepath.Rel(dir, path)
		all[name] = string(b)
		return errors.Join(err, relErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOnlyTheOwnerMayRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permission bits mean nothing on Windows")
	}
	dir := filepath.Join(t.TempDir(), "a", "b")
	j := mustOpen(t, dir)
	if !j.Created() || filepath.Dir(filepath.Dir(j.Path())) != dir {
		t.Error(j.Created(), j.Path())
	}
	for name, want := range map[string]fs.FileMode{dir: 0o700, filepath.Dir(j.Path()): 0o700, j.Path(): 0o600, j.Path() + ".lock": 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if j = reopen(t, j, dir); j.Created() || j.Damage() != nil {
		t.Error("reopening made a new one")
	}
}

func TestPairs(t *testing.T) {
	same := []Pair{
		{Host1: "a", User1: "u", Host2: "b", User2: "v"},
		{Host1: "A.", User1: "u", Host2: "B", User2: "v", Port1: 143, Port2: 993},
	}
	if same[0].location() != same[1].location() {
		t.Error("same accounts, different files")
	}
	seen := map[string]Pair{}
	for _, p := range []Pair{
		same[0],
		{Host1: "a", User1: "U", Host2: "b", User2: "v"},
		{Host1: "au", User1: "", Host2: "b", User2: "v"},
		{Host1: "b", User1: "v", Host2: "a", User2: "u"},
		{Host1: "a", User1: "u", Host2: "b", User2: "v", Port1: 1143},
		{Host1: "a", User1: "u", Host2: "b", User2: "v", Port2: 1143},
		{Host1: "../../etc", User1: "/u", Host2: `..\b`, User2: "v\x00"},
		{},
	} {
		n := p.location()
		if other, ok := seen[n]; ok {
			t.Errorf("%v and %v share a file", p, other)
		}
		if seen[n] = p; !regexp.MustCompile(`^[0-9a-f]{2}.[0-9a-f]{16}-[0-9a-f]{16}-[0-9a-f]{32}\.journal$`).MatchString(n) {
			t.Errorf("file name %q", n)
		}
	}
}

func TestReadingCreatesNothing(t *testing.T) {
	for _, mode := range []Mode{ReadOnly, DryRun} {
		dir := filepath.Join(t.TempDir(), "not", "there")
		j := openMode(t, dir, mode)
		f := attach(t, j, "A", "A", 1, 1)
		if es := collect(t, f.Entries()); es != nil || len(j.Folders()) != 0 || j.Damage() != nil {
			t.Errorf("%+v", es)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Dir(dir)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("mode %d made a directory", mode)
		}
	}
}

func TestReadingChangesNothing(t *testing.T) {
	for _, mode := range []Mode{ReadOnly, DryRun} {
		dir := t.TempDir()
		j := mustOpen(t, dir)
		given(t, j)
		begin(t, j.Folder("INBOX", "INBOX"), item(8))
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		before := listing(t, dir)
		j = openMode(t, dir, mode)
		f := attach(t, j, "INBOX", "INBOX", 10, 20)
		want := collect(t, f.Entries())
		j.AddBytes(Side1, time.Unix(0, 0), 5)
		b := &Batch{Items: []Entry{item(1)}}
		for name, err := range map[string]error{
			"Put": f.Put(item(50)), "Drop": f.Drop(1), "Begin": f.Begin(b), "Settle": f.Settle(1), "Forget": f.Forget(),
			"SetState": f.SetState(FolderState{}), "ForgetDelivered": f.ForgetDelivered(), "Flush": j.Flush(),
		} {
			if mode == ReadOnly {
				wantIs(t, name, err, ErrReadOnly)
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if mode == DryRun && b.ID == 0 {
			t.Error("a batch without a number")
		}
		if err := f.Put(Entry{}); mode == DryRun && err == nil {
			t.Error("nonsense is accepted in a dry run")
		}
		got, err := f.InDoubt()
		if len(want) != 3 || cmp.Diff(want, collect(t, f.Entries())) != "" || len(got) != 1 || err != nil {
			t.Errorf("mode %d changed what is read: %v %v", mode, got, err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(before, listing(t, dir)); d != "" {
			t.Errorf("mode %d changed files", mode)
		}
	}
}

func TestNone(t *testing.T) {
	j := None()
	f := attach(t, j, "A", "A", 1, 1)
	b := begin(t, f, item(1))
	if err := f.Settle(b.ID, Delivery{1, 1}); err != nil || b.ID == 0 {
		t.Error(err)
	}
	if es := collect(t, f.Entries()); es != nil || j.Path() != "" {
		t.Error(es, j.Path())
	}
	if id := j.InternFlags(nil); id == 0 {
		t.Error("no flag sets")
	}
	if err := errors.Join(j.Flush(), j.Close(), j.Close()); err != nil {
		t.Error(err)
	}
}

func TestAfterClose(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	f := attach(t, j, "A", "A", 1, 1)
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	wantIs(t, "Put", f.Put(item(1)), ErrClosed)
	wantIs(t, "Begin", f.Begin(&Batch{Items: []Entry{item(1)}}), ErrClosed)
	for _, err := range f.Entries() {
		wantIs(t, "Entries", err, ErrClosed)
	}
	_, err := f.Attach(1, 1)
	wantIs(t, "Attach", err, ErrClosed)
}

func TestForeignFile(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	other := pairA
	other.User2 = "bob@example.org"
	name := placeOf(t, dir, other)
	if err := os.Rename(j.Path(), name); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), dir, other, Options{})
	var wrong *WrongPairError
	if !errors.As(err, &wrong) {
		t.Fatalf("%v", err)
	}
	if _, err := Open(context.Background(), dir, other, Options{}); !errors.As(err, &wrong) {
		t.Errorf("the lock is kept after a failure: %v", err)
	}
}

// rewrite changes the closed journal in dir with plain bbolt.
func rewrite(t *testing.T, dir string, f func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(placeOf(t, dir, pairA), 0o600, nil)
	if err == nil {
		err = errors.Join(db.Update(f), db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if err := mustOpen(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	rewrite(t, dir, func(tx *bbolt.Tx) error {
		// Its values follow rules that this version does not know.
		return errors.Join(putVersion(tx, schemaVersion+1), tx.Bucket(foldersBucket).Put([]byte("new"), []byte("rules")))
	})
	before := listing(t, dir)
	for _, mode := range []Mode{ReadWrite, ReadOnly, DryRun} {
		_, err := Open(context.Background(), dir, pairA, Options{Mode: mode})
		var newer *NewerSchemaError
		if !errors.As(err, &newer) || newer.Found != schemaVersion+1 || !strings.Contains(err.Error(), "--cachedir") {
			t.Errorf("mode %d: %v", mode, err)
		}
	}
	if d := cmp.Diff(before, listing(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestMigration(t *testing.T) {
	ran := 0
	migrations[0] = func(tx *bbolt.Tx) error {
		ran++
		return tx.Bucket(metaBucket).Delete([]byte("old"))
	}
	defer delete(migrations, 0)
	dir := t.TempDir()
	j := mustOpen(t, dir)
	given(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	old := []byte("old")
	rewrite(t, dir, func(tx *bbolt.Tx) error {
		return errors.Join(putVersion(tx, 0), tx.Bucket(metaBucket).Put(old, seal(old, nil)))
	})
	if j := openMode(t, dir, DryRun); len(j.Folders()) != 0 || j.Damage() == nil || ran != 0 {
		t.Error("a dry run read an old layout")
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		j := mustOpen(t, dir)
		if len(j.Folders()) != 1 || ran != 1 || j.Damage() != nil {
			t.Errorf("%d folders, ran %d times, %v", len(j.Folders()), ran, j.Damage())
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTraffic(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	noon := time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)
	j.AddBytes(Side1, noon.Add(-40*24*time.Hour), 7)
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	j.AddBytes(Side1, noon, 100)
	j.AddBytes(Side1, noon.Add(20*time.Minute), 10)
	j.AddBytes(Side1, noon.Add(time.Hour), 1)
	j.AddBytes(Side2, noon, 5000)
	j.AddBytes(Side2, noon, -1)
	j = reopen(t, j, dir)
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		side     Side
		from, to time.Time
		want     int64
	}{
		{Side1, day, day.Add(24 * time.Hour), 111},
		{Side1, day, noon.Add(30 * time.Minute), 110},
		{Side1, noon.Add(time.Hour), noon.Add(2 * time.Hour), 1},
		{Side2, day, day.Add(24 * time.Hour), 5000},
		{Side1, day.AddDate(-1, 0, 0), day, 0}, // what is too old is forgotten
	} {
		if got := j.Bytes(tt.side, tt.from, tt.to); got != tt.want {
			t.Errorf("side %d from %v to %v: %d, want %d", tt.side, tt.from, tt.to, got, tt.want)
		}
	}
	hours := map[string]int64{}
	j.Hours(Side1, noon, func(h time.Time, n int64) { hours[h.Format("15:04")] = n })
	if d := cmp.Diff(map[string]int64{"12:00": 110, "13:00": 1}, hours); d != "" {
		t.Error(d)
	}
}

func TestDefaultDir(t *testing.T) {
	abs := t.TempDir()
	home := func() (string, error) { return abs, nil }
	homeless := func() (string, error) { return "", errors.New("$HOME is not defined") }
	for _, tt := range []struct {
		goos, xdg, local string
		home             func() (string, error)
		want             string
	}{
		{"linux", "", "", home, filepath.Join(abs, ".local", "state", "imaphaul")},
		{"linux", abs, "", homeless, filepath.Join(abs, "imaphaul")},
		{"linux", "relative", "", home, filepath.Join(abs, ".local", "state", "imaphaul")},
		{"freebsd", "", "", homeless, ""},
		{"darwin", abs, "", home, filepath.Join(abs, "Library", "Application Support", "imaphaul")},
		{"windows", abs, abs, home, filepath.Join(abs, "imaphaul")},
		{"windows", "", "", home, ""},
	} {
		env := map[string]string{"XDG_STATE_HOME": tt.xdg, "LocalAppData": tt.local}
		got, err := defaultDir(tt.goos, func(k string) string { return env[k] }, tt.home)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%+v: %q, %v", tt, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "--cachedir") {
			t.Errorf("no remedy in %v", err)
		}
	}
}

func TestLeftoverOfACrashWhileCreating(t *testing.T) {
	dir := t.TempDir()
	name := placeOf(t, dir, pairA)
	if err := os.WriteFile(name+".new", binary.LittleEndian.AppendUint64(nil, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	j := mustOpen(t, dir)
	if !j.Created() || j.Damage() != nil {
		t.Error(j.Damage())
	}
	if _, err := os.Stat(name + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("leftover stays")
	}
}
