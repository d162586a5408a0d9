package lease

import (
	"context"
	"sync"
	"time"
)

// Set is all leases that a run needs at the same time: it is valid while each of them
// is. The zero value is a set of none, which is always valid. Safe for concurrent use.
type Set struct {
	mu   sync.Mutex
	all  []*Lease
	more chan struct{} // closed when one is added; nil while nobody waits
}

// Add has the set need one more lease; nil is none.
func (s *Set) Add(l *Lease) {
	if l == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, l)
	if s.more != nil {
		close(s.more)
		s.more = nil
	}
}

func (s *Set) leases() ([]*Lease, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.more == nil {
		s.more = make(chan struct{})
	}
	return s.all, s.more // all is never changed in place
}

// Check returns nil while every lease is valid, and the *OverError of one that is not.
// It is asked immediately before each change.
func (s *Set) Check() error {
	s.mu.Lock()
	all := s.all
	s.mu.Unlock()
	for _, l := range all {
		if err := l.Check(); err != nil {
			return err
		}
	}
	return nil
}

// longestNap is how long Watch trusts a timer, which does not count suspend.
const longestNap = time.Second

// Watch waits until a lease of the set is over, and returns its *OverError; nil when
// the context ended before. It looks every second, since timers stand still while a
// machine is suspended.
func (s *Set) Watch(ctx context.Context) error {
	for {
		if err := s.Check(); err != nil {
			return err
		}
		all, more := s.leases()
		nap := time.Duration(-1)
		var over <-chan struct{}
		for _, l := range all {
			left := l.Left()
			if nap < 0 || left < nap {
				nap, over = left, l.Over()
			}
		}
		var timer <-chan time.Time
		if nap >= 0 {
			timer = time.After(min(nap, longestNap))
		}
		select {
		case <-timer:
		case <-over:
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}
