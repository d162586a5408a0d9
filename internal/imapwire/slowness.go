package imapwire

import (
	"time"
)

// slowest is how many bytes of one line or literal must come within the idle
// time-out. A server that sends a byte a second would otherwise never time out.
const slowest = 1 << 10

// slowness watches how fast a reply comes. Only the time spent in waiting for the
// socket counts: neither our own limits, nor a caller who takes his time, nor the
// time between two commands. What counts are bytes of IMAP, above TLS and DEFLATE,
// whose own bytes would hide how few there are. A whole line is a sign of life,
// however short: servers say "* OK Still here" while they search.
type slowness struct {
	raw  *rawConn
	came int // bytes since the patience was renewed
}

// renew gives the server the whole time-out again.
func (s *slowness) renew() {
	s.came = 0
	s.raw.patience = 0
	if t := s.raw.timeout; t > 0 {
		s.raw.patience = s.raw.waitIn.Load() + int64(t)
	}
}

// moved takes note of n bytes of a line or literal that is not complete.
func (s *slowness) moved(n int) {
	if s.came += n; s.came >= slowest {
		s.renew()
	}
}

// armRead sets the read deadline: the idle time-out, or less when the reply at hand
// has used up its patience, which is then reported.
func (c *rawConn) armRead() (slow bool) {
	if c.patience <= 0 {
		c.arm(c.SetReadDeadline)
		return false
	}
	left := time.Duration(c.patience - c.waitIn.Load())
	if left >= c.timeout {
		c.arm(c.SetReadDeadline)
		return false
	}
	_ = c.SetReadDeadline(c.now().Add(max(left, 0)))
	if c.cancelled.Load() {
		_ = c.SetReadDeadline(aLongTimeAgo)
	}
	return true
}
