package imapwire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/klauspost/compress/flate"
)

// bufferSize is the size of the read and of the write buffer, in bytes.
const bufferSize = 128 << 10

// deflateLevel trades ratio for speed. Text shrinks about as much at any level
// (measured 2.5 times at level 3 with 147 MB/s, and at level 7 with 63 MB/s), but
// below 7 the package leaves data without repetitions as it is, such as
// attachments in base64, of which Huffman's codes save a quarter (99 MB/s).
const deflateLevel = 7

// ErrInjected says that the server's answer to STARTTLS was followed by bytes
// in cleartext, which an attacker may have written (CVE-2011-0411 and kin).
var ErrInjected = errors.New("cleartext bytes follow the answer to STARTTLS: possible command injection, connection refused")

// Options of a Stream.
type Options struct {
	// Timeout is the idle time-out of a read or write; 0 for none.
	Timeout time.Duration
	// Tracer receives what passes; nil for no trace.
	Tracer *Tracer
	// Now is the clock of the time-outs; nil for time.Now.
	Now func() time.Time
	// SlowIn and SlowOut hold back what is read and what is written; nil for
	// nothing.
	SlowIn, SlowOut Brake
	// Gate is asked before every write; nil for none.
	Gate Gate
}

// Counters are the bytes that passed a connection, and the time they took.
type Counters struct {
	// NetIn and NetOut are bytes on the wire, after TLS and compression.
	NetIn, NetOut int64
	// In and Out are bytes of IMAP, before them.
	In, Out int64
	// WaitIn and WaitOut are the time spent inside reads and writes of the
	// socket. A call that need not wait takes microseconds.
	WaitIn, WaitOut time.Duration
}

// Stream is the byte stream of one connection. One goroutine owns it.
type Stream struct {
	*Reader

	raw    *rawConn
	tls    *tls.Conn
	src    io.Reader // top of the layers
	dst    io.Writer
	zw     *flate.Writer
	zb     *bufio.Writer // gathers what zw writes in small pieces
	bw     *bufio.Writer
	counts *counting
	slow   *slowness
	tracer *Tracer
}

// NewStream wraps conn. The Stream owns conn from now on.
func NewStream(conn net.Conn, opt Options) *Stream {
	s := &Stream{raw: newRawConn(conn, opt.Timeout, opt.Now), tracer: opt.Tracer}
	s.raw.slowIn, s.raw.slowOut = opt.SlowIn, opt.SlowOut
	s.raw.gate = opt.Gate
	s.slow = &slowness{raw: s.raw}
	s.slow.renew()
	s.counts = &counting{slow: s.slow}
	s.src, s.dst = s.raw, s.raw
	s.counts.r, s.counts.w = s.src, s.dst
	s.Reader = newReader(s.counts, opt.Tracer)
	s.Reader.whole = s.slow.renew
	s.bw = bufio.NewWriterSize(s.counts, bufferSize)
	return s
}

// SetContext sets the context whose end interrupts reads and writes. A stream
// interrupted is of no further use.
func (s *Stream) SetContext(ctx context.Context) { s.raw.ctx = ctx }

// Context returns the context set last.
func (s *Stream) Context() context.Context { return s.raw.ctx }

// SetTimeout changes the idle time-out; 0 for none.
func (s *Stream) SetTimeout(d time.Duration) {
	s.raw.timeout = d
	s.slow.renew()
}

// Write buffers p, which is not traced; see Literal and Line for what is.
func (s *Stream) Write(p []byte) (int, error) { return s.bw.Write(p) }

// ReadFrom buffers all of r without a copy in between where possible. While what
// is written is held back, it is sent as r gives it.
func (s *Stream) ReadFrom(r io.Reader) (int64, error) {
	if b := s.raw.slowOut; b != nil && b.Holding() {
		return s.readPieces(r)
	}
	return s.bw.ReadFrom(onlyReader{r})
}

// onlyReader hides WriteTo, so that the write buffer does the reading.
type onlyReader struct{ io.Reader }

// Flush sends what is buffered.
func (s *Stream) Flush() error {
	if err := s.bw.Flush(); err != nil {
		return err
	}
	if s.zw != nil && s.counts.dirty {
		s.counts.dirty = false
		if err := s.zw.Flush(); err != nil {
			return err
		}
		return s.zb.Flush()
	}
	return nil
}

// AckAtOnce asks that what the server sends next be acknowledged without delay,
// as far as the system can. It is for waits between which nothing is sent: a
// server that holds a small packet back until the one before it is acknowledged
// (Nagle's algorithm, RFC 896; Courier does) meets a client that acknowledges
// late, and both sit still for 40 ms.
func (s *Stream) AckAtOnce() {
	if c, ok := s.raw.Conn.(syscall.Conn); ok {
		ackAtOnce(c)
	}
}

