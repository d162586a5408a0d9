//go:build unix

package imapwire

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// gatedWrite is Write of a socket that asks the gate before each system call: the
// net package's would go on by itself once the socket takes bytes again.
func gatedWrite(c syscall.Conn, gate Gate, p []byte) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Write(func(fd uintptr) (done bool) {
		for n < len(p) {
			if failed = gate.Check(); failed != nil {
				return true
			}
			k, err := unix.Write(int(fd), p[n:])
			switch {
			case errors.Is(err, unix.EINTR):
			case errors.Is(err, unix.EAGAIN):
				return false // called again when there is room
			case err != nil:
				failed = &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", err)}
				return true
			case k == 0:
				failed = io.ErrUnexpectedEOF
				return true
			default:
				n += k
			}
		}
		return true
	})
	if failed != nil {
		err = failed
	}
	return n, err
}
