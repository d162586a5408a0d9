package journal

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/emersion/go-imap/v2"
)

func attach(t testing.TB, j *Journal, n1, n2 string, uv1, uv2 uint32) *Folder {
	t.Helper()
	f := j.Folder(n1, n2)
	if _, err := f.Attach(uv1, uv2); err != nil {
		t.Fatal(err)
	}
	return f
}

func reopen(t testing.TB, j *Journal, dir string) *Journal {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return mustOpen(t, dir)
}

func collect(t testing.TB, seq iter.Seq2[Entry, error]) []Entry {
	t.Helper()
	var es []Entry
	for e, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, e)
	}
	return es
}

// diff is cmp.Diff, which takes its time, for values that are mostly equal.
func diff(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}

// model is a folder as plain maps.
type model struct {
	uv1, uv2  uint32
	entries   map[imap.UID]Entry
	extras    map[imap.UID]Entry
	delivered map[Key]int
}

func newModel() *model {
	return &model{entries: map[imap.UID]Entry{}, extras: map[imap.UID]Entry{}, delivered: map[Key]int{}}
}

func (m *model) orphan(e Entry, claimed bool) {
	if e.Delivered && e.Key != (Key{}) {
		m.delivered[e.Key]++
	}
	if e.UID2 != 0 {
		e.UID1, e.Flags1 = 0, 0
		e.OurDeleted = e.OurDeleted || m.extras[e.UID2].OurDeleted
		e.Delivered = claimed || m.extras[e.UID2].Delivered
		m.extras[e.UID2] = e
	}
}

// put stores messages of host1 as Put does.
func (m *model) put(es []Entry) {
	fresh := map[imap.UID]Entry{}
	for _, e := range es {
		fresh[e.UID1] = e
	}
	for u, e := range fresh {
		if old, ok := m.entries[u]; ok {
			e.OurDeleted = e.OurDeleted || old.OurDeleted
			e.Cut = e.Cut || old.Cut && (old.UID2 == 0 || e.UID2 == 0 || e.UID2 == old.UID2)
		}
		m.entries[u] = e
	}
}

func (m *model) unclaim() {
	for u, e := range m.extras {
		e.Delivered = false
		m.extras[u] = e
	}
}

func (m *model) attach(uv1, uv2 uint32) {
	first := m.uv1 == 0 && m.uv2 == 0
	r1, r2 := !first && uv1 != m.uv1, !first && uv2 != m.uv2
	m.uv1, m.uv2 = uv1, uv2
	switch {
	case r1 && r2:
		clear(m.entries)
		clear(m.extras)
		clear(m.delivered)
	case r1:
		m.unclaim()
		for _, e := range m.entries {
			m.orphan(e, false)
		}
		clear(m.entries)
	case r2:
		clear(m.extras)
		m.loseUID2()
	}
}

func (m *model) loseUID2() {
	clear(m.delivered)
	for u, e := range m.entries {
		e.UID2, e.Flags2, e.Delivered, e.Cut = 0, 0, false, false
		m.entries[u] = e
	}
}

// values returns what the map holds, ascending by its key.
func values(m map[imap.UID]Entry) []Entry {
	var es []Entry
	for _, u := range slices.Sorted(maps.Keys(m)) {
		es = append(es, m[u])
	}
	return es
}

func (m *model) check(t *testing.T, f *Folder, keys []Key) {
	t.Helper()
	if d := diff(values(m.entries), collect(t, f.Entries())); d != "" {
		t.Fatalf("entries (-want +got)\n%s", d)
	}
	if d := diff(values(m.extras), collect(t, f.Extras())); d != "" {
		t.Fatalf("extras (-want +got)\n%s", d)
	}
	for _, k := range keys {
		got, err := f.TimesDelivered(k)
		if err != nil || got != m.delivered[k] {
			t.Fatalf("TimesDelivered(%x) = %d, want %d, %v", k, got, m.delivered[k], err)
		}
	}
}