// Unsent reports whether Flush has something to send.
func (s *Stream) Unsent() bool {
	return s.bw.Buffered() > 0 || (s.zw != nil && s.counts.dirty)
}

// StartTLS makes a TLS client of the stream. It refuses with ErrInjected when
// bytes already arrived that TLS does not protect.
func (s *Stream) StartTLS(ctx context.Context, cfg *tls.Config) error {
	if s.br.Buffered() > 0 || len(s.raw.stash) > 0 {
		return ErrInjected
	}
	if err := s.Flush(); err != nil {
		return err
	}
	s.SetContext(ctx)
	c := tls.Client(s.raw, cfg)
	// Not HandshakeContext: rawConn already ends with ctx, and the two would
	// fight over the deadline.
	if err := c.Handshake(); err != nil {
		return err
	}
	s.tls = c
	s.layer(c, c)
	return nil
}

// TLS returns the state of TLS, and false without TLS.
func (s *Stream) TLS() (tls.ConnectionState, bool) {
	if s.tls == nil {
		return tls.ConnectionState{}, false
	}
	return s.tls.ConnectionState(), true
}

// StartDeflate begins compression in both directions (RFC 4978), right after
// the tagged OK of COMPRESS was read.
func (s *Stream) StartDeflate() error {
	if s.zw != nil {
		return errors.New("compression is on already")
	}
	if err := s.Flush(); err != nil {
		return err
	}
	zb := bufio.NewWriterSize(s.dst, bufferSize)
	zw, err := flate.NewWriter(zb, deflateLevel)
	if err != nil {
		return fmt.Errorf("start compression: %w", err)
	}
	src := s.src
	if n := s.br.Buffered(); n > 0 {
		// Bytes behind the tagged OK are compressed already.
		early, _ := s.br.Peek(n)
		src = io.MultiReader(newBytesReader(early), src)
	}
	// Blocks are handed over when they end: some servers flush without the
	// empty stored block of a sync flush.
	zr := flate.NewReaderOpts(src, flate.WithPartialBlock())
	s.zw, s.zb = zw, zb
	s.layer(inflating{zr}, zw)
	return nil
}

// ErrInflate says that what the server sent is not what DEFLATE makes.
var ErrInflate = errors.New("the compressed stream of the server is damaged (leave compression out with --nocompress1 or --nocompress2)")

// inflating names the errors of the decompressor. It holds 32 KiB of what it
// unpacked, however much the server packed into a byte.
type inflating struct{ r io.Reader }

func (i inflating) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) {
		err = fmt.Errorf("%w: %w", ErrInflate, err)
	}
	return n, err
}

// Quiet reports whether nothing that arrived waits to be read.
func (s *Stream) Quiet() bool {
	return s.br.Buffered() == 0 && len(s.raw.stash) == 0 && s.raw.stashErr == nil
}

// Position is the number of bytes of IMAP consumed so far.
func (s *Stream) Position() int64 { return s.counts.in.Load() - int64(s.br.Buffered()) }

// Deflated reports whether compression is on.
func (s *Stream) Deflated() bool { return s.zw != nil }

// layer puts r and w on top.
func (s *Stream) layer(r io.Reader, w io.Writer) {
	s.src, s.dst = r, w
	s.counts.r, s.counts.w = r, w
	s.br.Reset(s.counts)
	s.bw.Reset(s.counts)
}

// Counters may be called from any goroutine.
func (s *Stream) Counters() Counters {
	return Counters{
		NetIn: s.raw.in.Load(), NetOut: s.raw.out.Load(),
		In: s.counts.in.Load(), Out: s.counts.out.Load(),
		WaitIn: time.Duration(s.raw.waitIn.Load()), WaitOut: time.Duration(s.raw.waitOut.Load()),
	}
}

// Abort closes the socket at once; a blocked call returns an error. It may be
// called from any goroutine, more than once.
func (s *Stream) Abort() error { return s.raw.Conn.Close() }

// Close ends the connection; under TLS the end is announced if that does not
// block.
func (s *Stream) Close() error {
	return s.raw.Conn.Close()
}

// LocalAddr and RemoteAddr are those of the socket.
func (s *Stream) LocalAddr() net.Addr { return s.raw.LocalAddr() }

// RemoteAddr is the address of the server.
func (s *Stream) RemoteAddr() net.Addr { return s.raw.RemoteAddr() }
