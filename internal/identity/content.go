package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// Digest is a SHA-256, cut to 16 bytes, of a message in one of the two forms of
// Content.
type Digest [16]byte

// String is the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Content is what a message says, header and body, in two forms. Line ends do
// not count in either (CRLF and LF are the same, a missing last one is
// present), since servers change them.
type Content struct {
	// Exact: all other bytes count. Two messages of one folder with the same
	// Exact are duplicates; with different ones they are two messages.
	Exact Digest
	// Loose: in the header, 8-bit bytes count as X (Cyrus replaces them so)
	// and blanks and folding do not count. It finds on the destination what
	// was copied from the source.
	Loose Digest
	// Body: the body alone, all its bytes.
	Body Digest
}

// Key is the key of a message that no header field identifies.
func (c Content) Key() Key { return Key{Sum: c.Loose} }

// ContentHasher computes the Content of the message written to it, in constant
// memory. It is for one goroutine at a time.
type ContentHasher struct {
	exact, loose, body hash.Hash

	lf     []byte // bytes with normalised line ends, not yet hashed
	hdr    []byte // bytes in loose form, not yet hashed
	sum    [sha256.Size]byte
	inBody bool
	heldCR bool // a CR that the next Write may complete to CRLF
	last   byte // the last normalised byte
	any    bool

	blank   bool // loose: blanks wait for what follows them
	newline bool // loose: a line end waits, too
}

// What is hashed beside the message, and single bytes of it; variables so that
// writing them does not allocate.
var (
	exactMark = []byte("exact\n")
	looseMark = []byte("loose\n")
	bodyMark  = []byte{0}
	cr, lf    = []byte{'\r'}, []byte{'\n'}
)

// scratch is the size of the buffers of a ContentHasher, in bytes.
const scratch = 8192

// NewContentHasher gives a ContentHasher ready to be written to.
func NewContentHasher() *ContentHasher {
	c := &ContentHasher{
		exact: sha256.New(), loose: sha256.New(), body: sha256.New(),
		lf:  make([]byte, 0, scratch),
		hdr: make([]byte, 0, scratch),
	}
	c.Reset()
	return c
}

// Reset prepares for the next message.
func (c *ContentHasher) Reset() {
	c.exact.Reset()
	c.loose.Reset()
	c.body.Reset()
	// The two forms must never be equal by construction.
	c.exact.Write(exactMark)
	c.loose.Write(looseMark)
	c.lf, c.hdr = c.lf[:0], c.hdr[:0]
	c.inBody, c.heldCR, c.any = false, false, false
	c.blank, c.newline = false, false
	c.last = '\n'
}

// Write takes the next bytes of the message. It never fails.
func (c *ContentHasher) Write(p []byte) (int, error) {
	n := len(p)
	if n == 0 {
		return 0, nil
	}
	if c.heldCR {
		c.heldCR = false
		if p[0] != '\n' {
			c.put(cr)
		}
	}
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\r')
		if i < 0 {
			c.put(p)
			break
		}
		c.put(p[:i])
		p = p[i+1:]
		switch {
		case len(p) == 0:
			c.heldCR = true
		case p[0] != '\n':
			c.put(cr)
		}
	}
	return n, nil
}

// Sum ends the message and gives its Content. Only Reset may follow.
func (c *ContentHasher) Sum() Content {
	if c.heldCR {
		c.heldCR = false
		c.put(cr)
	}
	if c.any && c.tail() != '\n' {
		c.put(lf)
	}
	c.flush()
	c.loose.Write(c.hdr)
	c.hdr = c.hdr[:0]

	// Header and body are hashed apart, so that a byte can not move from one
	// to the other unseen and the body is hashed once for both forms.
	body := c.body.Sum(c.sum[:0])
	c.exact.Write(bodyMark)
	c.exact.Write(body)
	c.loose.Write(bodyMark)
	c.loose.Write(body)

	var out Content
	copy(out.Body[:], body)
	copy(out.Exact[:], c.exact.Sum(c.sum[:0]))
	copy(out.Loose[:], c.loose.Sum(c.sum[:0]))
	return out
}

// ContentOf is the Content of a whole message in memory.
func ContentOf(message []byte) Content {
	c := NewContentHasher()
	c.Write(message)
	return c.Sum()
}

func (c *ContentHasher) tail() byte {
	if n := len(c.lf); n > 0 {
		return c.lf[n-1]
	}
	return c.last
}

// put collects bytes whose line ends are normalised already.
func (c *ContentHasher) put(p []byte) {
	c.any = c.any || len(p) > 0
	for len(p) > 0 {
		room := cap(c.lf) - len(c.lf)
		if room == 0 {
			c.flush()
			continue
		}
		n := min(room, len(p))
		c.lf = append(c.lf, p[:n]...)
		p = p[n:]
	}
}

// flush hashes what put collected.
func (c *ContentHasher) flush() {
	p := c.lf
	c.lf = c.lf[:0]
	if len(p) == 0 {
		return
	}
	if !c.inBody {
		n := c.header(p)
		p = p[n:]
	}
	if len(p) > 0 {
		c.body.Write(p)
		c.last = p[len(p)-1]
	}
}

// header hashes bytes of the header and returns how many of p belong to it, the
// empty line that ends it included; that line itself is not hashed.
func (c *ContentHasher) header(p []byte) int {
	for i, b := range p {
		if b == '\n' && c.last == '\n' {
			c.inBody = true
			c.exact.Write(p[:i])
			return i + 1
		}
		c.last = b
		c.loosen(b)
	}
	c.exact.Write(p)
	return len(p)
}

// loosen adds one header byte to the loose form: runs of blanks, foldings
// included, become one space, those at a line's end nothing.
func (c *ContentHasher) loosen(b byte) {
	switch {
	case b == '\n':
		c.newline = true
		c.blank = false
		return
	case isBlank(b):
		c.blank = true
		return
	}
	if len(c.hdr)+2 > cap(c.hdr) {
		c.loose.Write(c.hdr)
		c.hdr = c.hdr[:0]
	}
	switch {
	case c.blank:
		c.hdr = append(c.hdr, ' ')
	case c.newline:
		c.hdr = append(c.hdr, '\n')
	}
	c.blank, c.newline = false, false
	if b >= 0x80 {
		b = 'X'
	}
	c.hdr = append(c.hdr, b)
}
