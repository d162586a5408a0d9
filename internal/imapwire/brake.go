package imapwire

import "context"

// Brake holds one direction of connections back. It may be shared by several.
//
// What is read is held back before it is read, so that the server's own sending
// stops as soon as the system's receive buffer is full; see ReceiveBuffer.
type Brake interface {
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

func moved(b Brake, n int) {
	if b != nil && n > 0 {
		b.Moved(n)
	}
}
