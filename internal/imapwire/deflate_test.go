package imapwire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
)

// inflate returns a stream that has just begun to compress, and whose server says
// this.
func inflate(t *testing.T, said []byte) *Stream {
	t.Helper()
	a, b := net.Pipe()
	s := NewStream(a, Options{Timeout: time.Minute})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = b.Write(said) // the stream may be closed before its end
		_ = b.Close()
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	if err := s.StartDeflate(); err != nil {
		t.Fatal(err)
	}
	return s
}

func deflated(t *testing.T, text io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	zw, err := flate.NewWriter(&b, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(zw, text); err != nil {
		t.Fatal(err)
	}
	if err := zw.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// repeated reads one byte again and again.
type repeated byte

func (e repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// A server that packs very much into very little gets no more memory than one
// that sends it as it is.
func TestDeflateBomb(t *testing.T) {
	const size, limit = 16 << 20, 256 << 10
	packed := deflated(t, io.MultiReader(strings.NewReader("* "), io.LimitReader(repeated('A'), size)))
	if len(packed) > size/500 {
		t.Fatalf("%d bytes in %d are no bomb", size, len(packed))
	}
	s := inflate(t, packed)
	s.Reader.limit = limit
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := s.Line()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrLineTooLong) {
		t.Errorf("%v, want ErrLineTooLong", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8*limit {
		t.Errorf("%d bytes of memory for a line of at most %d", used, limit)
	}
}

func TestDeflateDamaged(t *testing.T) {
	good := deflated(t, strings.NewReader("* OK hello\r\n"))
	s := inflate(t, append(good, 0xff, 0xff, 0xff, 0xff))
	if f, err := s.Line(); err != nil || string(f.Text) != "* OK hello" {
		t.Fatalf("%q, %v", f.Text, err)
	}
	if _, err := s.Line(); !errors.Is(err, ErrInflate) || !strings.Contains(err.Error(), "--nocompress") {
		t.Errorf("%v, want ErrInflate with a remedy", err)
	}
	s = inflate(t, good[:len(good)-6])
	if _, err := s.Line(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a stream that ends early: %v", err)
	}
}

// slowConn takes a time for each call, by the clock of the test.
type slowConn struct {
	net.Conn
	now         *time.Time
	read, write time.Duration
	in          io.Reader
}

func (c slowConn) Read(p []byte) (int, error) {
	*c.now = c.now.Add(c.read)
	return c.in.Read(p)
}

func (c slowConn) Write(p []byte) (int, error) {
	*c.now = c.now.Add(c.write)
	return len(p), nil
}

func TestWaitsAreCounted(t *testing.T) {
	a, b := net.Pipe()
	defer func() { _ = b.Close() }()
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	s := NewStream(slowConn{a, &now, 3 * time.Second, 5 * time.Second, strings.NewReader("* OK hello\r\n")}, Options{Now: func() time.Time { return now }})
	defer func() { _ = s.Close() }()
	if _, err := s.Line(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := io.WriteString(s, "T1 NOOP\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Counters(); n.WaitIn != 3*time.Second || n.WaitOut != 10*time.Second {
		t.Errorf("%v and %v, want 3 s and 10 s", n.WaitIn, n.WaitOut)
	}
}
