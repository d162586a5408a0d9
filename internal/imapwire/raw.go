package imapwire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

const (
	// stallAfter is how long a write may be blocked before replies are read
	// beside it. A server that answers pipelined commands stops reading when
	// nobody takes its answers; without relief both sides wait for ever.
	stallAfter = 20 * time.Millisecond
	// maxStash bounds what is read beside a blocked write.
	maxStash = 64 << 20
)

// aLongTimeAgo is a deadline in the past: it ends a blocked read or write.
var aLongTimeAgo = time.Unix(1, 0)

// TimeoutError says that no byte moved for the whole idle time-out.
// It satisfies net.Error and wraps os.ErrDeadlineExceeded.
type TimeoutError struct {
	Op    string        // "reading" or "writing"
	After time.Duration // the idle time-out
	// Slow says that bytes came, but fewer than slowest in that time.
	Slow bool
}

// Error names the direction and the limit.
func (e *TimeoutError) Error() string {
	if e.Slow {
		return fmt.Sprintf("less than %d bytes came in %v, and no whole line, while %s (see --timeout1 and --timeout2)", slowest, e.After, e.Op)
	}
	return fmt.Sprintf("no byte moved for %v while %s (see --timeout1 and --timeout2)", e.After, e.Op)
}

// Timeout reports true, for net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary reports false, for net.Error.
func (e *TimeoutError) Temporary() bool { return false }

// Unwrap gives os.ErrDeadlineExceeded.
func (e *TimeoutError) Unwrap() error { return os.ErrDeadlineExceeded }

// rawConn is the socket with an idle time-out per Read and Write call. A call
// is made only while a command is in progress, and every call that moves bytes
// is followed by a new one with a new deadline, so the deadline moves forward
// with the bytes and rests between commands.
type rawConn struct {
	net.Conn
	timeout time.Duration
	now     func() time.Time

	ctx       context.Context
	cancelled atomic.Bool // the deadline was put into the past on purpose

	in, out atomic.Int64
	// slowIn and slowOut hold a direction back; nil for none.
	slowIn, slowOut Brake
	gate            Gate // nil for none
	// patience is the waitIn at which a reply counts as stalled, see slowness.
	patience int64
	// waitIn and waitOut are the time spent in reading and writing the socket.
	waitIn, waitOut atomic.Int64

	stash    []byte // read beside a blocked write, not yet delivered
	stashErr error

	detached bool // another client owns it, see Stream.Detach

	waitUntil time.Time   // not zero while Stream.Await waits
	woken     atomic.Bool // that wait is to end
}

func newRawConn(conn net.Conn, timeout time.Duration, now func() time.Time) *rawConn {
	if now == nil {
		now = time.Now
	}
	return &rawConn{Conn: conn, timeout: timeout, now: now, ctx: context.Background()}
}

// cancel ends whatever call is blocked, now and in the future.
func (c *rawConn) cancel() {
	c.cancelled.Store(true)
	// The only remedy for an error here is to close, which the caller does.
	_ = c.SetDeadline(aLongTimeAgo)
}

// deadline is the moment at which an idle call gives up; zero for never.
func (c *rawConn) deadline() time.Time {
	if c.timeout <= 0 {
		return time.Time{}
	}
	return c.now().Add(c.timeout)
}

// arm sets one of the deadlines to now + time-out. The order (set, then look
// at cancelled) against cancel's (mark, then set) means that a cancellation is
// never overwritten. A deadline that cannot be set belongs to a closed
// connection, about which the call that follows knows more.
func (c *rawConn) arm(set func(time.Time) error) {
	_ = set(c.deadline())
	if c.cancelled.Load() {
		_ = set(aLongTimeAgo)
	}
}

