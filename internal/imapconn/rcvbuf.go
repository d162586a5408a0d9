package imapconn

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// connect opens the socket, with the receive buffer that its round trip wants.
func (c *Config) connect(ctx context.Context) (net.Conn, error) {
	if c.ReceiveBuffer == nil {
		sock, _, err := c.connectWith(ctx, 0)
		return sock, err
	}
	room := c.ReceiveBuffer(0)
	sock, rtt, err := c.connectWith(ctx, room)
	if err != nil || room <= 0 {
		if err == nil {
			c.ReceiveBuffer(rtt)
		}
		return sock, err
	}
	if more := c.ReceiveBuffer(rtt); more > room {
		// A connection keeps to what it offered first: Linux takes a larger buffer
		// later and does not offer it.
		_ = sock.Close()
		sock, _, err = c.connectWith(ctx, more)
	}
	return sock, err
}

// connectWith opens a socket with a receive buffer, 0 for the system's, and tells
// how long the connection took: about a round trip.
func (c *Config) connectWith(ctx context.Context, room int) (net.Conn, time.Duration, error) {
	var began atomic.Pointer[time.Time]
	var tried addresses
	d := net.Dialer{Timeout: c.Timeout, KeepAlive: -1}
	if c.KeepAlive {
		d.KeepAlive = 0 // the default of the package: on
	}
	d.Control = func(_, address string, raw syscall.RawConn) error {
		tried.add(address)
		now := time.Now()
		began.CompareAndSwap(nil, &now)
		if room > 0 {
			return receiveBuffer(raw, room)
		}
		return nil
	}
	var sock net.Conn
	var err error
	if c.Proxy != nil {
		sock, err = c.Proxy.Dial(ctx, func(ctx context.Context, addr string) (net.Conn, error) {
			return d.DialContext(ctx, "tcp", addr)
		}, c.network(), c.addr(), c.Timeout)
	} else {
		sock, err = d.DialContext(ctx, c.network(), c.addr())
	}
	if err != nil || began.Load() == nil {
		return sock, 0, tried.name(err)
	}
	return sock, time.Since(*began.Load()), nil
}

// addresses are those of one host that were tried, maybe at the same time.
type addresses struct {
	mu  sync.Mutex
	all []string
}

func (a *addresses) add(address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(a.all, address) {
		a.all = append(a.all, address)
	}
}

// name names them all in an error, which by itself names the first alone.
func (a *addresses) name(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil || len(a.all) < 2 {
		return err
	}
	return fmt.Errorf("%w (none of the host's %d addresses could be reached: %s)", err, len(a.all), strings.Join(a.all, ", "))
}

// SetReceiveBuffer lowers the receive buffer to n bytes. What was offered to the
// server already stays so.
func (c *Conn) SetReceiveBuffer(n int) {
	if tcp, ok := c.sock.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(n / kernelShare()) // a system without it keeps its own
	}
}
