package uidset

import (
	"math/rand/v2"
	"testing"

	"github.com/emersion/go-imap/v2"
)

func TestMarks(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 13))
	for range 200 {
		var m Marks
		want := make(map[imap.UID]struct{})
		for n := r.IntN(60); n > 0; n-- {
			u := imap.UID(r.IntN(80))
			if r.IntN(5) == 0 {
				u = 1<<32 - 1 - imap.UID(r.IntN(3))
			}
			m.Add(u)
			want[u] = struct{}{}
			probe := imap.UID(r.IntN(80))
			if _, ok := want[probe]; r.IntN(3) == 0 && m.Has(probe) != ok {
				t.Fatalf("%d in %v: %v", probe, want, !ok)
			}
		}
		if got := OfKeys(want); m.Set().String() != got.String() || m.Len() != int64(len(want)) {
			t.Fatalf("%s, want %s; %d", m.Set(), got, m.Len())
		}
		if again := MarksOf(m.Set()); again.Set().String() != m.Set().String() {
			t.Fatal(again.Set())
		}
	}
	var none *Marks
	if none.Has(1) || none.Len() != 0 {
		t.Error("nil holds something")
	}
}

// Twenty million UIDs that a server names in a few bytes are one range.
func TestMarksCostTheirRanges(t *testing.T) {
	m := MarksOf(imap.UIDSet{{Start: 1, Stop: 20_000_000}})
	if n := testing.AllocsPerRun(10, func() { m.Has(7_000_000) }); n > 0 || m.Len() != 20_000_000 || len(m.set) != 1 {
		t.Errorf("%v allocations, %d UIDs in %d ranges", n, m.Len(), len(m.set))
	}
	var falling Marks
	for u := imap.UID(400_000); u > 0; u -= 2 {
		falling.Add(u)
	}
	if falling.Len() != 200_000 || cap(falling.set) > 500_000 {
		t.Errorf("%d UIDs, room for %d ranges", falling.Len(), cap(falling.set))
	}
}
