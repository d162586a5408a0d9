package imapwire

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// dripping is a socket that gives a piece of text after each pause of its clock.
// Deadlines are kept against the same clock.
type dripping struct {
	net.Conn // never used
	now      time.Time
	pause    time.Duration
	pieces   []string
	deadline time.Time
}

func (d *dripping) clock() time.Time { return d.now }

func (d *dripping) Read(p []byte) (int, error) {
	if !d.deadline.IsZero() && !d.deadline.After(d.now.Add(d.pause)) {
		d.now = d.deadline
		return 0, errDeadline
	}
	d.now = d.now.Add(d.pause)
	if len(d.pieces) == 0 {
		return 0, errors.New("the text is over")
	}
	n := copy(p, d.pieces[0])
	d.pieces = d.pieces[1:]
	return n, nil
}

func (d *dripping) SetReadDeadline(t time.Time) error { d.deadline = t; return nil }

var errDeadline = &net.OpError{Op: "read", Err: timeoutError{}}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
func (timeoutError) Is(err error) bool {
	return err.Error() == "i/o timeout"
}

func repeat(n int, piece string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = piece
	}
	return out
}

func TestSlowness(t *testing.T) {
	const timeout = 60 * time.Second
	read := func(d *dripping, how func(*Stream) error) (time.Duration, error) {
		d.now = time.Unix(1000, 0)
		s := NewStream(d, Options{Timeout: timeout, Now: d.clock})
		err := how(s)
		return d.now.Sub(time.Unix(1000, 0)), err
	}
	line := func(s *Stream) error { _, err := s.Line(); return err }
	lines := func(n int) func(*Stream) error {
		return func(s *Stream) error {
			for range n {
				if err := line(s); err != nil {
					return err
				}
			}
			return nil
		}
	}
	literal := func(n int64) func(*Stream) error {
		return func(s *Stream) error { _, err := s.ReadLiteral(nil, n); return err }
	}
	skip := func(n int64) func(*Stream) error { return func(s *Stream) error { return s.SkipLiteral(n) } }
	for name, tt := range map[string]struct {
		d    dripping
		how  func(*Stream) error
		slow bool
	}{
		"a byte a second":                   {dripping{pause: time.Second, pieces: repeat(5000, "a")}, line, true},
		"a byte a second of a literal":      {dripping{pause: time.Second, pieces: repeat(5000, "a")}, literal(5000), true},
		"a byte a second of a skipped one":  {dripping{pause: time.Second, pieces: repeat(5000, "a")}, skip(5000), true},
		"20 bytes a second":                 {dripping{pause: time.Second, pieces: append(repeat(500, strings.Repeat("a", 20)), "\r\n")}, line, false},
		"20 bytes a second of a literal":    {dripping{pause: time.Second, pieces: repeat(500, strings.Repeat("a", 20))}, literal(10000), false},
		"a short line in each minute":       {dripping{pause: 50 * time.Second, pieces: repeat(100, "* OK Still here\r\n")}, lines(100), false},
		"lines that come byte by byte":      {dripping{pause: time.Second, pieces: strings.Split(strings.Repeat("* OK hi\r\n", 50), "")}, lines(50), false},
		"a line that begins and then stays": {dripping{pause: 59 * time.Second, pieces: repeat(10, "* SEARCH")}, line, true},
	} {
		t.Run(name, func(t *testing.T) {
			took, err := read(&tt.d, tt.how)
			var late *TimeoutError
			if tt.slow != errors.As(err, &late) || !tt.slow && err != nil {
				t.Fatalf("%v after %v", err, took)
			}
			if tt.slow && (!late.Slow || took != timeout || !strings.Contains(err.Error(), "1024 bytes")) {
				t.Errorf("%v after %v", err, took)
			}
		})
	}
}

// TestSlownessKnowsOurLimits: time that our own brake takes is not the server's.
func TestSlownessKnowsOurLimits(t *testing.T) {
	d := &dripping{now: time.Unix(1000, 0), pause: time.Millisecond, pieces: repeat(1000, "a")}
	s := NewStream(d, Options{Timeout: 60 * time.Second, Now: d.clock, SlowIn: crawl{d}})
	if _, err := s.ReadLiteral(nil, 1000); err != nil {
		t.Error(err)
	}
}

// crawl lets a byte a second pass.
type crawl struct{ d *dripping }

func (c crawl) Holding() bool { return true }

func (c crawl) Ready(context.Context, int) (int, error) {
	c.d.now = c.d.now.Add(time.Second)
	return 1, nil
}

func (c crawl) Moved(int) {}
