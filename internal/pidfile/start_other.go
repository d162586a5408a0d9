//go:build !linux

package pidfile

import "time"

// startOf is not known here.
func startOf(int) (time.Time, bool) { return time.Time{}, false }
