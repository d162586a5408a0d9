package lease

import (
	"time"

	"golang.org/x/sys/unix"
)

// Boot is the time since the machine was started, suspend included (CLOCK_BOOTTIME,
// clock_gettime(2)).
func Boot() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return fallback() // a sandbox may refuse it
	}
	return time.Duration(ts.Nano())
}

var fallback = latest(wallClock, processClock)
