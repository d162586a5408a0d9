package session

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// DEFLATE (RFC 4978) is turned on in the middle of a listing or of a round, on the
// side whose line turns out to be slow: whoever drives the connection stops asking,
// or sending, until everything under way has arrived, sends COMPRESS, and goes
// on. It can not be turned off again on the same connection.

// capDeflate is the capability.
const capDeflate = "COMPRESS=DEFLATE"

// What a run knows of DEFLATE on one side.
const (
	deflateUnknown int32 = iota
	deflateOn            // it was turned on: further connections begin with it
	deflateNever         // refused, or it does harm
)

// deflateStrikes is how many connections may be lost right after DEFLATE was
// turned on: then it is left alone.
const deflateStrikes = 2

// soonAfter is how many bytes on the wire are not enough to say that compressed
// connections work.
const soonAfter = 1 << 20

// compression is what a run knows of DEFLATE on one side.
type compression struct {
	state   atomic.Int32
	strikes atomic.Int32
	// streams are the connections over which messages move now.
	streams atomic.Int32
	// before is what the line carried in an earlier run that turned DEFLATE on, found
	// what it carried when this one did; both as bits of bytes a second, 0 for none.
	before, found atomic.Uint64
}

// LineWas says what the line carried, bytes a second, when an earlier run turned DEFLATE
// on: this one does so before the first message, where a line as slow is worth it.
func (s *Account) LineWas(rate float64) { s.compression.before.Store(math.Float64bits(rate)) }

// SlowLine is what the line carried when this run turned DEFLATE on, bytes a second. 0:
// it did not, or only since an earlier run had.
func (s *Account) SlowLine() float64 { return math.Float64frombits(s.compression.found.Load()) }

// NoDeflate reports whether DEFLATE was refused, or did harm.
func (s *Account) NoDeflate() bool { return s.compression.state.Load() == deflateNever }

// strikeDeflate notes a connection that was lost as soon as it was to compress. Where the
// user asked for DEFLATE it is told that it is left alone now: a server that says OK to
// it and sends plain text would never be had back.
func (s *Account) strikeDeflate() {
	if s.compression.strikes.Add(1) >= deflateStrikes && s.compression.state.Swap(deflateNever) != deflateNever && s.Plan.Compress != nil {
		s.control.Warn(fmt.Sprintf("Host%d: %d connections were lost as soon as they were compressed: --compress%d is left out from now on", s.N, deflateStrikes, s.N))
	}
}

// lostCompressed looks at a connection that was lost.
func (k *Link) lostCompressed() {
	c := k.Conn
	if !c.Compressed() {
		return
	}
	n := c.Counters()
	moved := n.NetIn + n.NetOut
	if k.metered == c {
		moved -= k.deflatedAt
	}
	if moved < soonAfter {
		k.Account.strikeDeflate()
		return
	}
	k.Account.compression.strikes.Store(0)
}

// compressing is the configuration of a further connection: where DEFLATE paid
// before, or the user asked for it, it is on from the login.
func (s *Account) compressing() imapconn.Config {
	cfg := s.Config
	switch state := s.compression.state.Load(); {
	case state == deflateNever:
		cfg.Compress = false
	case s.Plan.Compress == nil:
		cfg.Compress = state == deflateOn
	}
	return cfg
}

// Gauge watches a link while one half of a round moves messages over it.
type Gauge struct {
	k    *Link
	conn *imapconn.Conn
	out  bool // messages leave over it
	// on: DEFLATE may still be turned on.
	on bool
	// Pays: it is to be turned on as soon as nothing is under way.
	Pays bool
	last imapconn.Counters
	// Left are the bytes of messages not asked for, or not sent.
	Left int64
	// from is the account that what leaves comes from, nil when nothing leaves.
	from *Account
	// moved and waited are the bytes that were looked at, and the time.
	moved  int64
	waited time.Duration
	// forced is time waited for answers because no more may be unanswered.
	forced time.Duration
}

// Watch begins to watch; left are the bytes of messages that are to pass.
func (k *Link) Watch(conn *imapconn.Conn, out bool, left int64) Gauge {
	s := k.Account
	s.compression.streams.Add(1)
	if k.metered != conn {
		k.meter, k.metered, k.deflatedAt = lineMeter{}, conn, 0
	}
	g := Gauge{k: k, conn: conn, out: out, Left: left, last: conn.Counters()}
	// Under a limit of bytes a second every line is slow, on purpose.
	g.on = s.Plan.Compress == nil && !s.limits.HoldBytes(s.N) && s.compression.state.Load() != deflateNever &&
		conn.Has(capDeflate) && !conn.Compressed() && conn.RoundTrip() >= nextDoor
	if before := math.Float64frombits(s.compression.before.Load()); g.on {
		g.Pays = deflatePays(before, int(s.compression.streams.Load()), conn.RoundTrip(), left)
	}
	return g
}

// Follow says that what leaves comes from another account. Where that one has a slow line
// no more can leave than comes, so that DEFLATE costs next to nothing here too, and a
// line that is far away is not waited for until it is found to be slow as well: until
// then all that could have been saved would have gone. Next door to this machine it would
// save nothing.
func (g *Gauge) Follow(from *Account) {
	g.from = from
	g.follow()
}

