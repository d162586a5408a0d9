package event

import "time"

// Underway tells from time to time what moves, answered or not: what is told of
// messages comes in batches, minutes apart on a slow line.
type Underway struct {
	base
	// Line is what went over the lines so far, in bytes: what host1 sent, and what
	// host2 was sent.
	Line [3]int64
	// Left are bytes of messages that left for host2 so far, more than once for
	// those that were sent again.
	Left int64
	// Pending are messages asked for whose fate is not known, and PendingBytes what
	// they have.
	Pending, PendingBytes int64
	// Listed are messages whose headers were read so far.
	Listed [3]int64
	// Connections are open, by side; Commands were sent so far, and RoundTrips of them
	// while no other was in flight, so that each cost a round trip.
	Connections          [3]int
	Commands, RoundTrips [3]int64
	// ShortestTripSeconds is the shortest round trip seen, 0 for none.
	ShortestTripSeconds [3]float64
}

// Waiting tells of a pause of this program, before it is made. Those that a limit a
// day or a server asks for have a Throttled instead.
type Waiting struct {
	base
	Side Side // 0 for both
	For  time.Duration
	Why  string
}
