package proxy

import (
	"bytes"
	"net"
	"sync"
	"time"
)

// most is how many bytes one direction may have on their way before the proxy
// stops reading; a real line's window is far smaller.
const most = 64 << 20

// connection is one client's pair of sockets.
type connection struct {
	proxy          *Proxy
	client, server net.Conn
	once           sync.Once
	over           chan struct{} // closed by cut
	log            traffic
}

func (c *connection) cut() {
	c.once.Do(func() {
		close(c.over)
		c.client.Close()
		c.server.Close()
	})
}

// parcel is what one read gave; a nil body is the end of the stream.
type parcel struct {
	body []byte
	due  time.Time
}

// carry moves bytes in one direction until the stream ends or the connection is
// cut. A reading goroutine stamps them, this one delivers them when due.
func (c *connection) carry(d Direction, from, to net.Conn, fault *Fault) {
	q := newQueue()
	var reading sync.WaitGroup
	reading.Go(func() { c.read(d, from, q) })
	defer reading.Wait()
	defer q.stop()

	left := int64(-1) // without limit
	if fault != nil {
		left = fault.After
	}
	if left == 0 && c.strike(*fault) {
		return
	}
	for {
		p, ok := q.take(c.over)
		if !ok {
			return
		}
		if !c.waitUntil(p.due) {
			return
		}
		if p.body == nil {
			// The end is passed on like the bytes were; the other direction
			// may still have some on the way.
			if half, ok := to.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
				return
			}
			c.cut()
			return
		}
		body := p.body
		if left >= 0 && int64(len(body)) >= left {
			body = body[:left]
		}
		c.log.add(d, body)
		if _, err := to.Write(body); err != nil {
			c.cut()
			return
		}
		if left >= 0 {
			if left -= int64(len(body)); left == 0 {
				c.strike(*fault)
				return
			}
		}
	}
}

// strike carries out a fault; it returns when the connection is over.
func (c *connection) strike(f Fault) bool {
	select {
	case c.proxy.struck <- f:
	default:
	}
	if f.Kind == Stall {
		<-c.over
	}
	c.cut()
	return true
}

// largest is how many bytes are read at once.
const largest = 64 << 10

// buffers are used again: most connections of tests carry far less than one holds.
var buffers = sync.Pool{New: func() any { return new([largest]byte) }}

func (c *connection) read(d Direction, from net.Conn, q *queue) {
	size := largest
	rate := c.proxy.options.Rate
	if rate > 0 {
		size = int(min(max(rate/100, 512), int64(size)))
		if s, ok := from.(interface{ SetReadBuffer(int) error }); ok {
			// Where it is not possible more is on its way.
			_ = s.SetReadBuffer(narrowBuffer)
		}
	}
	whole := buffers.Get().(*[largest]byte)
	defer buffers.Put(whole)
	buf := whole[:size]
	for {
		n, err := from.Read(buf)
		if rate > 0 && n > 0 && !c.waitUntil(c.proxy.lines[d].carried(n, rate)) {
			return
		}
		due := time.Now().Add(c.proxy.options.Delay)
		if n > 0 && !q.put(parcel{bytes.Clone(buf[:n]), due}) {
			return
		}
		if err != nil {
			q.put(parcel{nil, due})
			return
		}
	}
}

// waitUntil returns false when the connection is over before the time comes.
func (c *connection) waitUntil(due time.Time) bool {
	if wait := time.Until(due); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.over:
			return false
		}
	}
	return true
}

// queue holds the parcels under way, in order.
type queue struct {
	mu      sync.Mutex
	room    *sync.Cond
	parcels []parcel
	bytes   int
	stopped bool
	filled  chan struct{} // holds a token when there may be a parcel
}

func newQueue() *queue {
	q := &queue{filled: make(chan struct{}, 1)}
	q.room = sync.NewCond(&q.mu)
	return q
}

// put waits for room; false means that nobody takes any more.
func (q *queue) put(p parcel) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.bytes > most && !q.stopped {
		q.room.Wait()
	}
	if q.stopped {
		return false
	}
	q.parcels = append(q.parcels, p)
	q.bytes += len(p.body)
	select {
	case q.filled <- struct{}{}:
	default:
	}
	return true
}

// take waits for a parcel, or until over is closed.
func (q *queue) take(over <-chan struct{}) (parcel, bool) {
	for {
		q.mu.Lock()
		if len(q.parcels) > 0 {
			p := q.parcels[0]
			q.parcels[0] = parcel{}
			q.parcels = q.parcels[1:]
			q.bytes -= len(p.body)
			q.room.Signal()
			q.mu.Unlock()
			return p, true
		}
		q.mu.Unlock()
		select {
		case <-q.filled:
		case <-over:
			return parcel{}, false
		}
	}
}

func (q *queue) stop() {
	q.mu.Lock()
	q.stopped = true
	q.mu.Unlock()
	q.room.Broadcast()
}
