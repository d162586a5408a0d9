package imapwire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	// MaxLine bounds the text of one reply, literals not counted. A SEARCH of
	// five million messages is one line of 45 MB.
	MaxLine = 64 << 20
	// MaxEarlyLine is the bound until LongLines is called: before the login nothing
	// long is to come, and whoever answers is not known yet.
	MaxEarlyLine = 256 << 10
	// MaxLiteral bounds an announced literal; what announces more is not
	// believed to be one.
	MaxLiteral = 1 << 36
)

// ErrLineTooLong says that a reply has more text than is read of one.
var ErrLineTooLong = errors.New("a reply of the server is too long")

// Fragment is a piece of a reply: the text up to a line end, and the literal
// that the text announces, if it does. A reply without literals is one
// Fragment; each literal is followed by another.
type Fragment struct {
	// Text is the line without its end and without the announcement. It is
	// valid until the next call of any method of the Reader.
	Text []byte
	// Literal is the number of bytes that follow, or -1 for none.
	Literal int64
	// Bare says that the line ended in LF alone.
	Bare bool
}

// Reader reads fragments and literals. The caller reads (or skips) the literal
// a fragment announces before the next fragment.
type Reader struct {
	br     *bufio.Reader
	long   []byte
	tracer *Tracer
	quiet  bool   // an authentication exchange is on
	limit  int    // MaxEarlyLine or MaxLine
	whole  func() // called when a line or literal is complete
}

func newReader(r io.Reader, t *Tracer) *Reader {
	return &Reader{br: bufio.NewReaderSize(r, bufferSize), tracer: t, limit: MaxEarlyLine, whole: func() {}}
}

// LongLines lets a reply have MaxLine bytes from now on, for after the login.
func (r *Reader) LongLines() { r.limit = MaxLine }

// tooLong says how long a reply may be here.
func (r *Reader) tooLong() error {
	return fmt.Errorf("%w: more than %d KiB", ErrLineTooLong, r.limit>>10)
}

// SetQuiet hides what is read from the trace while on, but for tagged and
// untagged lines.
func (r *Reader) SetQuiet(on bool) { r.quiet = on }

// Buffered returns the number of bytes read from the network but not consumed.
func (r *Reader) Buffered() int { return r.br.Buffered() }

// Line reads one line as it is, announcing nothing. Trailing CRs go with the
// line end. At the end of the stream the error is io.EOF when no byte of the
// line was read, io.ErrUnexpectedEOF otherwise.
func (r *Reader) Line() (Fragment, error) {
	b, err := r.br.ReadSlice('\n')
	if err != nil {
		b, err = r.longLine(b, err)
		if err != nil {
			return Fragment{Literal: -1}, err
		}
	}
	r.whole()
	f := Fragment{Literal: -1}
	b = b[:len(b)-1]
	f.Bare = len(b) == 0 || b[len(b)-1] != '\r'
	for len(b) > 0 && b[len(b)-1] == '\r' {
		b = b[:len(b)-1]
	}
	f.Text = b
	if r.tracer != nil {
		if r.quiet && len(b) > 0 && b[0] == '+' {
			r.tracer.Received([]byte("+ " + Mask))
		} else {
			r.tracer.Received(b)
		}
	}
	return f, nil
}

// longLine goes on where the buffer was too small.
func (r *Reader) longLine(b []byte, err error) ([]byte, error) {
	r.long = append(r.long[:0], b...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(r.long) > r.limit {
			return nil, r.tooLong()
		}
		b, err = r.br.ReadSlice('\n')
		r.long = append(r.long, b...)
	}
	if err != nil {
		if len(r.long) > 0 {
			return nil, shortEOF(err)
		}
		return nil, err
	}
	long := r.long
	if cap(r.long) > 1<<20 {
		r.long = nil // one huge line shall not keep its memory for ever
	}
	return long, nil
}

// Fragment reads a line and looks for the announcement of a literal at its end.
func (r *Reader) Fragment() (Fragment, error) {
	f, err := r.Line()
	if err != nil {
		return f, err
	}
	f.Text, f.Literal = Announced(f.Text)
	return f, nil
}

// Announced splits the announcement of a literal ({n}, {n+}, ~{n}; RFC 3501
// section 4.3, RFC 7888, RFC 3516) off the end of text. The number is -1 when
// there is none. A brace glued to an ordinary character belongs to a name, not
// to a literal; trailing spaces are forgiven.
func Announced(text []byte) (rest []byte, n int64) {
	b := text
	end := len(b)
	for end > 0 && b[end-1] == ' ' {
		end--
	}
	if end < 3 || b[end-1] != '}' {
		return text, -1
	}
	open := bytes.LastIndexByte(b[:end], '{')
	if open < 0 {
		return text, -1
	}
	digits := b[open+1 : end-1]
	if k := len(digits); k > 0 && (digits[k-1] == '+' || digits[k-1] == '-') {
		digits = digits[:k-1]
	}
	n, ok := ParseNumber(digits)
	if !ok || n > MaxLiteral {
		return text, -1
	}
	if open > 0 && b[open-1] == '~' {
		open--
	}
	if open > 0 {
		switch b[open-1] {
		case ' ', '(', ']', '>', '\t':
		default:
			return text, -1
		}
	}
	return b[:open], n
}

// ParseNumber reads a decimal number of digits alone that fits an int64.
func ParseNumber(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	if n > 1<<63-1 {
		return 0, false
	}
	return int64(n), true
}

// ReadLiteral appends the n bytes of a literal to buf. A stream that ends
// inside gives io.ErrUnexpectedEOF and no data.
func (r *Reader) ReadLiteral(buf []byte, n int64) ([]byte, error) {
	start := len(buf)
	if n <= int64(r.br.Buffered()) {
		b, err := r.br.Peek(int(n))
		if err != nil {
			return nil, shortEOF(err)
		}
		buf = append(buf, b...)
		_, _ = r.br.Discard(int(n)) // cannot fail: the bytes were peeked
	} else {
		// Grown as the bytes come, not as they are announced.
		for left := n; left > 0; {
			step := min(left, 1<<20)
			at := len(buf)
			buf = append(buf, make([]byte, step)...)
			if _, err := io.ReadFull(r.br, buf[at:]); err != nil {
				return nil, fmt.Errorf("inside a literal of %d bytes: %w", n, shortEOF(err))
			}
			left -= step
		}
	}
	r.whole()
	if r.tracer != nil {
		r.tracer.Literal(buf[start:])
	}
	return buf, nil
}

// ReadSome reads at most len(p) bytes of a literal being streamed; the end of
// the stream is io.ErrUnexpectedEOF.
func (r *Reader) ReadSome(p []byte) (int, error) {
	n, err := r.br.Read(p)
	if n > 0 {
		return n, nil
	}
	return 0, shortEOF(err)
}

// SkipLiteral discards the n bytes of a literal.
func (r *Reader) SkipLiteral(n int64) error {
	r.tracer.LiteralSize(n)
	for n > 0 {
		k, err := r.br.Discard(int(min(n, 1<<30)))
		n -= int64(k)
		if err != nil {
			return fmt.Errorf("inside a literal: %w", shortEOF(err))
		}
	}
	return nil
}

// TraceLiteral tells the trace that a literal of n bytes is being streamed.
func (r *Reader) TraceLiteral(n int64) { r.tracer.LiteralSize(n) }

// PeekByte returns the next byte without consuming it.
func (r *Reader) PeekByte() (byte, error) {
	b, err := r.br.Peek(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}
