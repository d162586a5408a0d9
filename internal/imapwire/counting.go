package imapwire

import (
	"bytes"
	"io"
	"sync/atomic"
)

// counting counts the bytes of IMAP that pass above TLS and compression.
type counting struct {
	r       io.Reader
	w       io.Writer
	in, out atomic.Int64
	slow    *slowness
	dirty   bool // written since the compressor was flushed
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.in.Add(int64(n))
	c.slow.moved(n)
	return n, err
}

func (c *counting) Write(p []byte) (int, error) {
	c.dirty = true
	n, err := c.w.Write(p)
	c.out.Add(int64(n))
	return n, err
}

// newBytesReader reads a copy of b, whose memory will be reused.
func newBytesReader(b []byte) io.Reader { return bytes.NewReader(bytes.Clone(b)) }
