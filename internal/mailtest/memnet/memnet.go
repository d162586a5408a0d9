// Package memnet is a network inside the process: connections with buffers of a fixed
// size, deadlines, and ends that are noticed as on TCP. Everything that waits in it
// waits durably in the sense of testing/synctest, so that a stall of a minute takes no
// time in a bubble.
package memnet

import (
	"context"
	"io"
	"math"
	"net"
	"os"
	"sync"
	"time"
)

// room is how many bytes are on their way in one direction until the sender waits.
const room = 64 << 10

// anyRoom is for a sender that never waits.
const anyRoom = math.MaxInt

// Listener is where connections arrive. The zero value is not ready: see Listen.
type Listener struct {
	arrived chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

// Listen makes a listener.
func Listen() *Listener {
	return &Listener{arrived: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial opens a connection to it. What comes from the listener's side never waits for
// room: a server that holds a lock while it writes would make another of its sessions
// wait in a way that is not durable.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	to, back := newStream(room), newStream(anyRoom)
	here, there := &end{in: back, out: to}, &end{in: to, out: back}
	select {
	case l.arrived <- there:
		return here, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept returns the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.arrived:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial; connections stay.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns an address on this machine.
func (l *Listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 143} }

// Pipe returns both ends of a connection.
func Pipe() (a, b net.Conn) {
	there, back := newStream(room), newStream(room)
	return &end{in: back, out: there}, &end{in: there, out: back}
}

// stream is one direction.
type stream struct {
	mu      sync.Mutex
	changed *sync.Cond
	data    []byte
	room    int
	// over: the sender is gone; deaf: the receiver is.
	over, deaf bool
}

func newStream(room int) *stream {
	s := &stream{room: room}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(p []byte, d *deadline) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.deaf:
			return 0, net.ErrClosed
		case d.passed():
			return 0, os.ErrDeadlineExceeded
		case len(s.data) > 0:
			n := copy(p, s.data)
			s.data = append(s.data[:0], s.data[n:]...)
			s.changed.Broadcast()
			return n, nil
		case s.over:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

// write waits for room. What nobody will read is swallowed, as the first bytes are
// that TCP sends to an end that is gone.
func (s *stream) write(p []byte, d *deadline) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := 0
	for len(p) > 0 {
		switch {
		case s.over:
			return sent, net.ErrClosed
		case s.deaf:
			return sent + len(p), nil
		case d.passed():
			return sent, os.ErrDeadlineExceeded
		case len(s.data) < s.room:
			n := min(len(p), s.room-len(s.data))
			s.data = append(s.data, p[:n]...)
			p, sent = p[n:], sent+n
			s.changed.Broadcast()
		default:
			s.changed.Wait()
		}
	}
	return sent, nil
}

// end marks the stream as left by its sender or its receiver.
func (s *stream) end(flag *bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*flag = true
	s.changed.Broadcast()
}

// deadline wakes the stream that waits for it.
type deadline struct {
	mu    sync.Mutex
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.at.IsZero() && !time.Now().Before(d.at)
}

func (d *deadline) set(at time.Time, s *stream) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = at
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if at.IsZero() {
		return
	}
	d.timer = time.AfterFunc(time.Until(at), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
}

// end is one end of a connection.
type end struct {
	in, out     *stream
	read, write deadline
}

func (e *end) Read(p []byte) (int, error)  { return e.in.read(p, &e.read) }
func (e *end) Write(p []byte) (int, error) { return e.out.write(p, &e.write) }

// Close ends both directions; what was sent still arrives.
func (e *end) Close() error {
	e.in.end(&e.in.deaf)
	e.out.end(&e.out.over)
	e.read.set(time.Time{}, e.in)
	e.write.set(time.Time{}, e.out)
	return nil
}

func (e *end) SetReadDeadline(t time.Time) error  { e.read.set(t, e.in); return nil }
func (e *end) SetWriteDeadline(t time.Time) error { e.write.set(t, e.out); return nil }

func (e *end) SetDeadline(t time.Time) error {
	_ = e.SetReadDeadline(t) // it has no error
	return e.SetWriteDeadline(t)
}

func (e *end) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 143} }
func (e *end) RemoteAddr() net.Addr { return e.LocalAddr() }
