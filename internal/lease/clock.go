package lease

import "time"

// Clock tells how long it is since a moment that does not change while the process
// lives. It never goes back, and it counts the time in which the machine was suspended.
type Clock func() time.Duration

// latest is a Clock made of the wall's clock and of the process's: whichever has gone
// further counts. The wall's counts the time of a suspended machine, and may be set;
// set forward it ends a lease early, which is safe, and set back it is not believed.
func latest(wall, process func() time.Duration) Clock {
	return func() time.Duration { return max(wall(), process()) }
}

// started is when the process began, by both clocks.
var started = time.Now()

func wallClock() time.Duration { return time.Now().Round(0).Sub(started.Round(0)) }

func processClock() time.Duration { return time.Since(started) }
