package session

import "time"

// Whether a line is slow is told by the time that is lost waiting for it: for a
// source inside reads of the socket while messages are asked for, for a
// destination inside writes, and inside reads once no more may be unanswered.
// The bytes that passed, over that time, are what the line carries. Where
// something else holds the copying up (the other host, a limit, this machine),
// hardly anything is lost in waiting, and the figure is high, as it should be:
// there DEFLATE would gain nothing.
//
// A slow server can not be told from a slow line in this way, nor in another one
// that holds everywhere: the kernel's statistics of a connection (TCP_INFO, Linux
// only) tell a reader nothing about why bytes come late, and a writer only about
// the next hop, which may be a proxy. Two things make that harmless. A line with
// a round trip below nextDoor is not believed to be slow, so that a slow server
// next door is left alone; and slowLine is so low that compressing costs little
// of the time that passes anyway.
//
// A listing may be slow where bodies are not: a server that reads each message from a
// disk for its header is taken for a slow line. Then bodies come no faster than it
// compresses, so that a line loses by it which is farAway and carries more than 32 MB/s.
const (
	// slowLine is the rate in bytes a second below which DEFLATE pays. Measured on
	// one core of 2024: zlib at level 6, which Dovecot uses, compresses 32 to 52 MB/s
	// of text mail and 37 MB/s of attachments in base64, ours at level 7 63 and 99;
	// both decompress 250 MB/s and more. Text shrinks to two fifths and less,
	// attachments to three quarters. So even a server that has but a fifth of such a
	// core left keeps up with the line, and gains.
	slowLine = 4e6
	// nextDoor is a round trip that only this machine and its network have.
	nextDoor = 500 * time.Microsecond
	// A span is the least that is judged: so long, so many bytes, and so many
	// round trips. A line is judged by two spans one after the other, so that neither
	// a pause of the server nor TCP's slow start counts: see steady.
	spanTime  = 500 * time.Millisecond
	spanBytes = 512 << 10
	spanTrips = 4
	// A line of a round trip of farAway or more is most likely what holds up what is
	// waited for, and until it is judged it costs three times as much as it need;
	// there less is enough.
	farAway  = 5 * time.Millisecond
	farTime  = 100 * time.Millisecond
	farBytes = 64 << 10
	farTrips = 3
	// steady is how much more than the one before a span may have carried. A
	// connection in slow start carries three times as much in the next three round
	// trips even where each adds half only: what it will carry is not known yet.
	steady = 1.5
	// spanFast times what a slow line carries in a span ends it: so much passed
	// without much waiting that nothing before should count for what comes.
	spanFast = 2
	// leastSaved is the share of the bytes that DEFLATE saves at least, on mail
	// that is nothing but attachments.
	leastSaved = 0.25
)

// lineMeter judges what a connection's line carries. The zero value is a
// connection of which nothing is known.
type lineMeter struct {
	bytes  int64
	waited time.Duration
	spans  int
	// rates of the last whole span and of the one before, bytes a second; 0 before one
	last, before float64

	// What passed lately, whether waited for or not: in the interval begun at
	// begun, and in the one before.
	begun     time.Time
	now, past int64
}

// add enters bytes that passed and the time in which the line was waited for,
// and reports whether that completes a span.
func (m *lineMeter) add(bytes int64, waited, trip time.Duration) bool {
	m.bytes += bytes
	m.waited += waited
	least, enough := max(spanTime, spanTrips*trip), int64(spanBytes)
	if trip >= farAway {
		least, enough = max(farTime, farTrips*trip), farBytes
	}
	long := m.waited >= least && m.bytes >= enough
	if !long && float64(m.bytes) < spanFast*slowLine*least.Seconds() {
		return false
	}
	m.before, m.last = m.last, float64(m.bytes)/max(m.waited, time.Microsecond).Seconds()
	m.spans++
	m.bytes, m.waited = 0, 0
	return true
}

// rate is what the connection carries, bytes a second; 0 while that is not known. Of two
// spans the better one counts.
func (m *lineMeter) rate() float64 {
	if m.spans < 2 || m.last > steady*m.before {
		return 0
	}
	return max(m.last, m.before)
}

// deflatePays decides whether to turn DEFLATE on for one connection that carries
// rate bytes a second, one of streams equal ones on the same line; trip is a
// round trip, left are the bytes still to come.
func deflatePays(rate float64, streams int, trip time.Duration, left int64) bool {
	if rate <= 0 || rate*float64(max(streams, 1)) > slowLine || trip < nextDoor {
		return false
	}
	// The line has to be empty before, which costs a round trip, and the command
	// costs another.
	cost := 2 * trip.Seconds()
	return float64(left)/rate*leastSaved > 2*cost
}

// AheadBytes is how much may be under way on any line.
const AheadBytes = 8 << 20

// enough are bytes under way that keep a line full on which DEFLATE would pay: what it
// carries in a round trip at first, and in two at twice the rate that was seen later.
func (m *lineMeter) enough(trip time.Duration) int64 {
	rate := slowLine / 2.0
	if m.spans > 0 {
		rate = min(2*m.last, slowLine)
	}
	return max(int64(2*rate*trip.Seconds()), sureBytes)
}

// leastAhead is what may be under way at any time.
const leastAhead = 512 << 10

// passed enters bytes that arrived at the other end.
func (m *lineMeter) passed(bytes int64, at time.Time, trip time.Duration) {
	interval := max(time.Second, spanTrips*trip)
	if age := at.Sub(m.begun); age >= interval {
		m.past = m.now
		if age >= 2*interval {
			m.past = 0
		}
		m.now, m.begun = 0, at
	}
	m.now += bytes
}

// ahead is how many bytes may be under way on a line on which DEFLATE may be
// turned on later: they all have to arrive before, and a slow line takes its time
// for that. It is what arrived in a second, or in four round trips. That is no
// brake: while TCP has not found out what the line carries it doubles with each
// round trip what is under way, to about as much as arrived before, and afterwards
// this is several times what fits on the line.
func (m *lineMeter) ahead() int64 {
	return min(max(m.past, m.now, leastAhead), AheadBytes)
}
