package batchrun

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
)

// A signal ends following in good order: the code says whether all rows came to the end of
// their last pass. Any other batch was cut short by it.
func TestEndCode(t *testing.T) {
	for _, c := range []struct {
		signalled, follows, allDone, lost bool
		want                              int
	}{
		{false, false, true, false, event.ExitOK},
		{false, false, false, false, event.ExitErrors},
		{false, false, true, true, event.ExitErrors},
		{true, false, true, false, event.ExitBySignal},
		{true, true, true, false, event.ExitOK},
		{true, true, true, true, event.ExitErrors},
		{true, true, false, false, event.ExitBySignal},
		{false, true, true, false, event.ExitOK},
	} {
		if got := endCode(c.signalled, c.follows, c.allDone, c.lost); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
