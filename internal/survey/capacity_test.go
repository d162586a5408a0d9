package survey

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/listing"
)

// A server that tells the truth costs no room that stays empty, and one that does not costs
// no more than twice what really came.
func TestRoomForWhatComes(t *testing.T) {
	t.Parallel()
	const came = 100_000
	for _, told := range []int64{0, 1, came / 2, came - 1, came, came + 1, 2*came - 1, 3 * came, 1 << 32} {
		var recs []listing.Record
		for i := range came {
			recs = enter(recs, listing.Record{UID: 1}, told)
			if got := cap(recs); got > 2*(i+1) && got > 1024 {
				t.Fatalf("%d told: room for %d when %d came", told, got, i+1)
			}
		}
		if told == came && cap(recs) != came {
			t.Errorf("room for %d messages, and %d came as told", cap(recs), came)
		}
		if len(recs) != came {
			t.Fatalf("%d told: %d entered", told, len(recs))
		}
	}
}
