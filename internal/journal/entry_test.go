package journal

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/emersion/go-imap/v2"
)

func TestEntriesComeBackAsPacked(t *testing.T) {
	k := Key{1, 2, 3, 15: 255}
	all := []Entry{
		{UID1: 1},
		{UID1: 2, UID2: 1, Key: k, Delivered: true},
		{UID1: math.MaxUint32, UID2: math.MaxUint32, Key: k, Flags1: math.MaxUint32, Size: math.MaxInt64},
		{UID1: 3, UID2: 7, Flags1: 1, Flags2: 2, Marks: 255},
		{UID1: 4, Flags1: 0, Flags2: 9, HasDate: true, Date: math.MinInt64, Zone: math.MinInt16},
		{UID1: 5, HasDate: true, Date: math.MaxInt64, Zone: math.MaxInt16},
		{UID1: 6, HasDate: true, Date: 0},
		{UID2: 6, Size: 1},
	}
	for i := range all {
		for n := range len(all) - i {
			es := all[i : i+n+1]
			got, err := unpackEntries(packEntries(es), nil)
			if err != nil {
				t.Fatalf("%v: %v", es, err)
			}
			if d := cmp.Diff(es, got); d != "" {
				t.Fatalf("(-put +got)\n%s", d)
			}
		}
	}
}

func TestPackedEntryIsSmall(t *testing.T) {
	es := []Entry{
		{UID1: 1000, UID2: 900, Flags1: 1, Flags2: 1, Size: 30000, HasDate: true, Date: 1_700_000_000, Zone: 120},
		{UID1: 1001, UID2: 901, Flags1: 1, Flags2: 1, Size: 30000, HasDate: true, Date: 1_700_009_000, Zone: 120},
	}
	if n := len(packEntries(es)) - len(packEntries(es[:1])); n > 28 {
		t.Errorf("a usual entry takes %d bytes, 16 of them its key", n)
	}
}

func TestDateWithoutHasDateIsNotKept(t *testing.T) {
	got, err := unpackEntries(packEntries([]Entry{{UID1: 1, Date: 5, Zone: 6}}), nil)
	if d := cmp.Diff([]Entry{{UID1: 1}}, got); err != nil || d != "" {
		t.Error(err, d)
	}
}

func FuzzUnpackEntries(f *testing.F) {
	f.Add(packEntries([]Entry{{UID1: 1, UID2: 2, Flags1: 1, Flags2: 2, HasDate: true, Date: -5, Zone: 60, Marks: 1}}))
	f.Add([]byte{0})
	f.Add([]byte{0xff})
	f.Add([]byte{bitUID2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		es, err := unpackEntries(b, nil)
		if err != nil {
			return
		}
		again, err := unpackEntries(packEntries(es), nil)
		if err != nil {
			t.Fatalf("%v does not come back: %v", es, err)
		}
		if d := cmp.Diff(es, again); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzFolderRecord(f *testing.F) {
	k := names{"INBOX", "INBOX"}.key()
	s := FolderState{UIDValidity1: 1, Size1: -1, ModSeq2: math.MaxUint64}
	f.Add(k, s.encode([]byte{1}))
	f.Add([]byte{0x80}, []byte{})
	f.Fuzz(func(_ *testing.T, k, v []byte) {
		// Whatever the bytes are, they are refused or understood.
		_, _ = parseNames(k)
		_, _ = decodeRecord(k, seal(k, v))
		_, _ = decodeBatch(k, seal(k, v))
		_, _ = decodeVersion(seal(schemaKey, v))
	})
}

func TestFoldersAreNotConfused(t *testing.T) {
	seen := map[string]names{}
	for _, n := range []names{{"A/B", "C"}, {"A", "B/C"}, {"", "A/BC"}, {"A/BC", ""}, {"", ""}, {"a\x00", "b"}, {"a", "\x00b"}, {"\x01a", ""}} {
		k := string(n.key())
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q share a key", n, other)
		}
		seen[k] = n
		if got, err := parseNames([]byte(k)); err != nil || got != n {
			t.Errorf("%q came back as %q, %v", n, got, err)
		}
	}
}

func TestFlagSets(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	none := j.InternFlags(nil)
	ab := j.InternFlags([]imap.Flag{"b", "a", "b"})
	if none == 0 || ab == none || j.InternFlags([]imap.Flag{"a", "b"}) != ab || j.InternFlags([]imap.Flag{}) != none {
		t.Errorf("none %d, a b %d", none, ab)
	}
	if j.InternFlags([]imap.Flag{"ab"}) == ab || j.InternFlags([]imap.Flag{"a", "B"}) == ab {
		t.Error("different sets, same number")
	}
	if _, ok := j.Flags(0); ok {
		t.Error("0 is a set")
	}
	if _, ok := j.Flags(math.MaxUint32); ok {
		t.Error("an unknown number is a set")
	}
	f := attach(t, j, "A", "A", 1, 1)
	if err := f.Put(Entry{UID1: 1, Flags1: ab, Flags2: none}); err != nil {
		t.Fatal(err)
	}
	reopened := reopen(t, j, dir)
	got, ok := reopened.Flags(ab)
	if d := cmp.Diff([]imap.Flag{"a", "b"}, got); d != "" || !ok {
		t.Error(d)
	}
	if got, ok = reopened.Flags(none); !ok || len(got) != 0 {
		t.Errorf("empty set came back as %v, %v", got, ok)
	}
	if reopened.InternFlags([]imap.Flag{"b", "a"}) != ab {
		t.Error("a stored set gets another number")
	}
}
