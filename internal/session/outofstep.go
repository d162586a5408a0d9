package session

import (
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// outOfStep tells that a connection was reset because the server's replies did not
// fit what it was sent. What was under way on it is settled by looking; but when the
// server answered lines of a mail, nobody knows what these made it do.
func (s *Account) outOfStep(e *imapconn.OutOfStepError) {
	n := s.N
	if e.Executed && e.Unasked {
		s.control.Fault(event.Error{Class: event.ErrUnclassified,
			Text: fmt.Sprintf("Host%d: %s", n, e),
			Hint: "look whether host2 has folders or messages that should not be there; from now on this server is asked before each message, which is slower and safe"})
		return
	}
	text := fmt.Sprintf("Host%d: %s", n, e)
	if e.Unasked {
		text += "; from now on it is asked before each message, which is slower and safe"
	}
	s.control.Warn(text)
}
