package embedded

import (
	"net"
	"sync"
)

// connections are all open connections of a server, so that stopping it ends
// every one of them, also one that was just accepted.
type connections struct {
	mu     sync.Mutex
	open   map[*conn]struct{} // nil once stopped
	active sync.WaitGroup
}

// listener hands out connections that its connections know.
type listener struct {
	net.Listener
	all *connections
}

func (l listener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: inner, all: l.all}
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if l.all.open == nil {
		inner.Close()
		return nil, net.ErrClosed
	}
	l.all.open[c] = struct{}{}
	l.all.active.Add(1)
	return c, nil
}

// conn leaves its connections when it is closed for the first time by the
// server's own goroutine, which is the last thing that one does.
type conn struct {
	net.Conn
	all  *connections
	once sync.Once
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.all.mu.Lock()
		delete(c.all.open, c)
		c.all.mu.Unlock()
		c.all.active.Done()
	})
	return err
}

// stop cuts every connection and waits for the goroutines that serve them.
func (a *connections) stop() {
	a.mu.Lock()
	for c := range a.open {
		c.Conn.Close()
	}
	a.open = nil
	a.mu.Unlock()
	a.active.Wait()
}
