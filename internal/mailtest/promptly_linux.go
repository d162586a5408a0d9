package mailtest

import (
	"net"
	"syscall"
)

// promptly is a connection whose bytes are acknowledged at once. The system else
// waits up to 40 ms for something to send with the acknowledgement, and a server
// that writes a reply in two parts, and leaves Nagle's algorithm on, waits for it
// with the second: Courier and Cyrus do so with every FETCH of some KiB.
type promptly struct{ net.Conn }

// Read reads, and acknowledges what was read.
func (c promptly) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if tcp, ok := c.Conn.(syscall.Conn); ok && n > 0 {
		if raw, err := tcp.SyscallConn(); err == nil {
			// Without it everything works, only later.
			_ = raw.Control(func(fd uintptr) {
				_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
			})
		}
	}
	return n, err
}
