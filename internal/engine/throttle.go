package engine

import (
	"context"
	"math"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/pace"
)

// The limits a second are kept on the line itself: what host1 sends is read, and
// what host2 gets is written, no faster than they allow, whatever it is. Host1 is
// asked for little ahead and offered little room, so that it sends no faster,
// either. Messages are counted when they are asked for, and again when they leave
// for host2.

const (
	// aheadPaced is how much may be asked for ahead under a limit, in seconds of
	// it: enough for any line, little enough to end soon when asked to stop.
	aheadPaced = 1
	// windowPaced is what one command asks for, in seconds of the limit.
	windowPaced = 0.25
	// roomLeast and roomMost are what host1 can send before it is read, in seconds
	// of the limit, and roomTrips the same in round trips: with less the line would
	// not be used. leastRoom is what systems can do with, in bytes.
	roomLeast = 0.1
	roomMost  = 0.5
	roomTrips = 1.5
	leastRoom = 4 << 10
	// stretch is how long a limit has to hold, in seconds, and spare by how much of
	// it it may be exceeded: that is what the limiter's own slack and the room of a
	// short line make together.
	stretch = 10
	spare   = 0.2
	slack   = 0.1
	// messagesAhead is how long a line may be, in seconds, before messages are
	// asked for more slowly than the limit allows.
	messagesAhead = 0.3
	// tellSleep is how much sleep is told at a time, tellRest how much at the end.
	tellSleep = time.Second
	tellRest  = 10 * time.Millisecond
)

// prepareLimits makes the limiters of the plan.
func (r *run) prepareLimits() {
	l := &r.p.Limits
	r.limits.clock = r.control
	if r.o.Clock != nil {
		r.limits.clock = r.o.Clock
	}
	for n := event.Side(1); n <= 2; n++ {
		if l.MaxMessagesPerSecond > 0 {
			r.limits.messages[n] = pace.New(l.MaxMessagesPerSecond, l.MaxSleep, r.limits.clock)
		}
		if l.MaxBytesPerSecond > 0 {
			r.limits.bytes[n] = pace.New(float64(l.MaxBytesPerSecond), l.MaxSleep, r.limits.clock)
		}
	}
}

// slow puts the brakes on the connections of a side. Without a limit they count.
func (r *run) slow(n event.Side, cfg *imapconn.Config) {
	b := &brake{r, r.limits.bytes[n], n}
	if n == 2 {
		cfg.SlowOut = b
		return
	}
	cfg.SlowIn = b
	if b.limit != nil {
		cfg.ReceiveBuffer = r.room
	}
}

// room is how much host1 may send before it is read, in bytes, for a round trip,
// 0 before the limit holds. On a long line it is more than a limit has to spare: a
// large message begins with all of it at once. There the rest goes more slowly, so
// that every ten seconds still hold the limit.
func (r *run) room(rtt time.Duration) int {
	r.limits.mu.Lock()
	defer r.limits.mu.Unlock()
	r.limits.rtt = max(r.limits.rtt, rtt)
	if !r.braking() {
		return 0
	}
	limit := float64(r.p.Limits.MaxBytesPerSecond)
	seconds := max(roomFor(r.limits.rtt), leastRoom/limit)
	r.limits.bytes[1].SetRate(limit * rateFor(seconds))
	return int(min(seconds*limit, 1<<30))
}

func roomFor(rtt time.Duration) float64 {
	return min(max(roomTrips*rtt.Seconds(), roomLeast), roomMost)
}

// rateFor is the part of the limit that goes with that much room, in seconds. A
// limit of less than 4 kB a second is not kept to the last byte.
func rateFor(room float64) float64 {
	return min(max((stretch+spare-slack-room)/stretch, 0.9), 1)
}

// seconds is what goes in so many seconds under the limit of bytes, at least one.
func (r *run) seconds(s float64) int64 {
	return int64(max(float64(r.p.Limits.MaxBytesPerSecond)*s, 1))
}

// braking reports whether the limit of bytes holds already.
func (r *run) braking() bool { return r.unbraked() <= 0 }

// unbraked is what may still come before --maxbytespersecond holds.
func (r *run) unbraked() int64 { return r.p.Limits.MaxBytesAfter - r.limits.went[1].Load() }

