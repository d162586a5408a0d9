package imapwire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/flate"
)

func TestAnnounced(t *testing.T) {
	for _, tt := range []struct {
		in   string
		rest string
		n    int64
	}{
		{"* 1 FETCH (BODY[] {3}", "* 1 FETCH (BODY[] ", 3},
		{"* 1 FETCH (BODY[] {3+}", "* 1 FETCH (BODY[] ", 3},
		{"* 1 FETCH (BODY[] ~{3}", "* 1 FETCH (BODY[] ", 3},
		{"* 1 FETCH (BODY[]{3}", "* 1 FETCH (BODY[]", 3},
		{"* 1 FETCH (BODY[]<0>{3}", "* 1 FETCH (BODY[]<0>", 3},
		{"* 1 FETCH (BODY[] {3}  ", "* 1 FETCH (BODY[] ", 3},
		{"* FLAGS ({3}", "* FLAGS (", 3},
		{"{0}", "", 0},
		{"* LIST () \"/\" foo{3}", "* LIST () \"/\" foo{3}", -1},
		{"* LIST () \"/\" \"foo {3}\"", "* LIST () \"/\" \"foo {3}\"", -1},
		{"* FLAGS (\\Seen {foo})", "* FLAGS (\\Seen {foo})", -1},
		{"x {99999999999999999999}", "x {99999999999999999999}", -1},
		{"x {-3}", "x {-3}", -1},
		{"x {}", "x {}", -1},
		{"x {+}", "x {+}", -1},
		{"}", "}", -1},
		{"", "", -1},
	} {
		rest, n := Announced([]byte(tt.in))
		if string(rest) != tt.rest || n != tt.n {
			t.Errorf("Announced(%q) = %q, %d; want %q, %d", tt.in, rest, n, tt.rest, tt.n)
		}
	}
}

