package journal

import (
	"errors"
	"reflect"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// What a run stored is known to be its own, also when a later one finds it out.
func TestStored(t *testing.T) {
	dir := t.TempDir()
	var open *Journal
	next := func() *Folder {
		t.Helper()
		if open != nil {
			if err := open.Close(); err != nil {
				t.Fatal(err)
			}
		}
		j, err := Open(t.Context(), dir, Pair{Host1: "a", Host2: "b"}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		open = j
		f := j.Folder("A", "B")
		if _, err := f.Attach(1, 2); err != nil {
			t.Fatal(err)
		}
		return f
	}
	defer func() { _ = open.Close() }()
	batch := func(f *Folder, moved bool, uids ...imap.UID) *Batch {
		t.Helper()
		b := &Batch{Moved: moved}
		for _, uid := range uids {
			b.Items = append(b.Items, Entry{UID1: uid, Key: Key{byte(uid)}, Flags2: f.j.InternFlags([]imap.Flag{imap.FlagSeen})})
		}
		if err := f.Begin(b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	f := next() // run 1
	must(f.Settle(batch(f, false, 1, 2, 3).ID, Delivery{1, 11}, Delivery{2, 12}, Delivery{3, 0}))
	must(f.NoteStored([]StoredMessage{{UID1: 3, UID2: 13}, {UID1: 1, UID2: 11}}))
	must(f.Settle(batch(f, true, 4).ID, Delivery{4, 14}))
	must(open.NoteMade("B"))
	must(open.NoteSubscribed("C"))
	must(f.NoteModSeq(77))
	doubt := batch(f, false, 5)
	f = next() // run 2
	if runs, err := open.StoredRuns(); err != nil || len(runs) != 1 || runs[0].Doubtful != 1 {
		t.Errorf("a batch in doubt: %+v %v", runs, err)
	}
	if list, _, err := List(t.Context(), dir); err != nil || list[0].Stored[0].Doubtful != 1 {
		t.Errorf("a batch in doubt, seen by another process: %+v %v", list, err)
	}
	if moving, err := f.Moving(); moving || err != nil {
		t.Errorf("moving: %v %v", moving, err)
	}
	move := batch(f, true, 7)
	if moving, err := f.Moving(); !moving || err != nil {
		t.Errorf("not moving: %v %v", moving, err)
	}
	must(f.Settle(move.ID))
	must(f.Settle(doubt.ID, Delivery{5, 15}))
	must(f.Settle(batch(f, false, 6).ID, Delivery{6, 16}))
	must(open.NoteDeleted1())
	must(f.NoteTaking(1, Marking, 12, 13, 900))
	must(errors.Join(f.NoteTaking(1, Unmarked, 13), f.NoteTaking(1, Taken, 900, 1<<32-1), f.NoteTaking(1, NotTaking, 4)))
	must(errors.Join(f.NoteTaking(1, Unmarking, 15), f.NoteTaking(2, Marking, 16), f.NoteTaking(2, NotTaking, 16)))
	f = next()
	runs, err := open.StoredRuns()
	must(err)
	if len(runs) != 2 || runs[0].ID != 1 || runs[0].Messages != 4 || runs[0].Deleted1 || len(runs[0].Folders) != 1 || runs[1].Messages != 1 || !runs[1].Deleted1 || runs[0].Began.IsZero() || runs[0].Began.Year() < 2000 {
		t.Fatalf("%+v", runs)
	}
	list, _, err := List(t.Context(), dir)
	must(err)
	if !reflect.DeepEqual(list[0].Stored, runs) {
		t.Errorf("another process sees %+v", list[0].Stored)
	}
	of, made, err := open.StoredBy(1)
	must(err)
	if len(of) != 1 || of[0].Folder != f || of[0].UIDValidity1 != 1 || of[0].UIDValidity2 != 2 || of[0].ModSeq2 != 77 || len(of[0].Messages) != 4 || !reflect.DeepEqual(of[0].Taking, map[imap.UID]Taking{12: Marking, 13: Unmarked, 15: Unmarking, 900: Taken, 1<<32 - 1: Taken}) || len(made.Created) != 1 || made.Created[0] != "B" || len(made.Subscribed) != 1 {
		t.Fatalf("%+v, made %v", of, made)
	}
	pending, err := open.PendingUndos()
	must(err)
	if want := []PendingUndo{{f, 1, 2, map[imap.UID]Taking{12: Marking, 15: Unmarking}}}; !reflect.DeepEqual(pending, want) {
		t.Errorf("pending: %+v", pending)
	}
	got := make(map[imap.UID]imap.UID)
	for _, m := range of[0].Messages {
		got[m.UID1] = m.UID2
	}
	if want := map[imap.UID]imap.UID{1: 11, 2: 12, 3: 13, 5: 15}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	must(f.Untie(map[imap.UID]imap.UID{1: 11, 2: 99}))
	es, err := f.Lookup([]imap.UID{1, 2})
	must(err)
	if es[0].UID2 != 0 || es[0].Delivered || es[1].UID2 != 12 || !es[1].Delivered {
		t.Errorf("untied: %+v", es)
	}
}