// TestAgainstModel runs random operations on two folders that lie side by side in
// the file, and compares with plain maps, also after reopening.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(6) { // each space of UIDs twice
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			dir := t.TempDir()
			j := mustOpen(t, dir)
			pairs := []names{{"A/B", "C"}, {"A", "B/C"}}
			models := []*model{newModel(), newModel()}
			keys := make([]Key, 300)
			for i := range keys {
				keys[i] = Key{byte(r.Uint32()), byte(i), byte(i >> 8), 1}
			}
			space := []int{40, 3000, 1 << 30}[seed%3] // dense to sparse UIDs
			uid := func() imap.UID { return imap.UID(1 + r.IntN(space)) }
			random := func() Entry {
				return Entry{
					UID1: uid(), Key: keys[r.IntN(len(keys))], Flags1: FlagsID(r.IntN(3)), Flags2: FlagsID(r.IntN(3)),
					Size: r.Int64N(1 << 20), Delivered: r.IntN(2) == 0, Marks: uint8(r.IntN(2)),
					OurDeleted: r.IntN(8) == 0, Cut: r.IntN(8) == 0,
				}
			}
			for i, m := range models {
				attach(t, j, pairs[i].one, pairs[i].two, 1, 1)
				m.attach(1, 1)
			}
			for range 150 {
				i := r.IntN(2)
				f, m := j.Folder(pairs[i].one, pairs[i].two), models[i]
				var err error
				switch op := r.IntN(20); {
				case op < 7:
					es := make([]Entry, r.IntN(200))
					for k := range es {
						es[k] = random()
						if r.IntN(2) == 0 {
							es[k].UID2 = uid()
						}
					}
					m.put(es)
					before := slices.Clone(es)
					err = f.Put(es...)
					if !slices.Equal(before, es) {
						t.Fatal("Put changed its arguments")
					}
				case op < 9:
					var es []Entry
					for range r.IntN(100) {
						e := random()
						e.UID1, e.UID2, e.Flags1 = 0, uid(), 0
						es = append(es, e)
					}
					last := map[imap.UID]Entry{}
					for _, e := range es {
						last[e.UID2] = e
					}
					for u, e := range last {
						e.Delivered = e.Delivered || m.extras[u].Delivered
						e.OurDeleted = e.OurDeleted || m.extras[u].OurDeleted
						m.extras[u] = e
					}
					err = f.PutExtras(es...)
				case op < 12:
					var uids []imap.UID
					known := values(m.entries)
					for range r.IntN(150) {
						u := uid()
						if len(known) > 0 && r.IntN(3) > 0 {
							u = known[r.IntN(len(known))].UID1
						}
						uids = append(uids, u)
					}
					// Several may lead to one place on host2; the highest UID1 wins.
					slices.Sort(uids)
					for _, u := range slices.Compact(slices.Clone(uids)) {
						if e, ok := m.entries[u]; ok {
							m.orphan(e, true)
							delete(m.entries, u)
						}
					}
					r.Shuffle(len(uids), func(a, b int) { uids[a], uids[b] = uids[b], uids[a] })
					err = f.Drop(uids...)
				case op < 14:
					var uids []imap.UID
					for u := range m.extras {
						if r.IntN(2) == 0 {
							uids = append(uids, u)
						}
					}
					uids = append(uids, uid(), uid()) // perhaps not known
					for _, u := range uids {
						delete(m.extras, u)
					}
					err = f.DropExtras(uids...)
				case op < 16:
					var uids []imap.UID
					want := map[imap.UID]Entry{}
					for range r.IntN(50) {
						u := uid()
						if known := values(m.entries); len(known) > 0 && r.IntN(2) == 0 {
							u = known[r.IntN(len(known))].UID1
						}
						uids = append(uids, u)
						if e, ok := m.entries[u]; ok {
							want[u] = e
						}
					}
					var got []Entry
					got, err = f.Lookup(uids)
					if d := diff(values(want), got); d != "" {
						t.Fatalf("Lookup (-want +got)\n%s", d)
					}
				case op == 16:
					uv1, uv2 := m.uv1+uint32(r.IntN(2)), m.uv2+uint32(r.IntN(2))
					if m.uv1 == uv1 || m.uv2 == uv2 || r.IntN(4) == 0 {
						// Same place on host2 for several entries: which one becomes the extra is
						// decided by order, so the model follows it.
						m.attachOrdered(uv1, uv2)
						_, err = f.Attach(uv1, uv2)
					}
				case op == 17:
					m.loseUID2()
					err = f.ForgetDelivered()
				case op == 18:
					ours := r.IntN(2) == 0
					var uids []imap.UID
					for range r.IntN(50) {
						u := uid()
						if known := values(m.entries); len(known) > 0 && r.IntN(2) == 0 {
							u = known[r.IntN(len(known))].UID1
						}
						uids = append(uids, u)
						if e, ok := m.entries[u]; ok || ours {
							e.UID1, e.OurDeleted = u, ours
							m.entries[u] = e
						}
					}
					err = f.MarkDeleted(ours, uids...)
				default:
					j = reopen(t, j, dir)
					for i, m := range models {
						attach(t, j, pairs[i].one, pairs[i].two, m.uv1, m.uv2)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				m.check(t, f, keys[:20])
			}
			for i, m := range models {
				m.check(t, j.Folder(pairs[i].one, pairs[i].two), keys)
			}
			checkSound(t, j)
		})
	}
}

