package compare

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// byMap is byKey as it would be written if memory cost nothing.
func byMap(w *Work) {
	src, dst := w.in.Src.Recs, w.in.Dst.Recs
	open := make(map[identity.Key]*group)
	var order []*group
	begin := func(key identity.Key) {
		if open[key] == nil {
			open[key] = &group{}
			order = append(order, open[key])
		}
	}
	for i := range src {
		if w.ofSrc[i] == none && src[i].Is(listing.HasKey) {
			begin(src[i].Key)
			open[src[i].Key].src = append(open[src[i].Key].src, int32(i))
		}
	}
	if w.in.Doubles {
		times := make(map[identity.Key]int)
		for i := range dst {
			if dst[i].Is(listing.HasKey) {
				times[dst[i].Key]++
			}
		}
		for i := range dst {
			if dst[i].Is(listing.HasKey) && times[dst[i].Key] > 1 && w.ofDst[i] == none {
				begin(dst[i].Key)
			}
		}
	}
	for i := range src {
		if g := open[src[i].Key]; g != nil && src[i].Is(listing.HasKey) && w.ofSrc[i] != none {
			g.src = append(g.src, int32(i))
		}
	}
	for i := range dst {
		g := open[dst[i].Key]
		if g == nil || !dst[i].Is(listing.HasKey) {
			g = open[w.sentAs(i)]
		}
		if g != nil {
			g.dst = append(g.dst, int32(i))
		}
	}
	for _, g := range order {
		if !w.atSight(g) {
			w.groups = append(w.groups, g)
		}
	}
}

// Whatever keys the messages have, how many of them are tied and whose they are: what is
// found by the index is what a map finds, in the same order.
func TestKeyIndexFindsWhatAMapFinds(t *testing.T) {
	t.Parallel()
	groups := 0
	for seed := range uint64(20_000) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		keys := 1 + rnd.IntN(12)
		key := func() (k identity.Key) {
			k.Sum[0] = byte(1 + rnd.IntN(keys))
			return k
		}
		side := func() *listing.Listing {
			l := new(listing.Listing)
			for i := range rnd.IntN(12) {
				r := listing.Record{UID: imap.UID(i + 1), Key: key(), Size: int64(rnd.IntN(2)), Bits: listing.HasKey}
				if rnd.IntN(8) == 0 {
					r.Key, r.Bits = identity.Key{}, 0
				}
				l.Recs = append(l.Recs, r)
			}
			return l
		}
		in := Input{
			Src: side(), Dst: side(), OneToOne: rnd.IntN(3) == 0, Strict: rnd.IntN(2) == 0, Doubles: rnd.IntN(2) == 0,
			SizesAgree: func(s, d *listing.Record) bool { return s.Size == d.Size },
		}
		for range in.Src.Recs {
			d := none
			if n := len(in.Dst.Recs); n > 0 && rnd.IntN(3) == 0 {
				d = int32(rnd.IntN(n))
			}
			in.Known = append(in.Known, d)
		}
		for range in.Dst.Recs {
			in.Claims = append(in.Claims, Claim(rnd.IntN(4)*rnd.IntN(2)))
		}
		if rnd.IntN(2) == 0 {
			was := make(map[imap.UID]identity.Key)
			for i := range in.Dst.Recs {
				was[in.Dst.Recs[i].UID] = key()
			}
			in.KeyOf = func(d *listing.Record) (identity.Key, bool) { return was[d.UID], true }
		}
		got, want := begin(in), begin(in)
		got.byKey()
		byMap(want)
		groups += len(want.groups)
		same := slices.EqualFunc(got.groups, want.groups, func(a, b *group) bool {
			return slices.Equal(a.src, b.src) && slices.Equal(a.dst, b.dst)
		})
		if !same || !slices.Equal(got.ofSrc, want.ofSrc) || !slices.Equal(got.ofDst, want.ofDst) || !slices.Equal(got.trust, want.trust) ||
			!slices.Equal(got.repeated, want.repeated) || !reflect.DeepEqual(got.sharers, want.sharers) {
			t.Fatalf("seed %d: %+v and not %+v", seed, got, want)
		}
	}
	if groups < 1000 {
		t.Errorf("%d groups: nothing was compared", groups)
	}
}

// A first run compares a large folder with an empty one: that costs no more than what is
// kept of the messages.
func TestComparingIsFrugal(t *testing.T) {
	const messages = 100_000
	src := new(listing.Listing)
	for i := range messages {
		r := listing.Record{UID: imap.UID(i + 1), Bits: listing.HasKey}
		r.Key.Sum = [16]byte{byte(i), byte(i >> 8), byte(i >> 16)}
		src.Recs = append(src.Recs, r)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := Begin(Input{Src: src, Dst: new(listing.Listing)})
	if missing := len(w.Finish().Missing); missing != messages {
		t.Fatalf("%d are missing", missing)
	}
	runtime.ReadMemStats(&after)
	t.Logf("%d bytes a message", (after.TotalAlloc-before.TotalAlloc)/messages)
	if each := (after.TotalAlloc - before.TotalAlloc) / messages; each > 70 {
		t.Errorf("comparing takes %d bytes a message", each)
	}
}
