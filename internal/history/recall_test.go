package history

import (
	"context"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// scene is a pair of folders during a run of its own.
type scene struct {
	*Pair
	flags [2]listing.FlagTable
	j     *journal.Journal
}

var (
	inbox1 = Opened{UIDValidity: 10, UIDNext: 100}
	inbox2 = Opened{UIDValidity: 20, UIDNext: 200}
)

// begin opens the journal of dir as a new run does.
func begin(t *testing.T, dir string) *scene {
	t.Helper()
	j, err := journal.Open(context.Background(), dir, journal.Pair{Host1: "a", Host2: "b"}, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	s := &scene{j: j}
	s.Pair = New(j, "INBOX", "INBOX", [2]*listing.FlagTable{&s.flags[0], &s.flags[1]})
	return s
}

func (s *scene) load(t *testing.T, one, two Opened) Change {
	t.Helper()
	c, err := s.Load(one, two)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *scene) end(t *testing.T) {
	t.Helper()
	if err := s.j.Close(); err != nil {
		t.Fatal(err)
	}
}

func key(b byte) identity.Key { return identity.Key{Sum: [16]byte{b}} }

// mail is a listing whose n-th message has UID n+1, the flag \Seen, and the n-th
// key; key 0 is none.
func (s *scene) mail(side int, keys ...identity.Key) *listing.Listing {
	l := &listing.Listing{Complete: true, Whole: true}
	for i, k := range keys {
		r := listing.Record{UID: imap.UID(i + 1), Key: k, Size: int64(i), Date: 1e9, Zone: 60, Bits: listing.HasKey | listing.HasDate}
		r.Flags = s.flags[side-1].Intern([]imap.Flag{imap.FlagSeen})
		if k == (identity.Key{}) {
			r.Bits &^= listing.HasKey
		}
		l.Recs = append(l.Recs, r)
	}
	return l
}

// What a run stores is what the next one knows.
func TestStoredIsKnown(t *testing.T) {
	dir := t.TempDir()
	s := begin(t, dir)
	if c := s.load(t, inbox1, inbox2); c != (Change{}) || !s.Usable() || len(s.Records(1))+len(s.Records(2)) > 0 {
		t.Fatalf("an empty journal knows something: %+v", c)
	}
	src := s.mail(1, key(1), key(2), key(3).WithRank(1), identity.Key{}, key(5).WithRank(1<<20))
	src.Recs[0].Bits |= listing.FlagsKept
	dst := s.mail(2, key(9))
	kept := s.flags[1].Intern([]imap.Flag{imap.FlagFlagged})
	places := []Place{{There: true, UID: 7, Flags: kept}, {There: true}, {}, {}, {}}
	if err := s.Store(src, dst, at(places...)); err != nil {
		t.Fatal(err)
	}
	s.end(t)

	s = begin(t, dir)
	s.load(t, inbox1, inbox2)
	known := src.Recs[0]
	known.Flags = s.flags[0].Intern([]imap.Flag{imap.FlagSeen})
	if got := s.Records(1); !slices.Equal(got, []listing.Record{known}) {
		t.Errorf("host1: %+v, want %+v", got, known)
	}
	copied, extra := src.Recs[0], dst.Recs[0]
	copied.UID, copied.Flags = 7, s.flags[1].Intern([]imap.Flag{imap.FlagFlagged})
	extra.Flags = s.flags[1].Intern([]imap.Flag{imap.FlagSeen})
	if got := s.Records(2); !slices.Equal(got, []listing.Record{extra, copied}) {
		t.Errorf("host2: %+v, want %+v and %+v", got, extra, copied)
	}
	for i, wantDelivered := range []bool{true, true, false, false, false} {
		if was, n, err := s.Deliveries(&src.Recs[i]); err != nil || (was || n > 0) != wantDelivered {
			t.Errorf("message %d was delivered: %v (%v)", i+1, was, err)
		}
	}
	if _, ok := s.Lookup(1, 2); ok {
		t.Error("a message without a place is among the known ones")
	}
	if err := s.ForgetDelivered(); err != nil || s.AnyDelivered() {
		t.Errorf("deliveries are not forgotten (%v)", err)
	}
	// What is gone from complete listings is gone from the journal.
	if err := s.Store(s.mail(1), s.mail(2), nil); err != nil {
		t.Fatal(err)
	}
	s.end(t)
	s = begin(t, dir)
	s.load(t, inbox1, inbox2)
	if n := len(s.Records(1)) + len(s.Records(2)); n != 0 {
		t.Errorf("%d messages are known that are gone", n)
	}
}

// A listing that is not complete, or of some messages only, takes nothing away.
func TestPartsTakeNothingAway(t *testing.T) {
	dir := t.TempDir()
	s := begin(t, dir)
	s.load(t, inbox1, inbox2)
	if err := s.Store(s.mail(1, key(1)), s.mail(2, key(2)), at(Place{There: true, UID: 9})); err != nil {
		t.Fatal(err)
	}
	for _, part := range []listing.Listing{{Whole: true}, {Complete: true}} {
		s.end(t)
		s = begin(t, dir)
		s.load(t, inbox1, inbox2)
		if err := s.Store(&part, &part, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.end(t)
	s = begin(t, dir)
	s.load(t, inbox1, inbox2)
	if a, b := len(s.Records(1)), len(s.Records(2)); a != 1 || b != 2 {
		t.Errorf("%d and %d messages are known, want 1 and 2", a, b)
	}
}

// A key comes back as it went, or is not kept at all.
func TestKeysComeBack(t *testing.T) {
	rec := &listing.Record{Size: 500}
	for _, c := range []struct {
		key  identity.Key
		kept bool
	}{
		{key(1), true},
		{key(1).WithRank(maxRank), true},
		{key(1).WithRank(maxRank + 1), false},
		{key(1).WithSize(500), true},
		{key(1).WithSize(500).WithRank(3), true},
		{key(1).WithSize(501), false},
	} {
		e, ok := NewEntry(rec, c.key)
		e.Marks |= markKept
		if ok != c.kept || ok && KeyOf(&e) != c.key {
			t.Errorf("%v: kept %v, as %v", c.key, ok, KeyOf(&e))
		}
	}
}

func TestFoldersThatChanged(t *testing.T) {
	for _, c := range []struct {
		name     string
		one, two Opened
		want     Change
		usable   bool
		known    [2]int
	}{
		{"the same", inbox1, inbox2, Change{}, true, [2]int{1, 2}},
		{"host1 rebuilt", Opened{11, 5}, inbox2, Change{Rebuilt: true}, true, [2]int{0, 2}},
		{"host2 rebuilt", inbox1, Opened{21, 5}, Change{Rebuilt: true}, true, [2]int{0, 0}},
		{"UIDNEXT not told", Opened{10, 0}, inbox2, Change{}, true, [2]int{1, 2}},
		{"host2 restored", inbox1, Opened{20, 3}, Change{Restored: true}, true, [2]int{0, 0}},
		{"no UIDVALIDITY", Opened{}, inbox2, Change{}, false, [2]int{0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := begin(t, dir)
			s.load(t, inbox1, inbox2)
			if err := s.Store(s.mail(1, key(1)), s.mail(2, key(2)), at(Place{There: true, UID: 9})); err != nil {
				t.Fatal(err)
			}
			if err := s.Folder.SetState(journal.FolderState{UIDNext1: 100, UIDNext2: 200}); err != nil {
				t.Fatal(err)
			}
			s.end(t)
			s = begin(t, dir)
			got := s.load(t, c.one, c.two)
			if known := [2]int{len(s.Records(1)), len(s.Records(2))}; got != c.want || s.Usable() != c.usable || known != c.known {
				t.Errorf("%+v, usable %v, known %v; want %+v", got, s.Usable(), known, c)
			}
		})
	}
}

// ModSeq counts only when everything had been carried over, and nobody need know a
// pair to be told that nothing is known of it.
func TestNothingKnown(t *testing.T) {
	var none *Pair
	if none.Usable() {
		t.Error("no pair is usable")
	}
	p := New(journal.None(), "a", "b", [2]*listing.FlagTable{{}, {}})
	if p.Usable() || p.ModSeq(1) != 0 || p.ModSeq(2) != 0 || p.AnyDelivered() {
		t.Error("something is known of a new pair")
	}
}

// at tells these places.
func at(places ...Place) func(int32) Place { return func(rec int32) Place { return places[rec] } }
