package imapconn

import (
	"errors"
	"io"
)

var errStale = errors.New("the message's body was read after the next message was asked for")

// Literal is the body of a message, read from the wire as the caller reads. It
// is valid until the stream's following Next, or any other waiting method of
// the Conn, which discard what is left of it.
//
// Read returns io.EOF only when all announced bytes came and the reply ended
// as replies do. A connection lost inside gives a *ConnError, a literal that
// does not end where it should a *BodyError.
type Literal struct {
	c    *Conn // nil once it is over
	size int64
	left int64
	err  error // what Read returns when left is 0

	kept  io.Reader // a body that was kept aside, or nil
	spool *spool
}

// Size is the number of bytes the server announced.
func (l *Literal) Size() int64 { return l.size }

// Read implements io.Reader.
func (l *Literal) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, l.end()
	}
	if len(p) == 0 {
		return 0, nil
	}
	if l.kept != nil {
		n, err := l.kept.Read(p)
		l.left -= int64(n)
		if err == io.EOF && l.left > 0 { //nolint:errorlint // plain readers
			err = io.ErrUnexpectedEOF
		}
		if n > 0 {
			err = nil
		}
		return n, err
	}
	if l.c == nil {
		return 0, errStale
	}
	if l.c.err != nil {
		return 0, l.c.err
	}
	n, err := l.c.s.ReadSome(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	if l.c.tracer.Content() {
		l.c.tracer.Literal(p[:n])
	}
	if err != nil {
		return n, l.c.fail("reading a message", err)
	}
	return n, nil
}

// end is the result of a Read behind the last byte. The reply is read to its
// end first: only then it is known that the literal had the right length.
func (l *Literal) end() error {
	if l.kept == nil && l.c != nil {
		c := l.c
		l.c = nil
		l.err = c.fp.tail()
	}
	if l.err == nil {
		return io.EOF
	}
	return l.err
}
