package imapwire

import (
	"errors"
	"io"
	"net"
)

// Detach hands the connection over to another client, TLS included: what arrived
// and was not consumed is read first. From then on nothing of the Stream but
// Abort, Close and Counters may be used; time-outs are the new owner's, while
// brakes and the counting of bytes go on. Reading and writing may be done by two
// goroutines. With DEFLATE on, or something left to send, it is an error.
func (s *Stream) Detach() (net.Conn, error) {
	if s.zw != nil {
		return nil, errors.New("a compressed connection cannot be handed over")
	}
	if s.Unsent() || s.raw.stashErr != nil {
		return nil, errors.New("a connection with something under way cannot be handed over")
	}
	early, _ := s.br.Peek(s.br.Buffered())
	d := &detached{early: append([]byte(nil), early...), Conn: s.raw}
	if s.tls != nil {
		d.Conn = s.tls
	} else {
		d.early = append(d.early, s.raw.stash...)
		s.raw.stash = nil
	}
	s.raw.detached = true
	return d, nil
}

// detached is a connection with bytes that were read ahead.
type detached struct {
	net.Conn
	early []byte
}

func (d *detached) Read(p []byte) (int, error) {
	if len(d.early) > 0 {
		n := copy(p, d.early)
		d.early = d.early[n:]
		return n, nil
	}
	return d.Conn.Read(p)
}

// readPlain is Read of a connection that was handed over.
func (c *rawConn) readPlain(p []byte) (int, error) {
	if len(c.stash) > 0 {
		n := copy(p, c.stash)
		c.stash = c.stash[n:]
		return n, nil
	}
	p, err := brake(c.ctx, c.slowIn, p)
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	c.in.Add(int64(n))
	moved(c.slowIn, n)
	return n, err
}

// writePlain is Write of a connection that was handed over.
func (c *rawConn) writePlain(p []byte) (int, error) {
	n, err := c.send(p)
	c.out.Add(int64(n))
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}
