//go:build !linux

package lease

import "time"

// Boot is the time since the process began. There is no clock here that is known to
// count suspend, so the further of the wall's and the process's counts.
func Boot() time.Duration { return fallback() }

var fallback = latest(wallClock, processClock)
