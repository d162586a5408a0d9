package compare

import (
	"fmt"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// lookalikes makes a listing of messages that all go by one key, from a string: a
// letter is a content, an upper case letter one that differs from it only in what
// servers change, '?' one that can not be read.
func lookalikes(s string) (*listing.Listing, map[imap.UID]identity.Content) {
	l := listed("")
	contents := make(map[imap.UID]identity.Content)
	for i, c := range []byte(s) {
		uid := imap.UID(i + 1)
		l.Recs = append(l.Recs, listing.Record{UID: uid, Key: keyOf('k'), Bits: listing.HasKey})
		low := c | 0x20
		if c != '?' {
			contents[uid] = identity.Content{Exact: identity.Digest{c}, Loose: identity.Digest{'L', low}}
		}
	}
	return l, contents
}

func TestLookalikesAreToldApart(t *testing.T) {
	for _, c := range []struct {
		src, dst                         string
		missing, present, again1, again2 int
	}{
		{"ab", "", 2, 0, 0, 0},     // two messages
		{"aa", "", 1, 0, 1, 0},     // one, twice
		{"aA", "", 2, 0, 0, 0},     // two, though servers may make them one
		{"ab", "a", 1, 1, 0, 0},    // the first is there
		{"ab", "b", 1, 1, 0, 0},    // what imapsync copied has the plain key
		{"ab", "ba", 0, 2, 0, 0},   // in another order
		{"ab", "aa", 1, 1, 0, 1},   // one twice on host2
		{"aA", "aa", 0, 2, 0, 0},   // host2 made them one: their order tells
		{"aAb", "aab", 0, 3, 0, 0}, // beside another one
		{"a?", "a", 1, 1, 0, 0},    // unread, it is tried again
		{"aabb", "ab", 0, 2, 2, 0}, // each twice
		{"abc", "cab", 0, 3, 0, 0}, // three
		{"a", "b", 1, 0, 0, 0},     // nothing in common
		{"", "ab", 0, 0, 0, 0},     // nothing on host1
		{"aab", "abb", 0, 2, 1, 1}, // repeated on both sides
	} {
		t.Run(fmt.Sprintf("%s to %s", c.src, c.dst), func(t *testing.T) {
			src, content1 := lookalikes(c.src)
			dst, content2 := lookalikes(c.dst)
			Rekey(src, dst, map[identity.Key]struct{}{keyOf('k'): {}}, [2]map[imap.UID]identity.Content{content1, content2})
			p := Pair(src, dst)
			if len(p.Missing) != c.missing || len(p.Present) != c.present || len(p.Repeated1) != c.again1 || len(p.Repeated2) != c.again2 {
				t.Errorf("%+v, want %+v", p, c)
			}
			for _, m := range p.Present {
				a, b := content1[src.Recs[m.Src].UID], content2[dst.Recs[m.Dst].UID]
				if a.Loose != b.Loose {
					t.Errorf("UID %d is taken for UID %d", src.Recs[m.Src].UID, dst.Recs[m.Dst].UID)
				}
			}
		})
	}
}

func TestRepeatedKeysAreOfChosenMessages(t *testing.T) {
	for s, want := range map[string]int{"abc": 0, "aba": 1, "aAa": 1, "aA": 0, "--": 0, "aabb": 2} {
		if got := RepeatedKeys(listed(s)); len(got) != want {
			t.Errorf("%q: %d keys, want %d", s, len(got), want)
		}
	}
}

// With --syncduplicates the n-th of a key is the n-th on the other side.
func TestRank(t *testing.T) {
	src, dst := listed("aaab"), listed("baa")
	Rank(src)
	Rank(dst)
	if p := Pair(src, dst); len(p.Missing) != 1 || p.Missing[0] != 2 || len(p.Present) != 3 || len(p.Repeated1)+len(p.Extra) > 0 {
		t.Errorf("%+v", p)
	}
}
