package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// image is all that a journal says, for comparison.
type image struct {
	Folders map[string]folderImage
	Bytes   int64
}

type folderImage struct {
	State           FolderState
	Entries, Extras []Entry
	Doubt           []*Batch
}

func imageOf(t *testing.T, j *Journal) image {
	t.Helper()
	im := image{Folders: map[string]folderImage{}, Bytes: j.Bytes(Side1, time.Unix(0, 0), time.Unix(1<<32, 0))}
	for _, f := range j.Folders() {
		s, _ := f.State()
		attach(t, j, f.names.one, f.names.two, s.UIDValidity1, s.UIDValidity2)
		doubt, err := f.InDoubt()
		if err != nil {
			t.Fatal(err)
		}
		im.Folders[f.names.one] = folderImage{s, collect(t, f.Entries()), collect(t, f.Extras()), doubt}
	}
	return im
}

// snapshot is the file after a commit, and what it says.
type snapshot struct {
	file  []byte
	says  image
	after string
}

// history moves three folders and returns the file after every commit.
func history(t *testing.T, batches int) []snapshot {
	t.Helper()
	dir := t.TempDir()
	j := mustOpen(t, dir)
	r := rand.New(rand.NewPCG(3, 4))
	var all []snapshot
	note := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(what, err)
		}
		b, err := os.ReadFile(j.Path())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, snapshot{b, imageOf(t, j), what})
	}
	note("open", nil)
	for n := range 3 {
		f := j.Folder(fmt.Sprint("F", n), "x")
		_, err := f.Attach(1, 1)
		note("attach", err)
		es := mailbox(j, r, batches*30, 1)
		var done []Settlement
		for i := range batches {
			b := &Batch{UIDNext2: imap.UID(i*30 + 1), Items: es[i*30 : i*30+30]}
			j.AddBytes(Side1, time.Unix(1000, 0), 30)
			note("advance", f.Advance(done, b))
			s := Settlement{ID: b.ID}
			for _, e := range b.Items[:29] {
				s.Delivered = append(s.Delivered, Delivery{e.UID1, e.UID2})
			}
			done = []Settlement{s}
		}
		note("settle", f.Advance(done))
		note("drop", f.Drop(es[3].UID1, es[40].UID1))
		note("state", f.SetState(FolderState{UIDNext1: 77, CompleteAt: time.Unix(5, 0)}))
	}
	_, err := j.Folder("F1", "x").Attach(1, 2)
	note("rebuilt", err)
	note("forget", j.Folder("F2", "x").Forget())
	return all
}

