package imapconn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// cannedConn is a server whose whole side of the dialogue is written down.
type cannedConn struct{ r io.Reader }

func (c *cannedConn) Read(p []byte) (int, error)       { return c.r.Read(p) }
func (c *cannedConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c *cannedConn) Close() error                     { return nil }
func (c *cannedConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (c *cannedConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (c *cannedConn) SetDeadline(time.Time) error      { return nil }
func (c *cannedConn) SetReadDeadline(time.Time) error  { return nil }
func (c *cannedConn) SetWriteDeadline(time.Time) error { return nil }

const preauth = "* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE UNSELECT COMPRESS=DEFLATE ENABLE] hi\r\n"

// canned connects to a server that says text after a PREAUTH greeting.
func canned(tb testing.TB, text io.Reader) *Conn {
	tb.Helper()
	c, err := Connect(context.Background(), Config{
		Host: "localhost", Port: 143, Timeout: time.Minute, TagPrefix: "T", Consent: consentTo("INBOX", "Foo", "Sent"),
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return &cannedConn{io.MultiReader(bytes.NewReader([]byte(preauth)), text)}, nil
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// listing is what a server says to list n messages.
func listing(n int) []byte {
	var b bytes.Buffer
	b.Grow(n * 260)
	for i := 1; i <= n; i++ {
		h := fmt.Sprintf("Message-Id: <%08d.abcdef@mail.example.org>\r\nReceived: from a.example.org by b.example.org; Wed, 17 Jul 1996 02:44:25 -0700\r\n\r\n", i)
		fmt.Fprintf(&b, "* %d FETCH (UID %d FLAGS (\\Seen $Forwarded) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE %d BODY[HEADER.FIELDS (MESSAGE-ID RECEIVED)] {%d}\r\n%s)\r\n",
			i, i, 4000+i%5000, len(h), h)
	}
	b.WriteString("T1 OK done\r\n")
	return b.Bytes()
}

// BenchmarkListing reports messages per second of a header listing, and the
// allocations of one message.
func BenchmarkListing(b *testing.B) {
	text := listing(b.N)
	c := canned(b, bytes.NewReader(text))
	f := c.Fetch(FetchItems{Flags: true, InternalDate: true, Size: true, HeaderFields: []string{"MESSAGE-ID", "RECEIVED"}})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.SetBytes(int64(len(text) / b.N))
	b.ReportAllocs()
	b.ResetTimer()
	if err := f.AskRange(ctx, 1, 0); err != nil {
		b.Fatal(err)
	}
	n, bytes := 0, 0
	for {
		m, err := f.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		n++
		bytes += len(m.Header)
	}
	if n != b.N || bytes == 0 {
		b.Fatalf("%d messages of %d", n, b.N)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkBodies reports the throughput of bodies over a loopback socket.
func BenchmarkBodies(b *testing.B) {
	for _, size := range []int{1400, 4 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { benchBodies(b, size) })
	}
}

func benchBodies(b *testing.B, size int) {
	body := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		w := &writer{w: conn}
		w.text(preauth)
		in := make([]byte, 1<<16)
		if _, err := conn.Read(in); err != nil {
			return
		}
		for i := 1; i <= b.N; i++ {
			w.buf = fmt.Appendf(w.buf, "* %d FETCH (UID %d BODY[] {%d}\r\n", i, i, size)
			w.buf = append(w.buf, body...)
			w.text(")\r\n")
		}
		w.text("T1 OK done\r\n")
		w.flush()
		_, _ = conn.Read(in) // until the client leaves
	}()
	addr := l.Addr().(*net.TCPAddr)
	c, err := Connect(context.Background(), Config{Host: "127.0.0.1", Port: addr.Port, Timeout: time.Minute, TagPrefix: "T", Consent: consentTo("INBOX")})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := c.Fetch(FetchItems{Body: true})
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	if err := f.Ask(ctx, imap.UIDSet{{Start: 1, Stop: imap.UID(b.N)}}); err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	var n int64
	for {
		m, err := f.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		k, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, m.Body, buf)
		if err != nil {
			b.Fatal(err)
		}
		n += k
	}
	if n != int64(size)*int64(b.N) || len(f.Missing()) > 0 {
		b.Fatalf("%d bytes of %d", n, size*b.N)
	}
}

// writer gathers what a server says and sends it in large pieces.
type writer struct {
	w   io.Writer
	buf []byte
}

func (w *writer) text(s string) {
	w.buf = append(w.buf, s...)
	if len(w.buf) > 256<<10 || s == preauth {
		w.flush()
	}
}

func (w *writer) flush() {
	_, _ = w.w.Write(w.buf)
	w.buf = w.buf[:0]
}

// BenchmarkAppend reports the cost of a message in a MULTIAPPEND of 100, the
// server's answer included.
func BenchmarkAppend(b *testing.B) {
	body := bytes.Repeat([]byte("0123456789abcde\n"), 256)
	var answers bytes.Buffer
	batches := (b.N + 99) / 100
	for i := 1; i <= batches; i++ {
		fmt.Fprintf(&answers, "T%d OK [APPENDUID 1 %d:%d] done\r\n", i, i*100, i*100+99)
	}
	c := canned(b, &answers)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	b.ResetTimer()
	var before *Append
	for range batches {
		a, err := c.StartMultiAppend(ctx, "INBOX")
		if err != nil {
			b.Fatal(err)
		}
		for range 100 {
			if _, err := a.Add(ctx, AppendOptions{Flags: seen, Date: date, Size: int64(len(body))}); err != nil {
				b.Fatal(err)
			}
			if _, err := a.Write(body); err != nil {
				b.Fatal(err)
			}
		}
		if err := a.Finish(); err != nil {
			b.Fatal(err)
		}
		if before != nil {
			if d, err := c.WaitAppend(ctx, before); err != nil || len(d.UIDs) != 100 {
				b.Fatal(d, err)
			}
		}
		before = a
	}
	if _, err := c.WaitAppend(ctx, before); err != nil {
		b.Fatal(err)
	}
}
