package session

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/pace"
	"github.com/imaphaul/imaphaul/internal/plan"
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
	// tellSleep is how much sleep is told at a time, TellRest how much at the end.
	tellSleep = time.Second
	TellRest  = 10 * time.Millisecond
)

// Limits are the limits a second of a run. Safe for concurrent use, but for what is said
// of Narrow.
type Limits struct {
	control *Control
	clock   pace.Clock
	plan    *plan.Limits
	// messages and bytes hold for each direction; nil for no limit.
	messages, bytes [3]*pace.Limiter
	// slept is what was waited for messages and for bytes and not told yet.
	slept [2]atomic.Int64
	// went is what went over all lines so far: what host1 sent, what host2 was sent.
	went [3]atomic.Int64
	// mu guards rtt, the longest round trip to host1 seen.
	mu  sync.Mutex
	rtt time.Duration
	// narrow: host1 is offered as little room as the limit of bytes wants.
	narrow bool
	// users is how many runs of the process keep the limit of bytes of a side
	// together; leave are called when this one ends.
	users [3]func() int
	leave []func()
	// share is what this process has of the limit of bytes with host1.
	share func() float64
}

// NewLimits makes the limiters of a plan, or takes those that other runs keep with the
// same hosts, until Leave. clock is nil for the one on the wall, whose waits end when the
// run is to stop.
func NewLimits(p *plan.Plan, c *Control, clock pace.Clock, all *Governors) *Limits {
	l := &Limits{control: c, clock: clock, plan: &p.Limits}
	if clock == nil {
		l.clock = c
	}
	l.share = func() float64 { return all.share(serverOf(p.Host1.Host, p.Host1.Port)) }
	for n := event.Side(1); n <= 2; n++ {
		host := serverOf(p.Host1.Host, p.Host1.Port)
		if n == 2 {
			host = serverOf(p.Host2.Host, p.Host2.Port)
		}
		if most := l.plan.MaxMessagesPerSecond; most > 0 {
			l.messages[n], _ = l.join(all, limitKey{server: host, side: int(n), perSecond: most})
			l.messages[n].Tell = func(d time.Duration) { c.TellWait(n, d, "--maxmessagespersecond") }
		}
		if most := l.plan.MaxBytesPerSecond; most > 0 {
			l.bytes[n], l.users[n] = l.join(all, limitKey{server: host, side: int(n), bytes: true, perSecond: float64(most)})
		}
	}
	return l
}

// join takes a limit of a host until Leave.
func (l *Limits) join(all *Governors, key limitKey) (*pace.Limiter, func() int) {
	limit, users, leave := all.limit(key, l.clock)
	l.leave = append(l.leave, leave)
	return limit.Shared(l.plan.MaxSleep, l.clock), users
}

// Leave leaves the limits to the other runs that keep them.
func (l *Limits) Leave() {
	for _, leave := range l.leave {
		leave()
	}
	l.leave = nil
}

// Clock is the clock of the limits.
func (l *Limits) Clock() pace.Clock { return l.clock }

// Went is how many bytes went over the lines of a side so far: what host1 sent, what
// host2 was sent.
func (l *Limits) Went(n event.Side) int64 { return l.went[n].Load() }

// HoldBytes reports whether there is a limit of bytes a second on a side.
func (l *Limits) HoldBytes(n event.Side) bool { return l.bytes[n] != nil }

// HoldMessages reports whether there is a limit of messages a second on a side.
func (l *Limits) HoldMessages(n event.Side) bool { return l.messages[n] != nil }

// slow puts the brakes on the connections of a side. Without a limit they count.
func (l *Limits) slow(n event.Side, cfg *imapconn.Config) {
	b := &brake{l, l.bytes[n], n}
	if n == 2 {
		cfg.SlowOut = b
		return
	}
	cfg.SlowIn = b
	if b.limit != nil {
		cfg.ReceiveBuffer = l.room
	}
}

// room is how much host1 may send before it is read, in bytes, for a round trip,
// 0 before the limit holds. On a long line it is more than a limit has to spare: a
// large message begins with all of it at once. There the rest goes more slowly, so
// that every ten seconds still hold the limit.
func (l *Limits) room(rtt time.Duration) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rtt = max(l.rtt, rtt)
	if !l.braking() {
		return 0
	}
	limit := max(float64(l.plan.MaxBytesPerSecond)*l.share(), leastRate)
	seconds := max(roomFor(l.rtt), leastRoom/limit)
	l.bytes[1].SetRate(limit * rateFor(seconds))
	// Runs that keep the limit together have the room together.
	return int(min(max(seconds*limit/float64(l.users[1]()), leastRoom), 1<<30))
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
func (l *Limits) seconds(s float64) int64 {
	return int64(max(float64(l.plan.MaxBytesPerSecond)*s, 1))
}

