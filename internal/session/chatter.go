package session

import (
	"fmt"
	"strconv"
	"sync"
)

// chatter bounds the lines that a server can put into the log by what it says
// unasked: the first of a kind are told, then only their number, at 1,000, 10,000
// and so on. A server that repeats a line of three bytes would write a log a hundred
// times as large as what it sent.
type chatter struct {
	mu   sync.Mutex
	said map[string]*said
}

// said is what was said of one kind.
type said struct {
	n     int64
	last  string
	twice bool // the last line came more than once in a row
}

// chatterTold is how many lines of a kind are told.
const chatterTold = 100

// hear gives the line that is to be told of one that was said, "" for none. kind
// names the lines for the number that takes their place.
func (c *chatter) hear(kind, line string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said == nil {
		c.said = make(map[string]*said)
	}
	s := c.said[kind]
	if s == nil {
		s = &said{}
		c.said[kind] = s
	}
	s.n++
	same := line == s.last
	s.last = line
	switch {
	case s.n <= chatterTold && !same:
		s.twice = false
		return line
	case s.n <= chatterTold && !s.twice:
		s.twice = true
		return line + " (the same again is not told)"
	case s.n > chatterTold && powerOfTen(s.n) || s.n == chatterTold+1:
		return fmt.Sprintf("%d %s so far; they are counted from here on and not told one by one", s.n, kind)
	}
	return ""
}

// powerOfTen reports whether n is 10, 100, 1000 ...
func powerOfTen(n int64) bool {
	digits := strconv.FormatInt(n, 10)
	for i := range digits {
		if i == 0 != (digits[i] == '1') || i > 0 && digits[i] != '0' {
			return false
		}
	}
	return len(digits) > 1
}
