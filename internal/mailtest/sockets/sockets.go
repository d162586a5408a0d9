// Package sockets keeps the connections that something in between has open, so
// that all of them end with it.
package sockets

import (
	"net"
	"sync"
)

// Set is a set of open connections. The zero value is ready, and safe for
// concurrent use.
type Set struct {
	mu     sync.Mutex
	closed bool
	open   map[net.Conn]struct{}
}

// Keep remembers connections for Close. After Close it closes them and reports
// false.
func (s *Set) Keep(conns ...net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range conns {
		if s.closed {
			c.Close()
			continue
		}
		if s.open == nil {
			s.open = make(map[net.Conn]struct{})
		}
		s.open[c] = struct{}{}
	}
	return !s.closed
}

// Forget closes connections that were kept.
func (s *Set) Forget(conns ...net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(s.open, c)
	}
}

// Close closes all of them, and those that are kept from now on.
func (s *Set) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.open {
		c.Close()
	}
	s.open = nil
}