// braking reports whether the limit of bytes holds already.
func (l *Limits) braking() bool { return l.unbraked() <= 0 }

// unbraked is what may still come before --maxbytespersecond holds.
func (l *Limits) unbraked() int64 { return l.plan.MaxBytesAfter - l.went[1].Load() }

// brake holds one direction to --maxbytespersecond, and counts what goes there.
type brake struct {
	l     *Limits
	limit *pace.Limiter
	side  event.Side
}

// Holding implements imapwire.Brake.
func (b *brake) Holding() bool { return b.limit != nil && b.l.braking() }

// Ready implements imapwire.Brake. It waits for a moment only, so it does not end
// with a request to stop: what is under way is to arrive.
func (b *brake) Ready(ctx context.Context, n int) (int, error) {
	if b.limit == nil {
		return n, nil
	}
	if free := b.l.unbraked(); free > 0 {
		return int(min(int64(n), free)), nil
	}
	slept, err := b.limit.Ready(ctx)
	if err != nil && !IsStopped(err) {
		return 0, err
	}
	if b.side == 1 { // the two mostly sleep at the same time
		b.l.slept[1].Add(int64(slept))
	}
	return min(n, max(b.limit.Burst()/b.l.users[b.side](), 1)), nil
}

// Moved implements imapwire.Brake.
func (b *brake) Moved(n int) {
	if b.Holding() {
		b.limit.Spend(int64(n))
	}
	b.l.went[b.side].Add(int64(n))
}

// TellSlept tells how long the limits were waited for, if that was at least so long
// since the last time.
func (l *Limits) TellSlept(least time.Duration) {
	for i, why := range [...]string{"--maxmessagespersecond", "--maxbytespersecond"} {
		if time.Duration(l.slept[i].Load()) < least {
			continue
		}
		if slept := l.slept[i].Swap(0); slept > 0 {
			l.control.Emit(event.Throttled{Side: 1, For: time.Duration(slept), Why: why, Over: true})
		}
	}
}

// Shared reports whether a limit holds that several connections would have to share.
func (l *Limits) Shared() bool { return l.messages[1] != nil || l.bytes[1] != nil }

// Narrow offers host1 less room from the moment at which the limit of bytes holds. A
// limit is not shared by connections, so only one goroutine calls it.
func (l *Limits) Narrow(k *Link) {
	if l.bytes[1] == nil || l.narrow || !l.braking() {
		return
	}
	l.narrow = true
	if l.plan.MaxBytesAfter > 0 && k.Conn != nil {
		k.Conn.SetReceiveBuffer(l.room(0))
	}
}

// Window bounds what is asked for, from what it would be without limits: messages and
// bytes in one command, and bytes and commands ahead.
func (l *Limits) Window(messages int, bytes, ahead int64, commands int) (int, int64, int64, int) {
	if l.bytes[1] != nil && l.braking() {
		bytes = min(bytes, l.seconds(windowPaced))
		ahead = min(ahead, l.seconds(aheadPaced))
	}
	if m := l.messages[1]; m != nil {
		messages = min(messages, m.Burst())
		commands = min(commands, int(math.Ceil(messagesAhead*l.plan.MaxMessagesPerSecond/float64(m.Burst()))))
	}
	return messages, bytes, ahead, max(commands, 1)
}

// Slow reports whether a message of size bytes takes long under the limit.
func (l *Limits) Slow(size int64) bool {
	return l.bytes[1] != nil && l.braking() && size > l.plan.MaxBytesPerSecond/4
}

// Pace waits until messages may leave a side: host1 for here, here for host2.
func (l *Limits) Pace(ctx context.Context, n event.Side, messages int) error {
	l.TellSlept(tellSleep)
	m := l.messages[n]
	if m == nil {
		return nil
	}
	slept, err := m.Wait(ctx, int64(messages))
	if n == 1 {
		l.slept[0].Add(int64(slept))
	}
	return err
}
