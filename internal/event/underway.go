package event

import "time"

// Underway tells from time to time how much was moved so far, also what is not answered
// yet. (MessageCopied follows the answers, which on a slow line come minutes apart.)
type Underway struct {
	base
	// Line is how many bytes host1 sent and how many were sent to host2 so far.
	Line [3]int64
	// Left are bytes of messages that were sent to host2 so far; a message that is sent
	// again counts again.
	Left int64
	// Pending are messages that were asked for and of which host2 has not confirmed or
	// refused the copy yet; PendingBytes is their size.
	Pending, PendingBytes int64
	// Listed are messages whose headers were read so far.
	Listed [3]int64
	// Connections are those that are open.
	Connections [3]int
	// Commands are those that were sent so far.
	Commands [3]int64
	// RoundTrips are those of them that were sent while no other was unanswered, so that
	// each cost a round trip.
	RoundTrips [3]int64
	// ShortestTripSeconds is the shortest round trip seen, 0 for none.
	ShortestTripSeconds [3]float64
}

// Waiting tells of a pause that the program makes by itself, before it begins. One that a
// daily limit or a server asks for is told by Throttled instead.
type Waiting struct {
	base
	Side Side // 0 for both
	For  time.Duration
	Why  string
}
