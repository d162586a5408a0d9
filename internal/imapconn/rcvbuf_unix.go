//go:build unix

package imapconn

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// receiveBuffer gives sockets a receive buffer of about n bytes in all, before
// they connect: what was offered to the server once is not taken back.
func receiveBuffer(n int) func(network, addr string, raw syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		// A system without it keeps its own.
		return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, n/kernelShare) })
	}
}