// openCopy opens a file with these contents.
func openCopy(t *testing.T, file []byte) (j *Journal, dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(placeOf(t, dir, pairA), file, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := Open(context.Background(), dir, pairA, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j, dir
}

// TestKilledAfterEveryCommit: whatever commit was the last, it is all there.
func TestKilledAfterEveryCommit(t *testing.T) {
	for i, s := range history(t, 6) {
		j, _ := openCopy(t, s.file)
		if j.Damage() != nil {
			t.Fatalf("commit %d (%s): %v", i, s.after, j.Damage())
		}
		if d := diff(s.says, imageOf(t, j)); d != "" {
			t.Fatalf("commit %d (%s) (-before +after the crash)\n%s", i, s.after, d)
		}
		_ = j.Close()
	}
}

// TestPowerCutInsideACommit: some of a commit's pages reached the disk, in any
// order, but not the meta page, or half of it. The commit before counts.
func TestPowerCutInsideACommit(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	all := history(t, 6)
	for i := 1; i < len(all); i++ {
		before, after := all[i-1], all[i]
		for try := range 6 {
			torn := append([]byte(nil), before.file...)
			if try%2 == 0 && len(after.file) > len(torn) { // the file had grown already
				torn = append(torn, make([]byte, len(after.file)-len(torn))...)
			}
			for at := 2 * pageSize; at < len(after.file) && at < len(torn); at += pageSize {
				if r.IntN(2) == 0 {
					copy(torn[at:at+pageSize], after.file[at:])
				}
			}
			if try > 3 { // half of the new meta page, the other half still old
				for at := 0; at < 2*pageSize; at += pageSize {
					half := pageHeaderSize + 8 + r.IntN(metaSize-16)
					copy(torn[at:at+half], after.file[at:at+half])
				}
			}
			j, _ := openCopy(t, torn)
			if j.Damage() != nil {
				t.Fatalf("commit %d (%s): %v", i, after.after, j.Damage())
			}
			if d := diff(before.says, imageOf(t, j)); d != "" {
				t.Fatalf("commit %d (%s) (-before +after the power cut)\n%s", i, after.after, d)
			}
			_ = j.Close()
		}
	}
}

// checkConverges opens a damaged file: it is believed only where it says what was
// once committed; else it is kept under another name and a new journal works.
func checkConverges(t *testing.T, what string, file []byte, committed []snapshot) (setAside bool) {
	t.Helper()
	j, dir := openCopy(t, file)
	defer j.Close()
	if d := j.Damage(); d != nil {
		kept, err := os.ReadFile(d.MovedTo)
		if err != nil || string(kept) != string(file) {
			t.Fatalf("%s: the damaged file is not kept: %v", what, err)
		}
		if !strings.Contains(d.String(), d.MovedTo) || len(j.Folders()) != 0 || !j.Created() {
			t.Fatalf("%s: %v", what, d)
		}
		f := attach(t, j, "F0", "x", 1, 1)
		if err := f.Put(item(1)); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if j = reopen(t, j, dir); j.Damage() != nil {
			t.Fatalf("%s: the new one is damaged: %v", what, j.Damage())
		}
		return true
	}
	says := imageOf(t, j)
	for _, s := range committed {
		if reflect.DeepEqual(s.says, says) {
			return false
		}
	}
	t.Fatalf("%s: it says what was never stored", what)
	return false
}

func TestTruncated(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	all := history(t, 6)
	last := all[len(all)-2:]
	file := last[1].file
	sizes := []int{0, 1, pageHeaderSize, pageSize - 1, pageSize, 2*pageSize - 1, 2 * pageSize, 3 * pageSize, len(file) - 1}
	for range 150 {
		sizes = append(sizes, r.IntN(len(file)))
	}
	aside := 0
	for _, n := range sizes {
		if checkConverges(t, fmt.Sprintf("%d of %d bytes", n, len(file)), file[:n], last) {
			aside++
		}
	}
	if aside < len(sizes)/4 {
		t.Errorf("%d of %d set aside: too few to mean anything", aside, len(sizes))
	}
}

func TestOverwritten(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	all := history(t, 6)
	last := all[len(all)-2:]
	for i := range 200 {
		file := append([]byte(nil), last[1].file...)
		var what string
		switch at := r.IntN(len(file)); i % 4 {
		case 0:
			file[at] ^= 1 << r.IntN(8)
			what = fmt.Sprintf("bit flipped in byte %d", at)
		case 1: // where structure is dense: the start of a page
			at = at/pageSize*pageSize + r.IntN(200)
			file[at] ^= byte(1 + r.IntN(255))
			what = fmt.Sprintf("byte %d overwritten", at)
		case 2:
			n := min(len(file)-at, 1+r.IntN(3*pageSize))
			clear(file[at : at+n])
			what = fmt.Sprintf("%d bytes from %d are zero", n, at)
		case 3:
			from := r.IntN(len(file)/pageSize) * pageSize
			at = at / pageSize * pageSize
			copy(file[at:at+pageSize], last[1].file[from:from+pageSize])
			what = fmt.Sprintf("page %d is a copy of %d", at/pageSize, from/pageSize)
		}
		checkConverges(t, what, file, last)
	}
}

func TestRandomFileIsSetAsideEachTime(t *testing.T) {
	dir := t.TempDir()
	name := placeOf(t, dir, pairA)
	now := func() time.Time { return time.Unix(0, 0) }
	seen := map[string]bool{}
	for i := range 3 {
		if err := os.WriteFile(name, []byte(strings.Repeat("garbage", 3000+i)), 0o600); err != nil {
			t.Fatal(err)
		}
		dry := openMode(t, dir, DryRun)
		if d := dry.Damage(); d == nil || d.MovedTo != "" || len(dry.Folders()) != 0 {
			t.Errorf("dry run: %+v", d)
		}
		_ = dry.Close()
		j, err := Open(context.Background(), dir, pairA, Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if d := j.Damage(); d == nil || seen[d.MovedTo] {
			t.Errorf("%+v", d)
		} else {
			seen[d.MovedTo] = true
		}
		_ = j.Close()
	}
	if !seen[name+".damaged-19700101T000000Z"] {
		t.Errorf("%v", seen)
	}
}

func TestUnreadableIsNotDamaged(t *testing.T) {
	dir := t.TempDir()
	name := placeOf(t, dir, pairA)
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	if j, err := Open(context.Background(), dir, pairA, Options{}); err == nil {
		t.Errorf("a directory is a journal: %+v", j.Damage())
	}
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		t.Error("it was moved away")
	}
}

// cutOpenFile is a journal whose file was cut while it is open.
func cutOpenFile(t *testing.T) (dir string, j *Journal, f *Folder) {
	t.Helper()
	dir = t.TempDir()
	j = mustOpen(t, dir)
	f = attach(t, j, "A", "A", 1, 1)
	if err := f.Put(mailbox(j, rand.New(rand.NewPCG(1, 1)), 5000, 1)...); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(j.Path(), 2*pageSize); err != nil {
		t.Skipf("this system does not let an open file be cut: %v", err)
	}
	return dir, j, f
}

// TestFileCutWhileOpen: another program cuts the file under a running migration.
// Reading then faults; that must be an error, and Close must come back.
func TestFileCutWhileOpen(t *testing.T) {
	dir, j, f := cutOpenFile(t)
	var err error
	for _, err = range f.Entries() {
	}
	wantIs(t, "Entries", err, ErrDamaged)
	wantIs(t, "Put", f.Put(item(1)), ErrDamaged)
	if err := j.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	j = mustOpen(t, dir)
	if j.Damage() == nil {
		t.Error("the cut file is believed")
	}
}

// TestFileCutBeforeWrite: the same, met by a write first.
func TestFileCutBeforeWrite(t *testing.T) {
	_, j, f := cutOpenFile(t)
	wantIs(t, "Put", f.Put(item(1)), ErrDamaged)
	if err := j.Close(); err != nil && !errors.Is(err, ErrDamaged) {
		t.Errorf("Close: %v", err)
	}
}

// FuzzVerify gives the checker damaged files; what it calls sound, bbolt must be
// able to walk.
func FuzzVerify(f *testing.F) {
	dir := f.TempDir()
	j := mustOpen(f, dir)
	fo := attach(f, j, "A", "A", 1, 1)
	if err := fo.Put(mailbox(j, rand.New(rand.NewPCG(1, 1)), 300, 1)...); err != nil {
		f.Fatal(err)
	}
	if err := j.Close(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(j.Path())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte{})
	f.Add(uint32(2*pageSize), []byte{9})
	f.Add(uint32(3*pageSize+8), []byte{1, 0, 255, 255, 1})
	f.Fuzz(func(t *testing.T, at uint32, with []byte) {
		file := append([]byte(nil), good...)
		if int64(at) < int64(len(file)) {
			copy(file[at:], with)
		}
		// Damage to the body of a page would fail the checksums, which lie above the
		// structure: this is about pages.
		s, err := verify(strings.NewReader(string(file)), int64(len(file)))
		if err != nil {
			if !isDamage(err) {
				t.Fatal(err)
			}
			return
		}
		if s.valueErr != nil {
			return
		}
		j, _ := openCopy(t, file)
		imageOf(t, j)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
