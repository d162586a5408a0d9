package imapwire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// ackAtOnce makes the kernel acknowledge what arrives next without delay.
func ackAtOnce(c syscall.Conn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return // closed, which the next call tells
	}
	_ = raw.Control(func(fd uintptr) {
		// A refusal costs time and nothing else.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	})
}
