package listing_test

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/listing"
)

// A record whose flags are not known has no flags, also where no flags were told at all.
func TestFlagsOfNothing(t *testing.T) {
	var table listing.FlagTable
	if got := table.List(listing.Record{Bits: listing.FlagsUnknown}.Flags); len(got) > 0 {
		t.Errorf("flags %v", got)
	}
}