// Read reads what has arrived, blocking at most the idle time-out.
func (c *rawConn) Read(p []byte) (int, error) {
	if c.detached {
		return c.readPlain(p)
	}
	if len(c.stash) > 0 {
		n := copy(p, c.stash)
		c.stash = c.stash[n:]
		if len(c.stash) == 0 {
			c.stash = nil
		}
		return n, nil
	}
	if c.stashErr != nil {
		return 0, c.stashErr
	}
	if !c.waitUntil.IsZero() {
		return c.readAwaited(p)
	}
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	p, err := brake(c.ctx, c.slowIn, p)
	if err != nil {
		return 0, err
	}
	slow := c.armRead()
	stop := func() bool { return true }
	if c.ctx.Done() != nil {
		stop = context.AfterFunc(c.ctx, c.cancel)
	}
	began := c.now()
	n, err := c.Conn.Read(p)
	c.waitIn.Add(int64(c.now().Sub(began)))
	interrupted := !stop()
	c.in.Add(int64(n))
	moved(c.slowIn, n)
	err = c.explain("reading", err, interrupted)
	if t, ok := err.(*TimeoutError); ok { //nolint:errorlint // made one line above
		t.Slow = slow
	}
	return n, err
}

// Write writes all of p; the idle time-out is renewed whenever bytes move in
// either direction.
func (c *rawConn) Write(p []byte) (int, error) {
	const chunk = 64 << 10 // so that a slow link renews its deadline
	if c.detached {
		return c.writePlain(p)
	}
	var done int
	for done < len(p) {
		n, err := c.writeChunk(p[done:min(len(p), done+chunk)])
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// writeChunk writes p, or as much of it as the brake lets pass at once.
func (c *rawConn) writeChunk(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	p, err := brake(c.ctx, c.slowOut, p)
	if err != nil {
		return 0, err
	}
	c.arm(c.SetWriteDeadline)
	stop := func() bool { return true }
	if c.ctx.Done() != nil {
		stop = context.AfterFunc(c.ctx, c.cancel)
	}
	relief := newRelief(c)
	began := c.now()
	n, err := c.send(p)
	c.waitOut.Add(int64(c.now().Sub(began)))
	relief.end()
	interrupted := !stop()
	c.out.Add(int64(n))
	moved(c.slowOut, n)
	return n, c.explain("writing", err, interrupted)
}

// explain turns an expired deadline into what caused it.
func (c *rawConn) explain(op string, err error, interrupted bool) error {
	if err == nil {
		return nil
	}
	if interrupted || (c.cancelled.Load() && c.ctx.Err() != nil) {
		return context.Cause(c.ctx)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &TimeoutError{Op: op, After: c.timeout}
	}
	return err
}

// relief reads into the stash while a write is blocked.
type relief struct {
	c        *rawConn
	timer    *time.Timer
	stopping atomic.Bool
	done     chan struct{}
}

func newRelief(c *rawConn) *relief {
	r := &relief{c: c, done: make(chan struct{})}
	r.timer = time.AfterFunc(stallAfter, r.run)
	return r
}

func (r *relief) run() {
	defer close(r.done)
	if r.c.stashErr != nil {
		return
	}
	_ = r.c.SetReadDeadline(time.Time{})
	buf := make([]byte, 32<<10)
	for !r.stopping.Load() && !r.c.cancelled.Load() && len(r.c.stash) < maxStash {
		n, err := r.c.Conn.Read(buf)
		if n > 0 {
			r.c.in.Add(int64(n))
			moved(r.c.slowIn, n)
			r.c.stash = append(r.c.stash, buf[:n]...)
			r.c.arm(r.c.SetWriteDeadline)
		}
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				r.c.stashErr = err
			}
			return
		}
	}
}

// end stops the reading, if it had begun, and waits for it.
func (r *relief) end() {
	if r.timer.Stop() {
		return
	}
	r.stopping.Store(true)
	// run clears the read deadline before it looks at stopping, so one of the
	// two always sees the other.
	_ = r.c.SetReadDeadline(aLongTimeAgo)
	<-r.done
}

// shortEOF turns the end of the stream into an unexpected one.
func shortEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
