package pace

import "time"

// Traffic is what was moved for one account: bytes by hour. The journal has it,
// for all runs and processes.
type Traffic interface {
	// Bytes is the sum of the hours from the one of from up to, and without, the
	// one of to.
	Bytes(from, to time.Time) int64
}

// Day is a limit of bytes in any 24 hours.
type Day struct {
	Limit   int64
	Traffic Traffic
}

// Left is how many bytes may still go at this moment. Traffic is known by the
// hour, so an hour that lies in the window only partly counts as a whole: the
// limit is kept, never overrun.
func (d Day) Left(now time.Time) int64 {
	return d.Limit - d.Traffic.Bytes(now.Add(-24*time.Hour), now.Add(time.Hour))
}

// Again is when n bytes may go: the full hour at which enough of the traffic is
// older than a day. It is now when they may go already. For n above the limit
// it is when everything is free.
func (d Day) Again(now time.Time, n int64) time.Time {
	n = min(n, d.Limit)
	if d.Left(now) >= n {
		return now
	}
	hour := now.Truncate(time.Hour)
	for range 25 {
		hour = hour.Add(time.Hour)
		if d.Left(hour) >= n {
			return hour
		}
	}
	return hour
}
