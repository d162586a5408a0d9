//go:build unix

package imapconn

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// kernelShare is what has to be asked for less: Linux doubles it, for its own
// books (tcp(7)), and may well fill all of that with data.
func kernelShare() int {
	if runtime.GOOS == "linux" {
		return 2
	}
	return 1
}

// receiveBuffer gives a socket that is not connected yet a receive buffer of about
// n bytes in all.
func receiveBuffer(raw syscall.RawConn, n int) error {
	// A system without it keeps its own.
	return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, n/kernelShare()) })
}
