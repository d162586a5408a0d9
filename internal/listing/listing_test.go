package listing

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/emersion/go-imap/v2"
)

// A folder of a million messages costs what its records cost.
func TestRecordIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Record{}); n > 64 {
		t.Errorf("a record has %d bytes", n)
	}
}

func TestListingInAnyOrder(t *testing.T) {
	l := Listing{UIDNext: 12}
	if got := l.NextUID(); got != 12 {
		t.Errorf("an empty folder's next UID is %d", got)
	}
	for i, uid := range []imap.UID{9, 4, 4294967295, 4, 1} {
		l.Recs = append(l.Recs, Record{UID: uid, Size: int64(i)})
	}
	l.Sort()
	var got []imap.UID
	for _, r := range l.Recs {
		got = append(got, r.UID)
	}
	if want := []imap.UID{1, 4, 9, 4294967295}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if l.Recs[1].Size != 1 {
		t.Error("the second of two records with one UID stays")
	}
	for i, uid := range got {
		if l.Find(uid) != i {
			t.Errorf("UID %d is found at %d, want %d", uid, l.Find(uid), i)
		}
	}
	if l.Find(5) != -1 {
		t.Error("a UID is found that is not there")
	}
	l.Recs = l.Recs[:3]
	if got := l.NextUID(); got != 12 {
		t.Errorf("the next UID is %d below UIDNEXT", got)
	}
	l.UIDNext = 0
	if got := l.NextUID(); got != 10 {
		t.Errorf("without UIDNEXT the next UID is %d", got)
	}
}

func TestFlagTable(t *testing.T) {
	var table FlagTable
	none := table.Intern(nil)
	seen := table.Intern([]imap.Flag{imap.FlagSeen, `\Recent`})
	both := table.Intern([]imap.Flag{"Work", imap.FlagSeen, "two words"})
	if again := table.Intern([]imap.Flag{imap.FlagSeen}); again != seen || seen == none {
		t.Errorf("ids: none %d, seen %d, seen again %d", none, seen, again)
	}
	for id, want := range map[FlagID][]imap.Flag{none: {}, seen: {imap.FlagSeen}, both: {"Work", imap.FlagSeen}} {
		if got := table.List(id); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// Lists that a server tells are kept up to a bound, those that we make always.
func TestFlagTableIsBounded(t *testing.T) {
	const most = 100_000
	table := FlagTable{most: most}
	known, _ := table.Told([]imap.Flag{imap.FlagSeen})
	long := strings.Repeat("x", 1000)
	refused := 0
	for i := range 3 * most / len(long) {
		if _, ok := table.Told([]imap.Flag{imap.Flag(fmt.Sprint(long, i))}); !ok {
			refused++
		}
	}
	if kept := table.told; refused == 0 || kept > most || len(table.lists) > most/len(long)+2 || !table.Full() {
		t.Errorf("%d refused, %d lists, %d bytes", refused, len(table.lists), kept)
	}
	if id, ok := table.Told([]imap.Flag{imap.FlagSeen}); !ok || id != known {
		t.Error("a list that is known is refused")
	}
	if id, ok := table.Told([]imap.Flag{imap.Flag(long)}); ok || len(table.List(id)) > 0 {
		t.Error("a list beyond the bound is kept")
	}
	if id := table.Intern([]imap.Flag{"ours"}); !slices.Equal(table.List(id), []imap.Flag{"ours"}) {
		t.Error("a list of ours is refused")
	}
}

// Whatever gaps there are between UIDs, each is found where it is, and no other one.
func TestFind(t *testing.T) {
	t.Parallel()
	for _, gap := range []func(i int) uint32{
		func(int) uint32 { return 1 }, func(i int) uint32 { return uint32(1 + i%3) }, func(i int) uint32 { return uint32(1 + i*i%7) },
		func(i int) uint32 { return uint32(1 + i/50*1000) },
	} {
		for _, first := range []uint32{1, 77, 1<<32 - 200_000} {
			var recs []Record
			want := make(map[imap.UID]int)
			for uid, i := first, 0; i < 100; i++ {
				want[imap.UID(uid)] = len(recs)
				recs = append(recs, Record{UID: imap.UID(uid)})
				uid += gap(i)
			}
			last := uint32(recs[len(recs)-1].UID)
			for uid := first - 1; uid <= last+1; uid++ {
				i, there := want[imap.UID(uid)]
				if got := Find(recs, imap.UID(uid)); there && got != i || !there && got != -1 {
					t.Fatalf("UID %d is at %d, want %d (%v)", uid, got, i, there)
				}
			}
		}
	}
	if Find(nil, 1) != -1 {
		t.Error("found in nothing")
	}
}
