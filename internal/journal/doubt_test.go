package journal

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/emersion/go-imap/v2"
)

func item(uid imap.UID) Entry {
	return Entry{UID1: uid, Key: Key{byte(uid)}, Flags1: 1, Flags2: 1, Size: 9}
}

func begin(t *testing.T, f *Folder, items ...Entry) *Batch {
	t.Helper()
	b := &Batch{UIDNext2: 100, Messages2: 5, Items: items}
	if err := f.Begin(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBatchSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	f := attach(t, j, "A", "B", 3, 4)
	// The order of sending is kept, whatever the UIDs.
	first, second := begin(t, f, item(9), item(2), item(5)), begin(t, f, item(7))
	j = reopen(t, j, dir)
	f = j.Folder("A", "B")
	if !f.HasDoubt() || j.Folder("B", "A").HasDoubt() {
		t.Error("wrong folder in doubt")
	}
	got, err := f.InDoubt() // before Attach: UIDVALIDITYs are the caller's to compare
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]*Batch{first, second}, got); d != "" {
		t.Errorf("(-begun +in doubt)\n%s", d)
	}
	if first.UIDValidity1 != 3 || first.UIDValidity2 != 4 || first.Begun.IsZero() || first.ID == second.ID {
		t.Errorf("%+v", first)
	}
	attach(t, j, "A", "B", 3, 4)
	if es := collect(t, f.Entries()); es != nil {
		t.Errorf("in doubt and delivered: %+v", es)
	}
	if err := f.Settle(first.ID, Delivery{2, 101}, Delivery{5, 0}); err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{UID1: 2, UID2: 101, Key: Key{2}, Flags1: 1, Flags2: 1, Size: 9, Delivered: true},
		{UID1: 5, Key: Key{5}, Flags1: 1, Flags2: 1, Size: 9, Delivered: true},
		{UID1: 9, Key: Key{9}, Flags1: 1, Size: 9},
	}
	if d := cmp.Diff(want, collect(t, f.Entries())); d != "" {
		t.Errorf("entries (-want +got)\n%s", d)
	}
	wantIs(t, "settled twice", f.Settle(first.ID), ErrNoBatch)
	if err := f.Settle(second.ID); err != nil || f.HasDoubt() {
		t.Error(err, f.HasDoubt())
	}
	// What did not arrive takes nothing away from what is known.
	third := begin(t, f, item(2), item(9))
	if err := f.Settle(third.ID); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, collect(t, f.Entries())[:2], cmpopts.IgnoreSliceElements(func(e Entry) bool { return e.UID1 > 5 })); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if fourth := begin(t, f, item(1)); fourth.ID <= third.ID {
		t.Errorf("batch %d after %d", fourth.ID, third.ID)
	}
}

func TestAdvanceIsOneStep(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	f := attach(t, j, "A", "A", 1, 1)
	a := begin(t, f, item(1), item(2))
	// A refused batch is cut in two: the whole ends, the halves begin.
	b, c := &Batch{Items: []Entry{item(1)}}, &Batch{Items: []Entry{item(2)}}
	if err := f.Advance([]Settlement{{ID: a.ID}}, b, c); err != nil {
		t.Fatal(err)
	}
	got, err := f.InDoubt()
	if d := cmp.Diff([]*Batch{b, c}, got); d != "" || err != nil {
		t.Error(err, d)
	}
	// One part fails: none of it happens.
	d := &Batch{Items: []Entry{item(3)}}
	err = f.Advance([]Settlement{{ID: b.ID, Delivered: []Delivery{{1, 7}}}, {ID: 999}}, d)
	wantIs(t, "unknown batch", err, ErrNoBatch)
	if err := f.Settle(c.ID, Delivery{77, 1}); err == nil {
		t.Error("a UID that is not in the batch: accepted")
	}
	if got, err = f.InDoubt(); cmp.Diff([]*Batch{b, c}, got) != "" || err != nil || d.ID != 0 {
		t.Errorf("half an Advance: %v %v", got, err)
	}
	for _, e := range collect(t, f.Entries()) {
		if e.Delivered {
			t.Errorf("half an Advance: %+v", e)
		}
	}
}

