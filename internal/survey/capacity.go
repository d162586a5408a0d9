package survey

import "github.com/imaphaul/imaphaul/internal/listing"

// capacity is how many messages memory is set aside for before they come, when a
// server says that there are n: its word costs it nothing, and 4294967295 of them
// are more than any machine has.
func capacity(n int64) int { return int(max(0, min(n, 1<<16))) }

// enter adds a record to those of a folder of which the server says that it has so many
// messages. When half of them or more have come it is believed, and there is room for just
// these; until then, and where it is silent or wrong, a slice grows as slices do, by a
// quarter that would stay empty.
func enter(recs []listing.Record, r listing.Record, told int64) []listing.Record {
	if n := len(recs); n == cap(recs) && int64(n) < told && told <= 2*int64(n) {
		recs = append(make([]listing.Record, 0, told), recs...)
	}
	return append(recs, r)
}
