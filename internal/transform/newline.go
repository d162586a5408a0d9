package transform

import (
	"bytes"
	"io"
)

// CountCRLF is the size in bytes msg has once every bare LF is a CRLF.
func CountCRLF(msg []byte) int64 {
	var s LineScanner
	s.Write(msg)
	return s.CRLFSize()
}

// NewCRLFReader gives the bytes of r with every LF that has no CR before it made
// CRLF, which is what imapsync does to all mail. Lone CRs and a missing last
// line end stay. The resulting size is LineScanner.CRLFSize of the same bytes,
// to be known before, for APPEND announces it. An error of r is passed on after
// the bytes before it.
func NewCRLFReader(r io.Reader) io.Reader {
	return &crlfReader{r: r, buf: make([]byte, 32<<10)}
}

type crlfReader struct {
	r      io.Reader
	buf    []byte
	todo   []byte // read from r, not yet given
	err    error  // of r, for after todo
	lastCR bool   // the last byte given was a CR
}

// Read implements io.Reader.
func (c *crlfReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.todo) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		n, err := c.r.Read(c.buf)
		c.todo, c.err = c.buf[:n], err
	}
	n := 0
	for n < len(p) && len(c.todo) > 0 {
		if c.todo[0] == '\n' {
			if !c.lastCR {
				// The LF itself is given by the next round.
				p[n] = '\r'
				n++
				c.lastCR = true
				continue
			}
			p[n] = '\n'
			n++
			c.lastCR = false
			c.todo = c.todo[1:]
			continue
		}
		line := c.todo
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		k := copy(p[n:], line)
		c.lastCR = p[n+k-1] == '\r'
		n += k
		c.todo = c.todo[k:]
	}
	return n, nil
}
