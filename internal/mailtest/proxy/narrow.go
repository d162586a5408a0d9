package proxy

import (
	"sync"
	"time"
)

// narrowBuffer is how many bytes the system may hold in front of a narrow line,
// as a router would.
const narrowBuffer = 64 << 10

// narrow is one direction of a line of limited bandwidth, which carries one
// piece after the other.
type narrow struct {
	mu   sync.Mutex
	free time.Time
}

// carried books n bytes on the line and returns when the last of them has left.
func (l *narrow) carried(n int, rate int64) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
	return l.free
}
