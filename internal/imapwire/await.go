package imapwire

import (
	"bufio"
	"context"
	"errors"
	"os"
	"time"
)

// restSize is the size of the buffers of a connection at rest, in bytes.
const restSize = 4 << 10

// ErrDeflated says that Await does not work on a compressed connection: what ends its
// wait would end the decompressor, too.
var ErrDeflated = errors.New("a compressed connection cannot be listened to without reading")

// quietError ends a wait in which nothing came. It is temporary, so that TLS does not
// take the connection for broken.
type quietError struct{}

func (quietError) Error() string   { return "nothing came" }
func (quietError) Timeout() bool   { return true }
func (quietError) Temporary() bool { return true }

// Await sends what is buffered and waits until something can be read, without reading
// it: until then, for d, or until ctx ends, whichever comes first. It reports whether
// something can be read. Unlike the end of the stream's own context, that of ctx harms
// nothing. An error is the end of the connection.
func (s *Stream) Await(ctx context.Context, d time.Duration) (bool, error) {
	if err := s.Flush(); err != nil {
		return false, err
	}
	if !s.Quiet() {
		return true, nil
	}
	if s.zw != nil {
		return false, ErrDeflated
	}
	if ended(ctx) || d <= 0 {
		return false, nil
	}
	c := s.raw
	c.waitUntil = c.now().Add(d)
	c.woken.Store(false)
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		c.woken.Store(true)
		_ = c.SetReadDeadline(aLongTimeAgo) // a closed connection wakes by itself
	})
	_, err := s.br.Peek(1)
	if !stop() {
		<-over
	}
	c.waitUntil = time.Time{}
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, new(quietError)):
		return false, nil
	}
	return false, err
}

// readAwaited is Read for Await.
func (c *rawConn) readAwaited(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	_ = c.SetReadDeadline(c.waitUntil) // a closed connection says so when it is read
	if c.woken.Load() {
		_ = c.SetReadDeadline(aLongTimeAgo)
	}
	stop := func() bool { return true }
	if c.ctx.Done() != nil {
		stop = context.AfterFunc(c.ctx, c.cancel)
	}
	n, err := c.Conn.Read(p)
	interrupted := !stop()
	c.in.Add(int64(n))
	moved(c.slowIn, n)
	if errors.Is(err, os.ErrDeadlineExceeded) && !interrupted && !c.cancelled.Load() {
		return n, quietError{}
	}
	return n, c.explain("reading", err, interrupted)
}

// Rest gives the buffers back until Resume, but for a few KiB: a connection on which
// hardly anything moves needs no more. It does nothing while something is buffered.
func (s *Stream) Rest() { s.buffers(restSize) }

// Resume takes buffers for whole messages again.
func (s *Stream) Resume() { s.buffers(bufferSize) }

func (s *Stream) buffers(size int) {
	if !s.Quiet() || s.Unsent() || s.br.Size() == size {
		return
	}
	s.br = bufio.NewReaderSize(s.counts, size)
	s.bw = bufio.NewWriterSize(s.counts, size)
	s.long = nil
}

// ended reports whether a context is over, for waits whose end is no error.
func ended(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	default:
		return false
	}
}