func (g *Gauge) follow() {
	if !g.on || g.Pays || g.from == nil || g.conn.RoundTrip() < farAway {
		return
	}
	if c := &g.from.compression; c.state.Load() == deflateOn {
		g.Pays = deflatePays(c.rate(), 1, g.conn.RoundTrip(), g.Left)
	}
}

// rate is what a line carried that is compressed because it is slow, or was in an earlier
// run; 0 for none.
func (c *compression) rate() float64 {
	if found := math.Float64frombits(c.found.Load()); found > 0 {
		return found
	}
	return math.Float64frombits(c.before.Load())
}

// End ends the watching.
func (g *Gauge) End() {
	if g.k != nil {
		g.k.Account.compression.streams.Add(-1)
	}
}

// Skip leaves out what happened since the last look.
func (g *Gauge) Skip() {
	if g.on {
		g.last, g.forced = g.conn.Counters(), 0
	}
}

// SkipWait leaves out the time that was waited since the last look, for what the line has
// no part in.
func (g *Gauge) SkipWait() {
	if g.on {
		now := g.conn.Counters()
		g.last.WaitIn, g.last.WaitOut, g.forced = now.WaitIn, now.WaitOut, 0
	}
}

// Look enters what happened since the last look. It is cheap enough to be called
// for each message.
func (g *Gauge) Look() {
	if g.follow(); !g.on || g.Pays {
		return
	}
	now := g.conn.Counters()
	moved, waited := now.NetIn-g.last.NetIn, now.WaitIn-g.last.WaitIn
	if g.out {
		moved, waited = now.NetOut-g.last.NetOut, now.WaitOut-g.last.WaitOut+g.forced
	}
	if moved < 64<<10 && waited < farTime/10 {
		return
	}
	g.last, g.forced = now, 0
	g.moved, g.waited = g.moved+moved, g.waited+waited
	trip := g.conn.RoundTrip()
	if m := &g.k.meter; m.add(moved, waited, trip) {
		g.Pays = deflatePays(m.rate(), int(g.k.Account.compression.streams.Load()), trip, g.Left)
	}
}

// Waiting measures a wait for answers without which nothing more may be sent;
// the caller calls what it returns at its end.
func (g *Gauge) Waiting() func() {
	if !g.on {
		return func() {}
	}
	before := g.conn.Counters().WaitIn
	return func() {
		g.forced += g.conn.Counters().WaitIn - before
		g.Look()
	}
}

// Arrived enters bytes that reached the other end of the line.
func (g *Gauge) Arrived(n int64) {
	if g.on {
		g.k.meter.passed(n, time.Now(), g.conn.RoundTrip())
	}
}

// Ahead is how many bytes may be under way.
func (g *Gauge) Ahead() int64 {
	if !g.Open() {
		return AheadBytes
	}
	return g.k.meter.ahead()
}

// sureBytes are enough to say that a line is not slow, when they came without much
// waiting.
const sureBytes = 128 << 10

// Open reports whether DEFLATE may yet be turned on and the line was not seen to be fast
// lately. What is written proves nothing at first: it may be in a buffer of this machine.
func (g *Gauge) Open() bool {
	if m := &g.k.meter; !g.on || m.spans > 0 {
		return g.on && m.last < slowLine
	}
	return g.out || g.moved < sureBytes || float64(g.moved) < slowLine*g.waited.Seconds()
}

// Enough are bytes of small answers that keep a line full while it is Open.
func (g *Gauge) Enough() int64 { return g.k.meter.enough(g.conn.RoundTrip()) }

// Window narrows what is asked for: the bytes of one window, and those that may
// be under way when it is asked for.
func (g *Gauge) Window(bytes, inFlight int64) (int64, int64) {
	if limit := g.Ahead(); limit < AheadBytes {
		return min(bytes, limit/2), min(inFlight, limit/2+1)
	}
	return bytes, inFlight
}

// Batch is how many bytes fill a batch, most at the most.
func (g *Gauge) Batch(most int64) int64 { return min(most, g.Ahead()/2) }

// TurnOn sends COMPRESS, with nothing under way. An error means that the
// connection is lost.
func (g *Gauge) TurnOn(ctx context.Context) error {
	s := g.k.Account
	g.Pays = false
	if err := g.conn.Err(); err != nil {
		return err
	}
	if g.conn.InFlight() > 0 {
		return nil // another time
	}
	if g.on = false; s.compression.state.Load() == deflateNever {
		return nil
	}
	err := g.conn.Compress(ctx)
	switch {
	case err == nil:
		n := g.conn.Counters()
		g.k.deflatedAt = n.NetIn + n.NetOut
		if s.compression.state.CompareAndSwap(deflateUnknown, deflateOn) {
			rate := g.k.meter.rate()
			s.compression.found.Store(math.Float64bits(rate))
			if rate == 0 {
				rate = math.Float64frombits(s.compression.before.Load())
			}
			s.control.Emit(event.Compression{Side: s.N, On: true, Rate: rate})
		}
		return nil
	case IsRefusal(err):
		s.compression.state.Store(deflateNever)
		s.control.Debugf(false, "compress", "Host%d: the line carries %.2g MB/s, and the server refuses to compress: %s", s.N, g.k.meter.rate()/1e6, ServerWords(err))
		return nil
	}
	s.strikeDeflate()
	return err
}
