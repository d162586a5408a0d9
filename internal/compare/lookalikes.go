package compare

import (
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// RepeatedKeys are the keys that more than one chosen message of l has.
func RepeatedKeys(l *listing.Listing) map[identity.Key]struct{} {
	seen := make(map[identity.Key]struct{}, len(l.Recs))
	again := make(map[identity.Key]struct{})
	for i := range l.Recs {
		r := &l.Recs[i]
		if !r.Is(listing.HasKey) || r.Is(listing.Outside) {
			continue
		}
		if _, ok := seen[r.Key]; ok {
			again[r.Key] = struct{}{}
		}
		seen[r.Key] = struct{}{}
	}
	return again
}

// Rank makes the n-th message with a key correspond to the n-th on the other
// side (--syncduplicates).
func Rank(l *listing.Listing) {
	times := make(map[identity.Key]int, len(l.Recs))
	for i := range l.Recs {
		r := &l.Recs[i]
		if !r.Is(listing.HasKey) || r.Is(listing.Outside) {
			continue
		}
		n := times[r.Key]
		times[r.Key] = n + 1
		r.Key = r.Key.WithRank(n)
	}
}

// Rekey separates the messages of the given keys by the contents of side 1 and 2,
// and returns how many host1 messages turned out to be messages of their own. The
// content of the first message keeps the plain key, so that what imapsync copied is
// found; every other content becomes a key of its own. plainOf leads from the key
// that the first content would have by itself to the plain one.
func Rekey(src, dst *listing.Listing, keys map[identity.Key]struct{}, contents [2]map[imap.UID]identity.Content) (distinct int, plainOf map[identity.Key]identity.Key) {
	plainOf = make(map[identity.Key]identity.Key)
	base := make(map[identity.Key]identity.Content, len(keys))
	// exact lists the different exact contents of one loose content on host1.
	exact := make(map[identity.Key][]identity.Digest)
	times := make(map[identity.Key]int)
	for side, l := range []*listing.Listing{src, dst} {
		for i := range l.Recs {
			r := &l.Recs[i]
			if _, ok := keys[r.Key]; !ok || !r.Is(listing.HasKey) {
				continue
			}
			content, ok := contents[side][r.UID]
			if !ok {
				// It could not be read. As a message of its own it is tried
				// again and reported, not taken for a duplicate.
				r.Key = r.Key.WithRank(1<<20 + i)
				continue
			}
			first, ok := base[r.Key]
			if !ok {
				base[r.Key], first = content, content
				plainOf[content.Key()] = r.Key
			}
			loose := content.Key()
			plain := r.Key
			if content.Loose != first.Loose {
				r.Key = loose
			}
			if side == 0 {
				n := slices.Index(exact[loose], content.Exact)
				if n < 0 {
					n = len(exact[loose])
					exact[loose] = append(exact[loose], content.Exact)
					if n > 0 || r.Key != plain {
						distinct++
					}
				}
				r.Key = r.Key.WithRank(n)
				continue
			}
			// host2 may have changed what tells exact contents apart: there the
			// order does.
			if kinds := len(exact[loose]); kinds > 1 {
				n := times[loose]
				times[loose] = n + 1
				r.Key = r.Key.WithRank(min(n, kinds-1))
			}
		}
	}
	// What the journal knows has the key that told it apart in an earlier run, in
	// which another message came first.
	for _, l := range []*listing.Listing{src, dst} {
		for i := range l.Recs {
			r := &l.Recs[i]
			if plain, ok := plainOf[r.Key.Base()]; ok && r.Is(listing.HasKey) {
				r.Key = plain.WithRank(r.Key.Rank())
			}
		}
	}
	return distinct, plainOf
}
