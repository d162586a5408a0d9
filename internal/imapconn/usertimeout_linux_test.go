package imapconn

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestBytesThatNobodyTakesAreGivenUp: a server that takes nothing more loses the
// connection, by the system, after the time that is set; it is set in milliseconds, and
// never for more than an hour.
func TestBytesThatNobodyTakesAreGivenUp(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String()) // never accepted, so nobody reads
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		set  time.Duration
		want int
	}{{10 * time.Second, 10_000}, {0, 10_000}, {48 * time.Hour, 3_600_000}, {250 * time.Millisecond, 250}} {
		userTimeout(c, tc.set)
		if err := raw.Control(func(fd uintptr) {
			if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); err != nil || got != tc.want {
				t.Errorf("%v: %d ms, %v; want %d", tc.set, got, err, tc.want)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	block := make([]byte, 1<<20)
	for err == nil {
		_, err = c.Write(block)
	}
	if !errors.Is(err, unix.ETIMEDOUT) {
		t.Error(err)
	}
}
