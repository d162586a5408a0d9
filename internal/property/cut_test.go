package property

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The ways to interrupt a run, once so many bytes were sent to a side:
//
//	cancel  the run is told to end at once
//	cut     that side's connection is lost; the next one holds
//	crash   all connections are lost and none can be opened, and what the journal
//	        learns after that moment is taken from it again, as when the machine dies
const (
	cancelled = "cancel"
	cutOff    = "cut"
	crashed   = "crash"
)

// lineCut is what a run's connections go through.
type lineCut struct {
	how     string // "" for none
	side    int
	left    int
	word    string // strikes where this word is sent for the left-th time; "" counts bytes
	cancel  context.CancelFunc
	journal string // directory

	mu    sync.Mutex
	done  bool
	conns [3]map[*cutConn]bool
	open  sync.WaitGroup    // connections of a run to be cancelled
	kept  map[string][]byte // the journal's files at the moment of a crash
}

var errDown = errors.New("the line is down")

// dial opens a connection to a side's server, whatever name it goes by.
func (l *lineCut) dial(side int, addr string) (net.Conn, error) {
	l.mu.Lock()
	down := l.done && l.how == crashed
	l.mu.Unlock()
	if down {
		return nil, errDown
	}
	c, err := net.Dial("tcp", addr)
	if err != nil || l.how == "" {
		return c, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns[side] == nil {
		l.conns[side] = make(map[*cutConn]bool)
	}
	counted := &cutConn{Conn: c, l: l, side: side}
	l.conns[side][counted] = true
	l.open.Add(1)
	return counted, nil
}

// cutConn counts what is sent.
type cutConn struct {
	net.Conn
	l      *lineCut
	side   int
	closed sync.Once

	mu sync.Mutex
	// draining: the deadline is that of Close, whatever the program sets.
	draining bool
}

func (c *cutConn) SetDeadline(t time.Time) error     { return c.deadline(c.Conn.SetDeadline, t) }
func (c *cutConn) SetReadDeadline(t time.Time) error { return c.deadline(c.Conn.SetReadDeadline, t) }

func (c *cutConn) deadline(set func(time.Time) error, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining {
		return nil
	}
	return set(t)
}

func (c *cutConn) Write(b []byte) (int, error) {
	n, now := c.l.allowed(c.side, b)
	written, err := c.Conn.Write(b[:n])
	if !now {
		if err == nil && n < len(b) {
			err = errDown
		}
		return written, err
	}
	c.l.strike(c.side)
	if c.l.how == cancelled {
		more, err := c.Conn.Write(b[n:])
		return written + more, err
	}
	return written, errDown
}

// Close of a run that was told to end waits until the server has finished what it has
// received: what it holds then is what the next step finds.
func (c *cutConn) Close() error {
	c.l.mu.Lock()
	ending := c.l.done && c.l.how == cancelled
	c.l.mu.Unlock()
	defer c.closed.Do(c.l.open.Done)
	if ending {
		c.noMore()
		c.drain()
	}
	return c.Conn.Close()
}

// noMore tells the server that nothing more comes.
func (c *cutConn) noMore() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite() // it may be closed already
	}
}

// drain waits until the server has finished what it received, and closed.
func (c *cutConn) drain() {
	c.mu.Lock()
	c.draining = true
	_ = c.Conn.SetReadDeadline(time.Now().Add(3 * time.Second)) // it may be closed already
	c.mu.Unlock()
	_, _ = io.Copy(io.Discard, c.Conn)
}

// allowed is how much of a write passes, and whether this is the moment.
func (l *lineCut) allowed(side int, b []byte) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(b)
	switch {
	case l.done && l.how == crashed:
		return 0, false
	case l.done || side != l.side:
		return n, false
	case l.word != "":
		for from := 0; ; {
			i := bytes.Index(b[from:], []byte(l.word))
			if i < 0 {
				return n, false
			}
			from += i
			if l.left--; l.left == 0 {
				l.done = true
				return from, true
			}
			from += len(l.word)
		}
	case l.left > n:
		l.left -= n
		return n, false
	}
	l.done = true
	return l.left, true
}

// strike interrupts. A server is given the time to finish what it has received, so
// that what it holds afterwards does not depend on chance.
func (l *lineCut) strike(side int) {
	if l.how == cancelled {
		l.cancel()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.conns {
		if l.how == cutOff && s != side {
			continue
		}
		for c := range l.conns[s] {
			c.noMore()
		}
		for c := range l.conns[s] {
			c.drain()
			_ = c.Conn.Close() // the program closes it as well
		}
		l.conns[s] = nil
	}
	if l.how == crashed {
		l.kept = readFiles(l.journal)
	}
}

// settle waits until the servers have finished what a cancelled run sent.
func (l *lineCut) settle() {
	if l.how == cancelled {
		l.open.Wait()
	}
}

// restore gives the journal back what it was at the moment of a crash.
func (l *lineCut) restore() error {
	if l.kept == nil {
		return nil
	}
	return writeFiles(l.journal, l.kept)
}

func readFiles(dir string) map[string][]byte {
	out := make(map[string][]byte)
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			content, readErr := os.ReadFile(path)
			name, relErr := filepath.Rel(dir, path)
			if readErr == nil && relErr == nil {
				out[name] = content
			}
		}
		return nil //nolint:nilerr // no directory yet: nothing to keep
	})
	return out
}