// attachOrdered is attach with entries visited in UID order.
func (m *model) attachOrdered(uv1, uv2 uint32) {
	if uv1 != m.uv1 && uv2 == m.uv2 {
		m.unclaim()
		for _, e := range values(m.entries) {
			m.orphan(e, false)
		}
		clear(m.entries)
	}
	m.attach(uv1, uv2)
}

// checkSound closes j and verifies its file in full.
func checkSound(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if reason, err := examine(j.Path()); reason != nil || err != nil {
		t.Fatalf("the file is not sound: %v, %v", reason, err)
	}
}

func TestFoldersSideBySideStayApart(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	var want [][]Entry
	for i := range 5 {
		f := attach(t, j, fmt.Sprint(i), "x", 1, 1)
		es := []Entry{{UID1: 1, Size: int64(i)}, {UID1: 1<<32 - 1, Size: int64(i)}}
		if err := f.Put(es...); err != nil {
			t.Fatal(err)
		}
		want = append(want, es)
	}
	if err := j.Folder("2", "x").Forget(); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		f := j.Folder(fmt.Sprint(i), "x")
		if i == 2 {
			if _, known := f.State(); known {
				t.Error("forgotten, and known")
			}
			continue
		}
		if d := diff(want[i], collect(t, f.Entries())); d != "" {
			t.Error(d)
		}
	}
	if n := len(j.Folders()); n != 4 {
		t.Errorf("%d folders", n)
	}
	checkSound(t, j)
}