// brake holds one direction to --maxbytespersecond, and counts what goes there.
type brake struct {
	r     *run
	limit *pace.Limiter
	side  event.Side
}

// Holding implements imapwire.Brake.
func (b *brake) Holding() bool { return b.limit != nil && b.r.braking() }

// Ready implements imapwire.Brake. It waits for a moment only, so it does not end
// with a request to stop: what is under way is to arrive.
func (b *brake) Ready(ctx context.Context, n int) (int, error) {
	if b.limit == nil {
		return n, nil
	}
	if free := b.r.unbraked(); free > 0 {
		return int(min(int64(n), free)), nil
	}
	slept, err := b.limit.Ready(ctx)
	if err != nil && !isStopped(err) {
		return 0, err
	}
	if b.side == 1 { // the two mostly sleep at the same time
		b.r.limits.slept[1].Add(int64(slept))
	}
	return min(n, b.limit.Burst()), nil
}

// Moved implements imapwire.Brake.
func (b *brake) Moved(n int) {
	if b.Holding() {
		b.limit.Spend(int64(n))
	}
	b.r.limits.went[b.side].Add(int64(n))
}

// tellSlept tells how long the limits were waited for, if that was at least so long
// since the last time.
func (r *run) tellSlept(least time.Duration) {
	for i, why := range [...]string{"--maxmessagespersecond", "--maxbytespersecond"} {
		if time.Duration(r.limits.slept[i].Load()) < least {
			continue
		}
		if slept := r.limits.slept[i].Swap(0); slept > 0 {
			r.emit(event.Throttled{Side: 1, For: time.Duration(slept), Why: why})
		}
	}
}

// pacing reports whether a limit holds that several lanes would have to share.
func (r *run) pacing() bool {
	return r.limits.messages[1] != nil || r.limits.bytes[1] != nil || r.limits.day[1] != nil || r.limits.day[2] != nil
}

// narrow offers host1 less room from the moment at which the limit of bytes holds.
func (r *run) narrow(k *link) {
	if r.limits.bytes[1] == nil || r.limits.narrow || !r.braking() {
		return
	}
	r.limits.narrow = true
	if r.p.Limits.MaxBytesAfter > 0 && k.conn != nil {
		k.conn.SetReceiveBuffer(r.room(0))
	}
}

// window bounds what is asked for: messages and bytes in one command, and bytes
// and commands ahead.
func (r *run) window() (messages int, bytes, ahead int64, commands int) {
	messages, bytes, ahead, commands = windowMessages, windowBytes, aheadBytes, windowsAhead
	if r.limits.bytes[1] != nil && r.braking() {
		bytes = min(bytes, r.seconds(windowPaced))
		ahead = min(ahead, r.seconds(aheadPaced))
	}
	if l := r.limits.messages[1]; l != nil {
		messages = min(messages, l.Burst())
		commands = min(commands, int(math.Ceil(messagesAhead*r.p.Limits.MaxMessagesPerSecond/float64(l.Burst()))))
	}
	return messages, bytes, ahead, max(commands, 1)
}

// streams reports whether a message of size bytes goes straight from one line to
// the other: one that takes long under the limit would keep host2 waiting.
func (r *run) streams(size int64) bool {
	return size > streamAbove || r.limits.bytes[1] != nil && r.braking() && size > r.p.Limits.MaxBytesPerSecond/4
}

// pace waits until messages may leave a side: host1 for here, here for host2.
func (r *run) pace(ctx context.Context, n event.Side, messages int) error {
	r.tellSlept(tellSleep)
	l := r.limits.messages[n]
	if l == nil {
		return nil
	}
	slept, err := l.Wait(ctx, int64(messages))
	if n == 1 {
		r.limits.slept[0].Add(int64(slept))
	}
	return err
}

// pace waits until messages may leave for host2. When the run is to stop they
// leave at once: they are under way.
func (d *deliverer) pace(ctx context.Context, messages int) error {
	if d.v.run.limits.messages[2] == nil {
		return nil
	}
	if err := d.conn.Flush(ctx); err != nil { // what is paid for leaves now
		return err
	}
	return unlessStopped(d.v.run.pace(ctx, 2, messages))
}
