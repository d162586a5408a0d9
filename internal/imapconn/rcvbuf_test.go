package imapconn

import (
	"net"
	"runtime"
	"testing"
	"time"
)

// flood is a server that sends as much as it can before anything is read, and
// tells how much that was.
func flood(t *testing.T) (port int, early <-chan int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan int, 2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10)
			n := 0
			for {
				_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
				k, err := c.Write(make([]byte, 1000))
				n += k
				if err != nil {
					break
				}
			}
			sent <- n
			c.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().(*net.TCPAddr).Port, sent
}

func TestReceiveBufferBoundsWhatIsSentAhead(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says how its buffers are to be understood")
	}
	const room = 64 << 10
	// The server's own buffer counts, too.
	const most = room + 16<<10
	for _, tc := range []struct {
		name  string
		room  func(rtt time.Duration) int
		first bool // the first connection is given up for another
	}{
		{"known at once", func(time.Duration) int { return room }, false},
		{"larger for the line", func(rtt time.Duration) int {
			if rtt == 0 {
				return room / 4
			}
			return room
		}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			port, early := flood(t)
			cfg := Config{Host: "127.0.0.1", Port: port, ReceiveBuffer: tc.room}
			sock, err := cfg.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer sock.Close()
			if tc.first {
				<-early
			}
			if n := <-early; n > most || n < room/2 {
				t.Errorf("%d bytes were sent ahead", n)
			}
		})
	}
}

func TestReceiveBufferIsToldTheRoundTrip(t *testing.T) {
	port, early := flood(t)
	var told []time.Duration
	cfg := Config{Host: "127.0.0.1", Port: port, ReceiveBuffer: func(rtt time.Duration) int {
		told = append(told, rtt)
		return 0
	}}
	sock, err := cfg.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sock.Close()
	<-early
	if len(told) != 2 || told[0] != 0 || told[1] <= 0 {
		t.Errorf("told %v", told)
	}
}
