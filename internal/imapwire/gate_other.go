//go:build !unix

package imapwire

import (
	"io"
	"syscall"
)

// gatedPiece is how much is handed to the system at a time.
const gatedPiece = 4 << 10

// gatedWrite is Write of a socket that asks the gate before each piece.
func gatedWrite(c syscall.Conn, gate Gate, p []byte) (n int, err error) {
	w, ok := c.(io.Writer)
	if !ok {
		return 0, io.ErrClosedPipe
	}
	for n < len(p) && err == nil {
		if err = gate.Check(); err != nil {
			break
		}
		var k int
		k, err = w.Write(p[n:min(len(p), n+gatedPiece)])
		n += k
	}
	return n, err
}