func TestWritingInsideTheLoop(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	f := attach(t, j, "A", "A", 1, 1)
	es := mailbox(j, rand.New(rand.NewPCG(1, 1)), 20_000, 1)
	if err := f.Put(es...); err != nil {
		t.Fatal(err)
	}
	n := 0
	for e, err := range f.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		if e.UID1 != es[n].UID1 {
			t.Fatalf("message %d: UID %d, want %d", n, e.UID1, es[n].UID1)
		}
		n++
		if n%1000 == 0 { // makes the file grow, and drops what was just seen
			if err := f.PutExtras(mailboxExtras(n)...); err != nil {
				t.Fatal(err)
			}
			if err := f.Drop(e.UID1); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n != len(es) {
		t.Errorf("saw %d of %d", n, len(es))
	}
}

func mailboxExtras(first int) []Entry {
	var es []Entry
	for i := range 500 {
		es = append(es, Entry{UID2: imap.UID(first*1000 + i)})
	}
	return es
}

func TestMethodsNeedAttach(t *testing.T) {
	f := mustOpen(t, t.TempDir()).Folder("A", "B")
	_, lookup := f.Lookup([]imap.UID{1})
	_, was := f.TimesDelivered(Key{1})
	var entries, extras error
	for _, entries = range f.Entries() {
	}
	for _, extras = range f.Extras() {
	}
	for name, err := range map[string]error{
		"Put": f.Put(Entry{UID1: 1}), "PutExtras": f.PutExtras(Entry{UID2: 1}), "Drop": f.Drop(1),
		"DropExtras": f.DropExtras(1), "Begin": f.Begin(&Batch{Items: []Entry{{UID1: 1}}}),
		"Settle": f.Settle(1), "SetState": f.SetState(FolderState{}), "ForgetDelivered": f.ForgetDelivered(),
		"SetFirst": f.SetFirst(First{UIDNext2: 1}), "MarkDeleted": f.MarkDeleted(true, 1),
		"Lookup": lookup, "TimesDelivered": was, "Entries": entries, "Extras": extras,
	} {
		wantIs(t, name, err, ErrNotAttached)
	}
}

func TestWhatCannotBeStored(t *testing.T) {
	f := attach(t, mustOpen(t, t.TempDir()), "A", "A", 1, 1)
	for name, err := range map[string]error{
		"no UID1":         f.Put(Entry{UID2: 1}),
		"extra with UID1": f.PutExtras(Entry{UID1: 1, UID2: 1}),
		"extra, no UID2":  f.PutExtras(Entry{}),
		"negative size":   f.Put(Entry{UID1: 1, Size: -1}),
		"empty batch":     f.Begin(&Batch{}),
		"UID twice":       f.Begin(&Batch{Items: []Entry{{UID1: 3}, {UID1: 2}, {UID1: 3}}}),
		"other validity":  f.SetState(FolderState{UIDValidity1: 2}),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	long := string(make([]byte, maxNames+1))
	if _, err := mustOpen(t, t.TempDir()).Folder(long, "x").Attach(1, 1); err == nil {
		t.Error("a name that bbolt cannot store: accepted")
	}
	if _, err := Open(context.Background(), "", pairA, Options{}); err == nil {
		t.Error("no directory: accepted")
	}
}

func mailboxUIDs(first, last imap.UID) (uids []imap.UID) {
	for u := first; u <= last; u++ {
		uids = append(uids, u)
	}
	return uids
}

// TestSizeOnDisk holds the promise of at most 100 bytes a message, whether they come
// in order or, sorted by something else than their UIDs, in any; in batches of 100.
func TestSizeOnDisk(t *testing.T) {
	for _, name := range []string{"in order", "in any order"} {
		t.Run(name, func(t *testing.T) {
			j := mustOpen(t, t.TempDir())
			f := attach(t, j, "A", "A", 1, 1)
			r := rand.New(rand.NewPCG(1, 1))
			es := mailbox(j, r, 50_000, 1)
			if name == "in any order" {
				r.Shuffle(len(es), func(a, b int) { es[a], es[b] = es[b], es[a] })
			}
			for part := range slices.Chunk(es, 100) {
				if err := f.Put(part...); err != nil {
					t.Fatal(err)
				}
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(j.Path())
			if err != nil {
				t.Fatal(err)
			}
			per := float64(info.Size()) / float64(len(es))
			t.Logf("%.1f bytes a message", per)
			if per > 100 {
				t.Errorf("%.1f bytes a message", per)
			}
		})
	}
}

// What is known already is not written again: the end of a run tells of each message what
// its copying told, and a large folder would be written twice.
func TestKnownIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, t.TempDir())
	f := attach(t, j, "A", "B", 1, 2)
	es := make([]Entry, 5000)
	for i := range es {
		es[i] = Entry{UID1: imap.UID(i + 1), UID2: imap.UID(i + 1), Size: 1000, Key: Key{byte(i), byte(i >> 8)}}
	}
	spilled := func(es ...Entry) int64 {
		t.Helper()
		before := j.db.Stats()
		if err := f.Put(es...); err != nil {
			t.Fatal(err)
		}
		now := j.db.Stats()
		return now.TxStats.GetSpill() - before.TxStats.GetSpill()
	}
	first, again := spilled(es...), spilled(es...)
	es[2500].Flags1 = 7
	if one := spilled(es...); first < 20 || again > 1 || one > 6 {
		t.Errorf("%d pages of nodes written, then %d, and %d for one message", first, again, one)
	}
	for e, err := range f.Entries() {
		if err != nil || e.Flags1 != es[e.UID1-1].Flags1 || e.UID2 != e.UID1 {
			t.Fatal(e, err)
		}
	}
}
