package compare

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// keyOf makes a key from a letter; 0 means no key.
func keyOf(b byte) identity.Key {
	var k identity.Key
	k.Sum[0] = b
	return k
}

// listed makes a listing from a string: a letter is a key, an upper case letter
// the same key outside the selection, '-' a message without a key.
func listed(s string) *listing.Listing {
	l := &listing.Listing{Complete: true}
	for i, c := range []byte(s) {
		r := listing.Record{UID: imap.UID(i + 1), Bits: listing.HasKey}
		switch {
		case c == '-':
			r.Bits = 0
		case c >= 'A' && c <= 'Z':
			r.Key = keyOf(c + 'a' - 'A')
			r.Bits |= listing.Outside
		default:
			r.Key = keyOf(c)
		}
		l.Recs = append(l.Recs, r)
	}
	return l
}

func TestPair(t *testing.T) {
	type m = Match
	for _, tc := range []struct {
		name, src, dst string
		want           Pairing
	}{
		{"empty", "", "", Pairing{}},
		{"all new", "abc", "", Pairing{Missing: []int32{0, 1, 2}}},
		{"all there", "abc", "cab", Pairing{Present: []m{{0, 1}, {1, 2}, {2, 0}}}},
		{"extra", "a", "ab", Pairing{Present: []m{{0, 0}}, Extra: []int32{1}}},
		{"repeated on host1", "aab", "", Pairing{Missing: []int32{0, 2}, Repeated1: []int32{1}}},
		{"repeated on host2", "a", "aba", Pairing{Present: []m{{0, 0}}, Repeated2: []int32{2}, Extra: []int32{1}}},
		{"repeated on host2 only", "", "aa", Pairing{Repeated2: []int32{1}, Extra: []int32{0}}},
		{"no identity", "-a", "-", Pairing{Missing: []int32{1}, Nameless1: []int32{0}, Nameless2: []int32{0}}},
		{"outside on host1 protects host2", "A", "a", Pairing{}},
		{"outside first, chosen second", "Aa", "a", Pairing{Present: []m{{1, 0}}, Repeated1: nil}},
		{"outside first, chosen second, missing", "Aa", "", Pairing{Missing: []int32{1}}},
		{"outside on host2 is present", "a", "A", Pairing{Present: []m{{0, 0}}}},
		{"outside on host2 is never extra", "", "A", Pairing{}},
		{"outside before chosen on host2", "", "Aa", Pairing{Extra: []int32{1}}},
		{"chosen, then outside on host2", "", "aA", Pairing{Extra: []int32{0}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Pair(listed(tc.src), listed(tc.dst))
			if !slices.Equal(got.Missing, tc.want.Missing) || !slices.Equal(got.Present, tc.want.Present) ||
				!slices.Equal(got.Repeated1, tc.want.Repeated1) || !slices.Equal(got.Repeated2, tc.want.Repeated2) ||
				!slices.Equal(got.Extra, tc.want.Extra) ||
				!slices.Equal(got.Nameless1, tc.want.Nameless1) || !slices.Equal(got.Nameless2, tc.want.Nameless2) {
				t.Fatalf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

// Whatever the listings are, every chosen message is accounted for exactly
// once, and nothing on host2 is extra that host1 has.
func TestPairAccountsForEveryMessage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	letters := "abcdeABCDE-"
	random := func() string {
		b := make([]byte, rng.IntN(12))
		for i := range b {
			b[i] = letters[rng.IntN(len(letters))]
		}
		return string(b)
	}
	for range 20000 {
		src, dst := random(), random()
		s, d := listed(src), listed(dst)
		p := Pair(s, d)
		chosen := func(l *listing.Listing) int {
			return int(l.Count(func(r *listing.Record) bool { return !r.Is(listing.Outside) }))
		}
		if n := len(p.Missing) + len(p.Present) + len(p.Repeated1) + len(p.Nameless1); n != chosen(s) {
			t.Fatalf("%q/%q: %d of %d host1 messages accounted for: %+v", src, dst, n, chosen(s), p)
		}
		inSrc := map[identity.Key]bool{}
		for _, r := range s.Recs {
			if r.Is(listing.HasKey) {
				inSrc[r.Key] = true
			}
		}
		for _, i := range p.Extra {
			if inSrc[d.Recs[i].Key] || d.Recs[i].Is(listing.Outside) {
				t.Fatalf("%q/%q: %d is extra: %+v", src, dst, i, p)
			}
		}
		for _, i := range p.Missing {
			for _, r := range d.Recs {
				if r.Is(listing.HasKey) && r.Key == s.Recs[i].Key {
					t.Fatalf("%q/%q: %d is missing: %+v", src, dst, i, p)
				}
			}
		}
	}
}
