package transfer

import (
	"testing"
	"time"
)

// A batch that is not full leaves soon, but to a host2 that is behind: it has several
// commands that it should have answered, and not only some that are on their way.
func TestBehind(t *testing.T) {
	const trip = 20 * time.Millisecond
	now := time.Now()
	for _, c := range []struct {
		name string
		ages []time.Duration // of the commands that are not answered, in trips
		want bool
	}{
		{"nothing", nil, false},
		{"one that takes long", []time.Duration{100}, false},
		{"as many as keep it busy", []time.Duration{100, 50}, false},
		{"more", []time.Duration{100, 50, 3}, true},
		{"many that are on their way", []time.Duration{2, 2, 2, 1, 1, 1, 0, 0}, false},
		{"two of many late", []time.Duration{9, 8, 2, 2, 1, 1, 0, 0}, false},
		{"three of many late", []time.Duration{9, 8, 7, 2, 1, 1, 0, 0}, true},
	} {
		var inFlight []*pendingAppend
		for _, age := range c.ages {
			inFlight = append(inFlight, &pendingAppend{sent: now.Add(-age * trip)})
		}
		if got := behind(inFlight, trip, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