func TestBatchOfARebuiltFolder(t *testing.T) {
	t.Run("host1", func(t *testing.T) {
		j := mustOpen(t, t.TempDir())
		f := attach(t, j, "A", "A", 1, 1)
		b := begin(t, f, item(1), item(2))
		attach(t, j, "A", "A", 2, 1)
		if err := f.Settle(b.ID, Delivery{2, 50}); err != nil {
			t.Fatal(err)
		}
		if es := collect(t, f.Entries()); es != nil {
			t.Errorf("a dead UID is believed: %+v", es)
		}
		if es := collect(t, f.Extras()); len(es) != 1 || es[0].UID2 != 50 || es[0].Key != (Key{2}) {
			t.Errorf("%+v", es)
		}
		for k, want := range map[byte]bool{1: false, 2: true} {
			if got, err := f.TimesDelivered(Key{k}); got > 0 != want || err != nil {
				t.Errorf("key %d: %v %v", k, got, err)
			}
		}
	})
	t.Run("host2", func(t *testing.T) {
		j := mustOpen(t, t.TempDir())
		f := attach(t, j, "A", "A", 1, 1)
		b := begin(t, f, item(1))
		attach(t, j, "A", "A", 1, 9)
		got, err := f.InDoubt()
		if err != nil || len(got) != 1 || got[0].UIDValidity2 != 1 {
			t.Fatal(got, err)
		}
		if err := f.Settle(b.ID, Delivery{1, 3}); err != nil {
			t.Fatal(err)
		}
		if es := collect(t, f.Entries()); len(es) != 1 || es[0].UID2 != 3 || !es[0].Delivered {
			t.Errorf("%+v", es)
		}
	})
}

// TestManyWriters: several connections work on one journal; each sees its own work
// done, whichever transaction it went into, and failures stay with their cause.
func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	const writers, rounds = 8, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			f := j.Folder(fmt.Sprint("F", w/2), "x") // two to a folder
			if _, err := f.Attach(1, 1); err != nil {
				t.Error(err)
				return
			}
			var done []Settlement
			for i := range rounds {
				uid := imap.UID(w*1000 + i + 1)
				b := &Batch{Items: []Entry{{UID1: uid, Flags1: j.InternFlags([]imap.Flag{imap.Flag(fmt.Sprint(uid))})}}}
				j.AddBytes(Side1, time.Unix(0, 0), 1)
				if err := f.Advance(done, b); err != nil {
					t.Error(err)
				}
				if err := f.Settle(1 << 40); err == nil {
					t.Error("unknown batch: settled")
				}
				for _, err := range f.Entries() {
					if err != nil {
						t.Error(err)
					}
				}
				done = []Settlement{{ID: b.ID, Delivered: []Delivery{{uid, uid}}}}
			}
			if err := f.Advance(done); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	j = reopen(t, j, dir)
	n := 0
	for _, f := range j.Folders() {
		if f.HasDoubt() {
			t.Error("batches left in doubt")
		}
		if _, err := f.Attach(1, 1); err != nil {
			t.Fatal(err)
		}
		for _, e := range collect(t, f.Entries()) {
			set, ok := j.Flags(e.Flags1)
			if !ok || len(set) != 1 || string(set[0]) != fmt.Sprint(e.UID1) || e.UID2 != e.UID1 {
				t.Errorf("%+v with %v", e, set)
			}
			n++
		}
	}
	if got := j.Bytes(Side1, time.Unix(0, 0), time.Unix(3600, 0)); n != writers*rounds || got != int64(n) {
		t.Errorf("%d messages, %d bytes", n, got)
	}
}
