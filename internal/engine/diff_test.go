package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// keyOf makes a key from a letter; 0 means no key.
func keyOf(b byte) identity.Key {
	var k identity.Key
	k.Sum[0] = b
	return k
}

// listed makes a listing from a string: a letter is a key, an upper case letter
// the same key outside the selection, '-' a message without a key.
func listed(s string) *listing {
	l := &listing{complete: true}
	for i, c := range []byte(s) {
		r := record{uid: imap.UID(i + 1), bits: hasKey}
		switch {
		case c == '-':
			r.bits = 0
		case c >= 'A' && c <= 'Z':
			r.key = keyOf(c + 'a' - 'A')
			r.bits |= outside
		default:
			r.key = keyOf(c)
		}
		l.recs = append(l.recs, r)
	}
	return l
}

func TestPair(t *testing.T) {
	type m = match
	for _, tc := range []struct {
		name, src, dst string
		want           pairing
	}{
		{"empty", "", "", pairing{}},
		{"all new", "abc", "", pairing{missing: []int32{0, 1, 2}}},
		{"all there", "abc", "cab", pairing{present: []m{{0, 1}, {1, 2}, {2, 0}}}},
		{"extra", "a", "ab", pairing{present: []m{{0, 0}}, extra: []int32{1}}},
		{"repeated on host1", "aab", "", pairing{missing: []int32{0, 2}, repeated1: []int32{1}}},
		{"repeated on host2", "a", "aba", pairing{present: []m{{0, 0}}, repeated2: []int32{2}, extra: []int32{1}}},
		{"repeated on host2 only", "", "aa", pairing{repeated2: []int32{1}, extra: []int32{0}}},
		{"no identity", "-a", "-", pairing{missing: []int32{1}, nameless1: []int32{0}, nameless2: []int32{0}}},
		{"outside on host1 protects host2", "A", "a", pairing{}},
		{"outside first, chosen second", "Aa", "a", pairing{present: []m{{1, 0}}, repeated1: nil}},
		{"outside first, chosen second, missing", "Aa", "", pairing{missing: []int32{1}}},
		{"outside on host2 is present", "a", "A", pairing{present: []m{{0, 0}}}},
		{"outside on host2 is never extra", "", "A", pairing{}},
		{"outside before chosen on host2", "", "Aa", pairing{extra: []int32{1}}},
		{"chosen, then outside on host2", "", "aA", pairing{extra: []int32{0}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := pair(listed(tc.src), listed(tc.dst))
			if !slices.Equal(got.missing, tc.want.missing) || !slices.Equal(got.present, tc.want.present) ||
				!slices.Equal(got.repeated1, tc.want.repeated1) || !slices.Equal(got.repeated2, tc.want.repeated2) ||
				!slices.Equal(got.extra, tc.want.extra) ||
				!slices.Equal(got.nameless1, tc.want.nameless1) || !slices.Equal(got.nameless2, tc.want.nameless2) {
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
		p := pair(s, d)
		chosen := func(l *listing) int { return int(l.count(func(r *record) bool { return !r.is(outside) })) }
		if n := len(p.missing) + len(p.present) + len(p.repeated1) + len(p.nameless1); n != chosen(s) {
			t.Fatalf("%q/%q: %d of %d host1 messages accounted for: %+v", src, dst, n, chosen(s), p)
		}
		inSrc := map[identity.Key]bool{}
		for _, r := range s.recs {
			if r.is(hasKey) {
				inSrc[r.key] = true
			}
		}
		for _, i := range p.extra {
			if inSrc[d.recs[i].key] || d.recs[i].is(outside) {
				t.Fatalf("%q/%q: %d is extra: %+v", src, dst, i, p)
			}
		}
		for _, i := range p.missing {
			for _, r := range d.recs {
				if r.is(hasKey) && r.key == s.recs[i].key {
					t.Fatalf("%q/%q: %d is missing: %+v", src, dst, i, p)
				}
			}
		}
	}
}