func TestTokens(t *testing.T) {
	in := "* X (a \"b\\\"c\" {3}\r\nd e NIL nil)(\"open\\x) {0}\r\n last"
	r := newReader(strings.NewReader(in+"\r\n"), nil)
	f, err := r.Fragment()
	if err != nil {
		t.Fatal(err)
	}
	var s Scanner
	s.Begin(r, f)
	s.Advance(len("* X"))
	var got []string
	for {
		k, v, err := s.Token()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, []string{"END", "(", ")", "atom:", "NIL", "quoted:", "literal:"}[k]+string(v))
		if k == End {
			break
		}
	}
	want := []string{"(", "atom:a", `quoted:b"c`, "literal:d e", "NIL", "NIL", ")", "(", `quoted:open\x) `, "literal:", "atom:last", "END"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestLineEnds(t *testing.T) {
	r := newReader(strings.NewReader("a\r\nb\nc\r\r\n\r\n\nend"), nil)
	var got []string
	for {
		f, err := r.Line()
		if err != nil {
			got = append(got, err.Error())
			break
		}
		bare := ""
		if f.Bare {
			bare = " bare"
		}
		got = append(got, string(f.Text)+bare)
	}
	want := []string{"a", "b bare", "c", "", " bare", "unexpected EOF"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestLongLines reads lines around the size of the buffer, and one too long.
func TestLongLines(t *testing.T) {
	for _, n := range []int{bufferSize - 3, bufferSize - 2, bufferSize - 1, bufferSize, bufferSize + 1, 3*bufferSize + 7} {
		line := strings.Repeat("x", n)
		r := newReader(strings.NewReader(line+"\r\nnext\r\n"), nil)
		r.LongLines()
		f, err := r.Line()
		if err != nil || string(f.Text) != line {
			t.Fatalf("a line of %d bytes came as %d bytes, %v", n, len(f.Text), err)
		}
		if f, err = r.Line(); err != nil || string(f.Text) != "next" {
			t.Fatalf("behind a line of %d bytes: %q, %v", n, f.Text, err)
		}
	}
	from := io.LimitReader(endless('x'), 4<<20).(*io.LimitedReader)
	r := newReader(from, nil)
	if _, err := r.Line(); !errors.Is(err, ErrLineTooLong) || 4<<20-from.N > 2*MaxEarlyLine {
		t.Fatalf("a line without end before the login: %v, %d bytes left", err, from.N)
	}
	r = newReader(io.LimitReader(endless('x'), 4<<20), nil)
	r.limit = 1 << 20
	if _, err := r.Line(); !errors.Is(err, ErrLineTooLong) {
		t.Fatalf("a line without end: %v", err)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestLiteralCutShort(t *testing.T) {
	for _, size := range []int64{4, 3 << 20} {
		r := newReader(strings.NewReader("abc"), nil)
		if b, err := r.ReadLiteral(nil, size); !errors.Is(err, io.ErrUnexpectedEOF) || b != nil {
			t.Errorf("a literal of %d bytes cut after 3: %d bytes, %v", size, len(b), err)
		}
	}
	r := newReader(strings.NewReader("abc"), nil)
	if err := r.SkipLiteral(4); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a literal skipped: %v", err)
	}
}

// clockConn is a connection whose reads deliver a byte after the clock moved,
// and which expires when the clock has reached the deadline.
type clockConn struct {
	net.Conn
	now      time.Time
	step     time.Duration
	deadline time.Time
	n        int
}

func (c *clockConn) SetReadDeadline(t time.Time) error  { c.deadline = t; return nil }
func (c *clockConn) SetWriteDeadline(t time.Time) error { c.deadline = t; return nil }
func (c *clockConn) SetDeadline(t time.Time) error      { c.deadline = t; return nil }
func (c *clockConn) Close() error                       { return nil }
func (c *clockConn) Read(p []byte) (int, error) {
	c.now = c.now.Add(c.step)
	if !c.deadline.IsZero() && !c.now.Before(c.deadline) {
		return 0, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	}
	c.n++
	p[0] = 'x'
	if c.n%1000 == 0 {
		p[0] = '\n'
	}
	return 1, nil
}

// TestIdleTimeout: a line of 1000 bytes arrives when it takes less than the
// time-out; see TestSlowness for what is longer and slower.
func TestIdleTimeout(t *testing.T) {
	for _, tt := range []struct {
		timeout, step time.Duration
		ok            bool
	}{
		{time.Minute, 59 * time.Millisecond, true},
		{time.Minute, 61 * time.Second, false},
		{0, time.Hour, true},
	} {
		c := &clockConn{now: time.Unix(1e9, 0), step: tt.step}
		s := NewStream(c, Options{Timeout: tt.timeout, Now: func() time.Time { return c.now }})
		_, err := s.Line()
		if tt.ok {
			if err != nil || c.n != 1000 {
				t.Errorf("time-out %v, a byte each %v: %v after %d bytes", tt.timeout, tt.step, err, c.n)
			}
			continue
		}
		var te *TimeoutError
		if !errors.As(err, &te) || te.After != tt.timeout || !errors.Is(err, os.ErrDeadlineExceeded) || c.n != 0 {
			t.Errorf("time-out %v, a byte each %v: %v after %d bytes", tt.timeout, tt.step, err, c.n)
		}
	}
}

// TestTimeoutRests: the time between two reads does not count.
func TestTimeoutRests(t *testing.T) {
	c := &clockConn{now: time.Unix(1e9, 0), step: 59 * time.Millisecond}
	s := NewStream(c, Options{Timeout: time.Minute, Now: func() time.Time { return c.now }})
	for range 3 {
		if _, err := s.Line(); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.Add(time.Hour)
	}
}

func TestCancel(t *testing.T) {
	cause := errors.New("the user pressed Ctrl-C")
	for _, op := range []string{"read", "write", "before"} {
		a, b := net.Pipe()
		ctx, cancel := context.WithCancelCause(t.Context())
		s := NewStream(a, Options{})
		s.SetContext(ctx)
		if op == "before" {
			cancel(cause)
		} else {
			// The pipe takes nothing and gives nothing: the call blocks
			// until the cancellation.
			context.AfterFunc(ctx, func() {})
			go cancel(cause)
		}
		var err error
		if op == "write" {
			_, _ = s.Write([]byte("hello"))
			err = s.Flush()
		} else {
			_, err = s.Line()
		}
		if !errors.Is(err, cause) {
			t.Errorf("%s: %v, want the cause", op, err)
		}
		if _, err = s.Line(); !errors.Is(err, cause) {
			t.Errorf("%s, the call after: %v, want the cause", op, err)
		}
		_ = a.Close()
		_ = b.Close()
	}
}

// TestRelief writes more than the peer takes before its answers are read: the
// pipe has no buffer at all, and the peer writes as much as it reads.
func TestRelief(t *testing.T) {
	a, b := net.Pipe()
	s := NewStream(a, Options{Timeout: time.Minute})
	const total = 1 << 20
	go func() {
		buf := make([]byte, 8<<10)
		for {
			n, err := b.Read(buf)
			if err != nil {
				return
			}
			if _, err := b.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	sent := make([]byte, total)
	for i := range sent {
		sent[i] = byte(i * 7)
	}
	if _, err := s.Write(sent); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	got, err := s.ReadLiteral(nil, total)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Error("what was read beside the write differs from what was sent")
	}
	if c := s.Counters(); c.In != total || c.Out != total || c.NetIn != total || c.NetOut != total {
		t.Errorf("counters %+v", c)
	}
	_ = s.Close()
	_ = b.Close()
}

// TestReliefSeesTheEnd: a peer that answers and leaves while we write.
func TestReliefSeesTheEnd(t *testing.T) {
	a, b := net.Pipe()
	s := NewStream(a, Options{Timeout: time.Minute})
	go func() {
		_, _ = b.Write([]byte("* BYE enough\r\n"))
		_ = b.Close()
	}()
	_, err := s.Write(make([]byte, 1<<20))
	if err == nil {
		err = s.Flush()
	}
	if err == nil {
		t.Error("the write succeeds though nobody reads")
	}
	if s.Flush() == nil {
		t.Error("the error of a write is forgotten")
	}
	f, err := s.Line()
	if err != nil || string(f.Text) != "* BYE enough" {
		t.Errorf("the farewell is lost: %q, %v", f.Text, err)
	}
	_ = a.Close()
}

func TestDeflate(t *testing.T) {
	a, b := net.Pipe()
	s := NewStream(a, Options{Timeout: time.Minute})
	defer func() { _ = s.Close() }()
	text := strings.Repeat("* 1 FETCH (FLAGS (\\Seen))\r\n", 2000)
	echoed := make(chan error, 1)
	go func() {
		// The answer to COMPRESS and the first compressed bytes in one packet.
		var first bytes.Buffer
		first.WriteString("T1 OK compressing\r\n")
		zw, _ := flate.NewWriter(&first, 5)
		_, _ = zw.Write([]byte("* early\r\n"))
		_ = zw.Flush()
		if _, err := b.Write(first.Bytes()); err != nil {
			echoed <- err
			return
		}
		buf := make([]byte, len(text))
		if _, err := io.ReadFull(flate.NewReader(b), buf); err != nil {
			echoed <- err
			return
		}
		if string(buf) != text {
			t.Error("what the server inflates differs")
		}
		echoed <- nil
	}()
	if f, err := s.Line(); err != nil || string(f.Text) != "T1 OK compressing" {
		t.Fatalf("%q, %v", f.Text, err)
	}
	if err := s.StartDeflate(); err != nil {
		t.Fatal(err)
	}
	if f, err := s.Line(); err != nil || string(f.Text) != "* early" {
		t.Fatalf("compressed bytes behind the answer: %q, %v", f.Text, err)
	}
	if _, err := io.WriteString(s, text); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := <-echoed; err != nil {
		t.Fatal(err)
	}
	if c := s.Counters(); c.Out != int64(len(text)) || c.NetOut >= c.Out/10 {
		t.Errorf("counters %+v: not compressed", c)
	}
	if err := s.StartDeflate(); err == nil {
		t.Error("compression begins twice")
	}
}

// TestDeflateBothWays sends lines one by one: each arrives without another
// behind it.
func TestDeflateBothWays(t *testing.T) {
	a, b := net.Pipe()
	s := NewStream(a, Options{Timeout: time.Minute})
	defer func() { _ = s.Close() }()
	go func() {
		zr := flate.NewReader(b)
		zw, _ := flate.NewWriter(b, 1)
		buf := make([]byte, 4096)
		for {
			n, err := zr.Read(buf)
			if err != nil {
				return
			}
			_, _ = zw.Write(buf[:n])
			if zw.Flush() != nil {
				return
			}
		}
	}()
	if err := s.StartDeflate(); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		line := strings.Repeat("a", rnd.IntN(300)) + "\r\n"
		_, _ = io.WriteString(s, line)
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		f, err := s.Line()
		if err != nil || string(f.Text)+"\r\n" != line {
			t.Fatalf("%q came back as %q, %v", line, f.Text, err)
		}
	}
}

func TestStartTLSInjection(t *testing.T) {
	a, b := net.Pipe()
	s := NewStream(a, Options{Timeout: time.Minute})
	defer func() { _ = s.Close() }()
	go func() { _, _ = io.WriteString(b, "T1 OK go\r\n* CAPABILITY IMAP4rev1 X-EVIL\r\n") }()
	if _, err := s.Line(); err != nil {
		t.Fatal(err)
	}
	if err := s.StartTLS(t.Context(), &tls.Config{ServerName: "mail.example.org"}); !errors.Is(err, ErrInjected) {
		t.Errorf("StartTLS with bytes waiting: %v, want ErrInjected", err)
	}
}

func TestTracer(t *testing.T) {
	var b strings.Builder
	tr := NewTracer(&b, "host1 ", false)
	tr.Hide("sesame")
	tr.Hide("ab") // too short to be masked
	tr.Sent([]byte("T1 LOGIN u sesame ab"))
	tr.Received([]byte("T1 NO sesame is wrong\r\n"))
	tr.Literal([]byte("the body"))
	tr.LiteralSize(12)
	want := "host1 C: T1 LOGIN u MASKED ab\nhost1 S: T1 NO MASKED is wrong\nhost1 |  (8 bytes)\nhost1 |  (12 bytes)\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
	var none *Tracer
	none.Hide("x")
	none.Sent(nil)
	none.Received(nil)
	none.Literal(nil)
	none.LiteralSize(1)
	if none.Content() {
		t.Error("no tracer shows content")
	}
}

// FuzzScanner walks over any bytes: no panic, no endless loop, and everything
// read is accounted for.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{
		"* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n",
		"* LIST (\\A \"b\") \"/\" {2}\r\nxy (CHILDINFO (\"X\"))\r\n",
		"* X ((((\"a\\\"b\" {0}\r\n {1}\r\n",
		"* X {3}\nabc NIL ~{2}\r\nxx )))\r\n",
		"\"", "(", "{1}\r\n", "\r\r\n \t\n",
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, in []byte, mode uint8) {
		r := newReader(bytes.NewReader(in), nil)
		for {
			fr, err := r.Fragment()
			if err != nil {
				return
			}
			var s Scanner
			s.Begin(r, fr)
			for steps := 0; ; steps++ {
				if steps > len(in)+10 {
					t.Fatal("the scanner does not advance")
				}
				if mode&1 == 0 {
					k, _, err := s.Token()
					if err != nil {
						return
					}
					if k == End {
						break
					}
					continue
				}
				before := len(s.Rest())
				s.Space()
				if err := s.SkipValue(); err != nil {
					return
				}
				if !s.More() {
					break
				}
				if len(s.Rest()) == before {
					s.Advance(1) // a closing parenthesis, which is the caller's
				}
			}
			if err := s.Finish(); err != nil {
				return
			}
		}
	})
}

// bites lets n bytes at a time pass and counts them.
type bites struct {
	n            int
	ready, moved int
}

func (b *bites) Holding() bool { return true }

func (b *bites) Ready(ctx context.Context, n int) (int, error) {
	b.ready++
	return min(n, b.n), ctx.Err()
}

func (b *bites) Moved(n int) { b.moved += n }

func TestBrakesSeeEveryByte(t *testing.T) {
	client, server := net.Pipe()
	in, out := &bites{n: 3}, &bites{n: 5}
	s := NewStream(client, Options{SlowIn: in, SlowOut: out})
	defer s.Close()
	const said, answer = "a1 NOOP and more\r\n", "* OK and the answer\r\n"
	go func() {
		defer server.Close()
		got := make([]byte, len(said))
		if _, err := io.ReadFull(server, got); err != nil || string(got) != said {
			t.Errorf("%q, %v", got, err)
		}
		// A failure shows on the other side.
		_, _ = io.WriteString(server, answer)
	}()
	if _, err := s.Write([]byte(said)); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	l, err := s.Line()
	if err != nil || string(l.Text)+"\r\n" != answer {
		t.Fatalf("%q, %v", l.Text, err)
	}
	if in.moved != len(answer) || out.moved != len(said) || in.ready < len(answer)/3 || out.ready < len(said)/5 {
		t.Errorf("read %+v, written %+v", in, out)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s.SetContext(ended)
	if _, err := s.Line(); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
