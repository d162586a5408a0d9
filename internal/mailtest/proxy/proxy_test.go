package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a server that sends back what it gets until the client has finished.
func echo(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			// An end of either kind is what the tests are about.
			_, _ = io.Copy(conn, conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().String()
}

// through starts a proxy and connects to it.
func through(t *testing.T, o Options, faults ...Fault) (*Proxy, net.Conn) {
	t.Helper()
	if o.Target == "" {
		o.Target = echo(t)
	}
	p, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	for _, f := range faults {
		p.Add(f)
	}
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return p, conn
}

func TestDelayHoldsBytesAndKeepsOrder(t *testing.T) {
	const delay = 20 * time.Millisecond
	_, conn := through(t, Options{Delay: delay})
	sent := bytes.Repeat([]byte("0123456789"), 50_000)
	start := time.Now()
	go func() {
		// A failed write shows as a short echo.
		_, _ = conn.Write(sent)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	first := make([]byte, 1)
	if _, err := io.ReadFull(conn, first); err != nil {
		t.Fatal(err)
	}
	// Only the lower bound is certain on a busy machine.
	if took := time.Since(start); took < 2*delay {
		t.Errorf("the first byte came back after %v, before %v", took, 2*delay)
	}
	rest, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(append(first, rest...), sent) {
		t.Errorf("%d bytes came back, or in another order; %d sent", 1+len(rest), len(sent))
	}
}

func TestRateHoldsForAllConnectionsTogether(t *testing.T) {
	const rate, size = 1 << 20, 100 << 10
	p, first := through(t, Options{Rate: rate})
	second, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	sent := bytes.Repeat([]byte("0123456789"), size/10)
	start := time.Now()
	got := make(chan []byte)
	for _, conn := range []net.Conn{first, second} {
		go func() {
			// A failed write shows as a short echo.
			_, _ = conn.Write(sent)
			_ = conn.(*net.TCPConn).CloseWrite()
		}()
		go func() {
			echo, _ := io.ReadAll(conn)
			got <- echo
		}()
	}
	for range 2 {
		if echo := <-got; !bytes.Equal(echo, sent) {
			t.Errorf("%d bytes came back, or others; %d sent", len(echo), len(sent))
		}
	}
	// Only the lower bound is certain on a busy machine.
	if took, least := time.Since(start), 2*size*time.Second/rate; took < least {
		t.Errorf("%d bytes each way took %v, less than %v", 2*size, took, least)
	}
}

func TestCutDeliversExactlySoManyBytes(t *testing.T) {
	for _, d := range []Direction{ToServer, ToClient} {
		for _, after := range []int64{0, 1, 7, 10} {
			t.Run(fmt.Sprintf("%s after %d", d, after), func(t *testing.T) {
				fault := Fault{Kind: Cut, Direction: d, After: after}
				p, conn := through(t, Options{Transcript: true}, fault)
				// The proxy may have cut before this is written.
				_, _ = conn.Write([]byte("0123456789 more"))
				_, _ = io.Copy(io.Discard, conn)
				if got := <-p.Struck(); got != fault {
					t.Errorf("struck %v", got)
				}
				if got := p.Transcript(1, d); string(got) != "0123456789"[:after] {
					t.Errorf("%q was delivered %s", got, d)
				}
			})
		}
	}
}

func TestStallStaysOpenUntilCut(t *testing.T) {
	p, conn := through(t, Options{}, Fault{Kind: Stall, Direction: ToClient, After: 3})
	if _, err := conn.Write([]byte("abcdef")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 3)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "abc" {
		t.Fatalf("%q, %v", got, err)
	}
	<-p.Struck()
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if n, err := conn.Read(got); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("the stalled side gave %d bytes, %v", n, err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	p.CutAll()
	if n, err := conn.Read(got); err == nil {
		t.Errorf("after the cut: %d bytes", n)
	}
}

func TestFaultOfOneConnection(t *testing.T) {
	p, first := through(t, Options{}, Fault{Kind: Cut, Direction: ToServer, After: 1, Connection: 2})
	roundTrip := func(conn net.Conn) error {
		// A failed write shows in the read.
		_, _ = conn.Write([]byte("ab"))
		_, err := io.ReadFull(conn, make([]byte, 2))
		return err
	}
	if err := roundTrip(first); err != nil {
		t.Errorf("the first connection: %v", err)
	}
	first.Close()
	second, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := roundTrip(second); err == nil {
		t.Error("the second connection was not cut")
	}
}

// dialogue plays lines of both sides and returns what the proxy counted.
func dialogue(t *testing.T, steps ...string) Counts {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		if conn, err := ln.Accept(); err == nil {
			accepted <- conn
		}
		close(accepted)
	}()
	p, client := through(t, Options{Target: ln.Addr().String()})
	server, ok := <-accepted
	if !ok {
		t.Fatal("nothing was accepted")
	}
	defer server.Close()
	for _, step := range steps {
		from, to := client, server
		if step[0] == 'S' {
			from, to = server, client
		}
		text := step[2:]
		if _, err := io.WriteString(from, text); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(bufio.NewReaderSize(to, 1), make([]byte, len(text))); err != nil {
			t.Fatal(err)
		}
	}
	return p.Counts()
}

func TestCountsCommandsAndTurns(t *testing.T) {
	got := dialogue(t,
		"S:* OK hello\r\n",
		"C:a1 LOGIN u p\r\n",
		"S:a1 OK\r\n",
		"C:a2 uid fetch 1 (FLAGS)\r\na3 UID FETCH 2 (FLAGS)\r\n",
		"S:* 1 FETCH (FLAGS ())\r\n",
		"S:a2 OK\r\na3 OK\r\n",
		"C:a4 APPEND x {12}\r\n",
		"S:+ go\r\n",
		"C:a9 NOOP\r\n\r\n (\\Seen) {10+}\r\nb1 NOOP\r\nx\r\n",
		"S:a4 OK\r\n",
		"C:a5 AUTHENTICATE PLAIN\r\n",
		"S:+ \r\n",
		"C:AHUAcA==\r\n",
		"S:a5 OK\r\n",
		"C:a6 IDLE\r\n",
		"S:+ idling\r\n",
		"C:DONE\r\n",
	)
	want := Counts{
		Connections: 1,
		ToServer:    got.ToServer,
		ToClient:    got.ToClient,
		Turns:       8,
		Commands:    map[string]int{"LOGIN": 1, "UID FETCH": 2, "APPEND": 1, "AUTHENTICATE": 1, "IDLE": 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Total() != 6 {
		t.Errorf("%d commands", got.Total())
	}
}

// However the bytes are cut into reads, the counts are the same.
func FuzzCountsDoNotDependOnReads(f *testing.F) {
	f.Add([]byte("a1 NOOP\r\na2 APPEND x {3}\r\nabc\r\na3 NOOP\r\n"), uint8(3))
	f.Add([]byte("a {5+}\r\n12345 {0}\r\n\r\nb NOOP\r\n{99999999999999999999}\r\n"), uint8(1))
	f.Add([]byte("a1 UID FETCH "+strings.Repeat("12,", 200)+" {2}\r\n\r\n\r\na2 NOOP\r\n"), uint8(7))
	f.Fuzz(func(t *testing.T, stream []byte, step uint8) {
		var whole, pieces traffic
		whole.add(ToServer, stream)
		for rest := stream; len(rest) > 0; {
			n := min(len(rest), int(step)+1)
			pieces.add(ToServer, rest[:n])
			rest = rest[n:]
		}
		if diff := cmp.Diff(whole.counts(), pieces.counts()); diff != "" {
			t.Error(diff)
		}
	})
}
