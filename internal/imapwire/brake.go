package imapwire

import (
	"context"
	"errors"
	"io"
)

// Brake holds one direction of connections back. It may be shared by several.
//
// What is read is held back before it is read, so that the server's own sending
// stops as soon as the system's receive buffer is full; see ReceiveBuffer.
type Brake interface {
	// Holding reports whether it holds anything back at the moment.
	Holding() bool
	// Ready waits until bytes may move and returns how many at most, from 1 to n.
	Ready(ctx context.Context, n int) (int, error)
	// Moved tells how many did.
	Moved(n int)
}

// brake waits until some of p may move, and cuts p to that.
func brake(ctx context.Context, b Brake, p []byte) ([]byte, error) {
	if b == nil || len(p) == 0 {
		return p, nil
	}
	n, err := b.Ready(ctx, len(p))
	if err != nil {
		return nil, err
	}
	return p[:max(1, min(n, len(p)))], nil
}

// pieceSize is how much of a stream is passed on at a time while it is held back.
const pieceSize = 32 << 10

// readPieces buffers all of r and sends each piece as it comes: where both sides
// are held back, neither waits for the other's buffer to fill.
func (s *Stream) readPieces(r io.Reader) (int64, error) {
	buf := make([]byte, pieceSize)
	var done int64
	for {
		n, err := r.Read(buf)
		if n > 0 {
			k, writeErr := s.bw.Write(buf[:n])
			done += int64(k)
			if writeErr == nil {
				writeErr = s.Flush()
			}
			if writeErr != nil {
				return done, writeErr
			}
		}
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, err
		}
	}
}

func moved(b Brake, n int) {
	if b != nil && n > 0 {
		b.Moved(n)
	}
}
