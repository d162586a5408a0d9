package imapconn

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// userTimeout bounds how long bytes that the other end does not acknowledge are sent
// again (tcp(7), TCP_USER_TIMEOUT). 0 leaves it to the system.
func userTimeout(sock net.Conn, d time.Duration) {
	tcp, ok := sock.(*net.TCPConn)
	if !ok || d <= 0 {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // closed, which the next call tells
	}
	_ = raw.Control(func(fd uintptr) {
		// A refusal leaves the system's own limit.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(min(d, time.Hour)/time.Millisecond))
	})
}
