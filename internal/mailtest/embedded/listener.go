package embedded

import (
	"net"
	"sync"
	"time"
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

// patience is how long stop waits. Sessions end at once, but for one that waits
// for itself: the library (v2.0.0-beta.8) does not release the lock of a response
// that it could not write, and takes it again to report that.
const patience = 3 * time.Second

// stop cuts every connection and waits for the goroutines that serve them.
func (a *connections) stop() {
	a.mu.Lock()
	for c := range a.open {
		c.Conn.Close()
	}
	a.open = nil
	a.mu.Unlock()
	over := make(chan struct{})
	go func() {
		a.active.Wait()
		close(over)
	}()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-over:
	case <-limit.C:
	}
}
