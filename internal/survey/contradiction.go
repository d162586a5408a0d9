package survey

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/imaphaul/imaphaul/internal/listing"
)

// dropContradictions sorts a listing. A server may say twice what a message is; where it
// says two things of one UID nobody knows what a command with that UID would be about:
// such a message stays out of the listing, which is not complete then. It reports
// whether there was one.
func dropContradictions(out *listing.Listing) (found bool) {
	slices.SortStableFunc(out.Recs, func(a, b listing.Record) int { return cmp.Compare(a.UID, b.UID) })
	kept := out.Recs[:0]
	for i := 0; i < len(out.Recs); {
		first, end, two := out.Recs[i], i+1, false
		for ; end < len(out.Recs) && out.Recs[end].UID == first.UID; end++ {
			r := &out.Recs[end]
			two = two || r.Key != first.Key || r.Size != first.Size && r.Date != first.Date
		}
		i = end
		if two {
			out.Complete, found = false, true
			out.Why = fmt.Sprintf("the server lists different messages under UID %d", first.UID)
			continue
		}
		kept = append(kept, first)
	}
	out.Recs = kept
	return found
}
