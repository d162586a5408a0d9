package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

// schema1 writes a file as schema 1 had it: two messages, one of them on host2; two
// messages of host2 alone, one of which was delivered once.
func schema1(t *testing.T, dir string) {
	t.Helper()
	entry := func(head byte, uid1, uid2 int64, key byte) []byte {
		b := binary.AppendVarint([]byte{head}, uid1)
		if head&2 != 0 {
			b = binary.AppendVarint(b, uid2)
		}
		b = append(b, 0, 7) // flags, size
		return append(b, append([]byte{key}, make([]byte, 15)...)...)
	}
	var record []byte
	record = binary.AppendUvarint(record, 1)
	for _, n := range []uint64{10, 20, 3, 50, 0, 0, 2, 3} {
		record = binary.AppendUvarint(record, n)
	}
	record = binary.AppendVarint(record, 14)
	record = binary.AppendVarint(record, 21)
	record = binary.AppendVarint(append(record, 1), time.Unix(5, 0).UnixNano())
	db, err := bbolt.Open(placeOf(t, dir, pairA), 0o600, &bbolt.Options{PageSize: pageSize})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{"journal", "folders", "entries", "extras", "delivered", "doubt", "flags", "traffic"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		put := func(bucket, key string, value []byte) error {
			return tx.Bucket([]byte(bucket)).Put([]byte(key), seal([]byte(key), value))
		}
		return errors.Join(
			put("journal", "schema", []byte{1, 0, 0, 0}),
			put("journal", "pair", pairA.encode()),
			put("folders", "\x01AB", record),
			tx.Bucket([]byte("folders")).SetSequence(1),
			put("entries", "\x00\x00\x00\x01\x00\x00\x00\x01", append(entry(3, 1, 11, 1), entry(0, 1, 0, 2)...)),
			put("extras", "\x00\x00\x00\x01\x00\x00\x00\x1e", append(entry(2, 0, 30, 3), entry(3, 0, 1, 4)...)),
		)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestSchema1IsRead(t *testing.T) {
	for _, mode := range []Mode{DryRun, ReadOnly, ReadWrite} {
		dir := t.TempDir()
		schema1(t, dir)
		before := listing(t, dir)[pairA.location()]
		j := openMode(t, dir, mode)
		if j.Damage() != nil {
			t.Fatal(j.Damage())
		}
		f := attach(t, j, "A", "B", 10, 20)
		st, _ := f.State()
		want := FolderState{
			UIDValidity1: 10, UIDValidity2: 20, UIDNext1: 3, UIDNext2: 50, Messages1: 2, Messages2: 3,
			Size1: 14, Size2: 21, CompleteAt: time.Unix(5, 0),
		}
		if d := cmp.Diff(want, st); d != "" {
			t.Errorf("state (-want +got)\n%s", d)
		}
		if d := cmp.Diff([]Entry{{UID1: 1, UID2: 11, Key: Key{1}, Size: 7, Delivered: true}, {UID1: 2, Key: Key{2}, Size: 7}}, collect(t, f.Entries())); d != "" {
			t.Errorf("entries (-want +got)\n%s", d)
		}
		// Which of the extras are claimed was not told.
		if d := cmp.Diff([]Entry{{UID2: 30, Key: Key{3}, Size: 7}, {UID2: 31, Key: Key{4}, Size: 7}}, collect(t, f.Extras())); d != "" {
			t.Errorf("extras (-want +got)\n%s", d)
		}
		if f.First() != (First{}) {
			t.Errorf("first run %+v", f.First())
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if after := listing(t, dir)[pairA.location()]; mode != ReadWrite && after != before {
			t.Error("a run that writes nothing wrote")
		}
		if mode != ReadWrite {
			continue
		}
		j = mustOpen(t, dir)
		f = attach(t, j, "A", "B", 10, 20)
		if n := len(collect(t, f.Extras())); n != 2 || j.schema != schemaVersion {
			t.Errorf("after the conversion: %d extras, schema %d", n, j.schema)
		}
		checkSound(t, j)
	}
}

// What the first run found stays, through states and further calls, until the folder
// on host2 is another one.
func TestFirstRun(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	f := attach(t, j, "A", "B", 1, 2)
	first := First{UIDNext2: 40, At: time.Unix(1000, 0)}
	step := func(what string, err error, want First) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := f.First(); got.UIDNext2 != want.UIDNext2 || !got.At.Equal(want.At) {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	again := func(uv1, uv2 uint32) {
		j = reopen(t, j, dir)
		f = attach(t, j, "A", "B", uv1, uv2)
	}
	step("noted", f.SetFirst(first), first)
	again(1, 2)
	step("nothing else was written", nil, First{})
	step("noted again", f.SetFirst(first), first)
	b := Batch{Items: []Entry{{UID1: 1}}}
	step("begun", f.Begin(&b), first)
	again(1, 2)
	step("reopened", nil, first)
	step("a later call", f.SetFirst(First{UIDNext2: 99, At: time.Unix(2000, 0)}), first)
	step("a state", f.SetState(FolderState{UIDNext2: 70, CompleteAt: time.Unix(3000, 0)}), first)
	again(7, 2)
	step("host1 rebuilt", nil, first)
	again(7, 8)
	step("host2 rebuilt", nil, First{})
	step("anew", errors.Join(f.SetFirst(First{UIDNext2: 5}), f.Put(Entry{UID1: 1})), First{UIDNext2: 5, At: time.Time{}})
	step("forgotten", f.Forget(), First{})
	checkSound(t, j)
}

func TestClaims(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	f := attach(t, j, "A", "B", 1, 2)
	err := errors.Join(
		f.Put(Entry{UID1: 1, UID2: 11}, Entry{UID1: 2, UID2: 12, Delivered: true}, Entry{UID1: 3, Delivered: true, Key: Key{3}}),
		f.PutExtras(Entry{UID2: 20}),
		f.Drop(1, 2, 3),
		f.PutExtras(Entry{UID2: 12, Flags2: 2}, Entry{UID2: 20, Flags2: 2}), // its flags changed
	)
	if err != nil {
		t.Fatal(err)
	}
	claimed := func() (uids []imap.UID) {
		for _, e := range collect(t, f.Extras()) {
			if e.Delivered {
				uids = append(uids, e.UID2)
			}
		}
		return uids
	}
	if d := cmp.Diff([]imap.UID{11, 12}, claimed()); d != "" {
		t.Error(d)
	}
	if err := f.DropExtras(11); err != nil {
		t.Fatal(err)
	}
	j = reopen(t, j, dir)
	f = attach(t, j, "A", "B", 1, 2)
	if d := cmp.Diff([]imap.UID{12}, claimed()); d != "" {
		t.Error(d)
	}
	f = attach(t, j, "A", "B", 9, 2)
	if got := claimed(); got != nil {
		t.Errorf("%v are claimed by a folder that is another one", got)
	}
}

func TestOurMarks(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	f := attach(t, j, "A", "B", 1, 2)
	err := errors.Join(
		f.Put(Entry{UID1: 1, UID2: 11, Size: 5}, Entry{UID1: 2}, Entry{UID1: 4, UID2: 14, Cut: true}),
		f.MarkDeleted(true, 3, 1, 3),
		f.Put(Entry{UID1: 1, UID2: 11, Size: 6}, Entry{UID1: 4, UID2: 14}),
		f.MarkDeleted(false, 2, 7),
		f.Put(Entry{UID1: 5, UID2: 15}, Entry{UID1: 6, UID2: 16}),
		f.MarkCut(9, 6, 6, 3),
		f.Drop(5),
	)
	if err != nil {
		t.Fatal(err)
	}
	j = reopen(t, j, dir)
	f = attach(t, j, "A", "B", 1, 2)
	want := []Entry{{UID1: 1, UID2: 11, Size: 6, OurDeleted: true}, {UID1: 2}, {UID1: 3, OurDeleted: true, Cut: true}, {UID1: 4, UID2: 14, Cut: true}, {UID1: 6, UID2: 16, Cut: true}}
	if d := cmp.Diff(want, collect(t, f.Entries())); d != "" {
		t.Error(d)
	}
	if uids, err := f.OurMarks(); err != nil || !slices.Equal(uids, []imap.UID{1, 3}) {
		t.Errorf("marked: %v, %v", uids, err)
	}
	// Another copy of it is another matter, and so is a mark that was taken off.
	if err := errors.Join(f.MarkDeleted(false, 1, 3), f.Put(Entry{UID1: 4, UID2: 15})); err != nil {
		t.Fatal(err)
	}
	want = []Entry{{UID1: 1, UID2: 11, Size: 6}, {UID1: 2}, {UID1: 3, Cut: true}, {UID1: 4, UID2: 15}, {UID1: 6, UID2: 16, Cut: true}}
	if d := cmp.Diff(want, collect(t, f.Entries())); d != "" {
		t.Error(d)
	}
	checkSound(t, j)
}

func TestNotes(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	note := []byte(`{"imap.example.org": 1}`)
	if err := errors.Join(j.SetNote(1, []byte("x")), j.SetNote(2, note), j.SetNote(1, nil)); err != nil {
		t.Fatal(err)
	}
	note[0] = 'X' // the journal has a copy
	if j.SetNote(2, make([]byte, MaxNote+1)) == nil || j.SetNote(3, note) == nil {
		t.Error("a note that is too long, or of no side, is taken")
	}
	j = reopen(t, j, dir)
	if string(j.Note(2)) != `{"imap.example.org": 1}` || j.Note(1) != nil {
		t.Errorf("%q %q", j.Note(1), j.Note(2))
	}
	if err := j.SetNote(1, make([]byte, MaxNote)); err != nil {
		t.Error(err)
	}
	checkSound(t, j)
}

func TestRunsAreCounted(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1000, 0)
	for n := uint64(1); n <= 3; n++ {
		j, err := Open(context.Background(), dir, pairA, Options{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		if got := j.Runs().ID; got != n-1 {
			t.Errorf("run %d: %d are counted before it wrote anything", n, got)
		}
		attach(t, j, "A", "B", uint32(n), 1)
		attach(t, j, "C", "D", uint32(n), 1)
		if r := j.Runs(); r.ID != n || !r.First.Equal(time.Unix(1000, 0)) || !r.Last.Equal(now) {
			t.Errorf("run %d: %+v", n, r)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	if j := openMode(t, dir, DryRun); j.Runs().ID != 3 {
		t.Errorf("%+v", j.Runs())
	}
}

func TestOthers(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	open := func(p Pair) *Journal {
		t.Helper()
		j, err := Open(ctx, dir, p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		return j
	}
	self := open(pairA)
	bea := pairA
	bea.User1 = "bea@example.org"
	odd := pairA
	odd.Way = "0123456789ab"
	elsewhere := bea
	elsewhere.User2 = "bea@example.org"
	other := open(bea)
	f := attach(t, other, "INBOX", "All", 3, 4)
	err := errors.Join(
		f.SetFirst(First{UIDNext2: 9, At: time.Unix(7, 0)}),
		f.Put(Entry{UID1: 1, UID2: 11, Cut: true, Key: Key{1}, Marks: 0x41, Size: 5}, Entry{UID1: 2, UID2: 12, Key: Key{2}, Size: 6}, Entry{UID1: 3}),
		f.PutExtras(Entry{UID2: 30}), f.Drop(2),
		f.Begin(&Batch{UIDNext2: 33, Items: []Entry{{UID1: 5}}}),
	)
	if err != nil {
		t.Fatal(err)
	}
	attach(t, open(odd), "A", "B", 1, 1)
	attach(t, open(elsewhere), "A", "B", 1, 1)
	if err := os.WriteFile(filepath.Join(dir, "torn.journal"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	// All of them are open for writing, this process or another.
	all, bad, err := Others(ctx, dir, self.Path(), pairA)
	if err != nil {
		t.Fatal(err)
	}
	var unreadable *UnreadableError
	if len(bad) != 1 || !errors.As(bad[0], &unreadable) || filepath.Base(unreadable.Path) != "torn.journal" {
		t.Errorf("unreadable: %v", bad)
	}
	got := map[string]Other{}
	for _, o := range all {
		got[o.Pair.User1+o.Pair.Way] = o
		if !o.Pair.SameHost2(pairA) {
			t.Errorf("%+v leads elsewhere", o.Pair)
		}
	}
	if len(got) != 2 || got["ann@example.org0123456789ab"].Path == "" {
		t.Fatalf("%v", got)
	}
	o := got["bea@example.org"]
	want := []OtherFolder{{
		Name1: "INBOX", Name2: "All", UIDValidity1: 3, UIDValidity2: 4, First: First{UIDNext2: 9, At: time.Unix(7, 0)},
		Pairs: []Paired{{UID1: 1, UID2: 11, Cut: true, Marks: 0x41, Key: Key{1}, Size: 5}}, Claimed: []Paired{{UID2: 12, Key: Key{2}, Size: 6}}, DoubtFrom: 33, DoubtValidity2: 4,
	}}
	if d := cmp.Diff(want, o.Folders); d != "" || o.Runs.ID != 1 {
		t.Errorf("%+v\n%s", o.Runs, d)
	}
	if _, _, err := Others(ctx, filepath.Join(dir, "none"), "", pairA); err != nil {
		t.Error(err)
	}
}

// A journal is read while its owner writes, and each time as it was at one moment:
// here every commit moves all messages to other UIDs of host2.
func TestOthersReadWhatIsBeingWritten(t *testing.T) {
	dir := t.TempDir()
	bea := pairA
	bea.User1 = "bea@example.org"
	j, err := Open(context.Background(), dir, bea, Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := attach(t, j, "A", "B", 1, 1)
	const n = 2000
	put := func(round int) error {
		es := make([]Entry, n)
		for i := range es {
			es[i] = Entry{UID1: imap.UID(i + 1), UID2: imap.UID(round*n + i + 1)}
		}
		return f.Put(es...)
	}
	if err := put(0); err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan error)
	go func() {
		for round := 1; ; round++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := put(round); err != nil {
				done <- err
				return
			}
		}
	}()
	reads := 0
	for range 30 {
		all, bad, err := Others(context.Background(), dir, "", pairA)
		if err != nil {
			t.Fatal(err)
		}
		if len(bad) > 0 { // too busy; never torn
			continue
		}
		reads++
		pairs := all[0].Folders[0].Pairs
		round := (pairs[0].UID2 - 1) / n
		for i, p := range pairs {
			if p.UID1 != imap.UID(i+1) || p.UID2 != round*n+p.UID1 {
				t.Fatalf("message %d of a state that never was: %+v in round %d", i, p, round)
			}
		}
		if len(pairs) != n {
			t.Fatalf("%d messages", len(pairs))
		}
	}
	close(stop)
	if err := errors.Join(<-done, j.Close()); err != nil {
		t.Fatal(err)
	}
	if reads == 0 {
		t.Error("it could never be read")
	}
}

func TestPairsComeBack(t *testing.T) {
	for _, p := range []Pair{
		pairA, {}, {User2: "x (identity "}, {User2: "x (identity )"}, {User2: "x (identity zz)"},
		{Host1: "a", User1: "u", Port1: 1143, Host2: "b", User2: "v (identity 12)", Port2: 7, Way: "00ff"},
	} {
		got, err := decodePair(p.encode())
		if err != nil || got != p.normal() {
			t.Errorf("%+v came back as %+v, %v", p, got, err)
		}
	}
}
