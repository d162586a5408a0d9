package auth

import (
	"encoding"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// maxIterations bounds the work a server can ask for before it has proved
// anything. RFC 7677 asks for 4,096 at least, careful servers for some hundred
// thousand; two million take a second or two.
const maxIterations = 2_000_000

// ErrInterrupted says that a computation was given up because Params.Done was
// closed.
var ErrInterrupted = errors.New("the login was interrupted")

// checkIterations looks at the i= of a server's first message (RFC 5802 section
// 5.1). What cannot be read is left to the mechanism.
func checkIterations(message string) error {
	for field := range strings.SplitSeq(message, ",") {
		digits, ok := strings.CutPrefix(field, "i=")
		if !ok {
			continue
		}
		n, err := strconv.Atoi(digits)
		if errors.Is(err, strconv.ErrRange) || err == nil && n > maxIterations {
			return fmt.Errorf("the server asks for %s iterations, which is more than the %d that are allowed: it may be set up wrong, or not be the server you think; another mechanism helps", digits, maxIterations)
		}
	}
	return nil
}

// stoppableHash is a hash that does nothing any more once done is closed, so that
// a computation of millions of steps runs to its end in no time. Its result is
// worthless then.
type stoppableHash struct {
	hash.Hash
	done <-chan struct{}
}

func (h *stoppableHash) stopped() bool { return isClosed(h.done) }

// Write implements io.Writer.
func (h *stoppableHash) Write(p []byte) (int, error) {
	if h.stopped() {
		return len(p), nil
	}
	return h.Hash.Write(p)
}

// Sum appends the digest.
func (h *stoppableHash) Sum(b []byte) []byte {
	if h.stopped() {
		return append(b, make([]byte, h.Size())...)
	}
	return h.Hash.Sum(b)
}

// MarshalBinary and UnmarshalBinary let HMAC reuse the state behind the key, which
// halves the work.
func (h *stoppableHash) MarshalBinary() ([]byte, error) {
	m, ok := h.Hash.(encoding.BinaryMarshaler)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return m.MarshalBinary()
}

// UnmarshalBinary is the counterpart of MarshalBinary.
func (h *stoppableHash) UnmarshalBinary(b []byte) error {
	m, ok := h.Hash.(encoding.BinaryUnmarshaler)
	if !ok {
		return errors.ErrUnsupported
	}
	if h.stopped() {
		return nil
	}
	return m.UnmarshalBinary(b)
}

// isClosed reports whether c is closed; a nil channel never is.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
