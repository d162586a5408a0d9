// Package proxy stands between a client and a server on loopback and makes the
// line between them what a test needs: long (a delay in each direction), narrow
// (so many bytes a second), cut or silent after a number of bytes, and counted: which commands went over it, and
// how often the client waited for the server before it went on.
//
// Commands are only recognised on a line without TLS and COMPRESS.
package proxy

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Direction of bytes.
type Direction int

// The two directions.
const (
	ToServer Direction = iota
	ToClient
)

func (d Direction) String() string {
	if d == ToServer {
		return "to server"
	}
	return "to client"
}

// Options of a proxy.
type Options struct {
	// Target is the server's host:port.
	Target string
	// Delay is how long every byte is on its way, in each direction; a round
	// trip takes twice that. The order of bytes stays.
	Delay time.Duration
	// Rate is how many bytes a second the line carries in each direction, all
	// connections together; 0 for any number. What does not fit waits with the
	// sender.
	Rate int64
	// Transcript keeps all bytes, for Proxy.Transcript.
	Transcript bool
}

// FaultKind is what happens to a connection.
type FaultKind int

// The faults.
const (
	// Cut closes both sides.
	Cut FaultKind = iota
	// Stall delivers nothing more in the direction; both sides stay open.
	Stall
)

// Fault strikes a connection when After bytes have been delivered in one
// direction; the byte after them is not.
type Fault struct {
	Kind      FaultKind
	Direction Direction
	After     int64
	// Connection counts from 1 in the order of accepting; 0 is every one.
	Connection int
}

// Proxy is a running proxy.
type Proxy struct {
	options Options
	ln      net.Listener
	running sync.WaitGroup
	lines   [2]narrow

	mu     sync.Mutex
	faults []Fault
	conns  []*connection
	closed bool
	struck chan Fault
}

// Start listens on a free port of 127.0.0.1.
func Start(o Options) (*Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{options: o, ln: ln, struck: make(chan Fault, 1024)}
	p.running.Go(p.accept)
	return p, nil
}

// Addr returns the host:port to connect to.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Host returns 127.0.0.1.
func (p *Proxy) Host() string { return "127.0.0.1" }

// Port returns the port to connect to.
func (p *Proxy) Port() int { return p.ln.Addr().(*net.TCPAddr).Port }

// Add arms a fault for connections accepted from now on. Of several that fit a
// connection and a direction, the earliest strikes.
func (p *Proxy) Add(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, f)
}

// Clear disarms all faults for connections accepted from now on.
func (p *Proxy) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// Struck reports every fault as it strikes. It is buffered; faults beyond the
// first 1,024 unread ones are not reported.
func (p *Proxy) Struck() <-chan Fault { return p.struck }

// CutAll closes the connections that are open now, as an outage would.
func (p *Proxy) CutAll() {
	for _, c := range p.connections() {
		c.cut()
	}
}

// Close ends everything and returns when no goroutine is left.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.ln.Close()
	p.CutAll()
	p.running.Wait()
}

func (p *Proxy) connections() []*connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*connection(nil), p.conns...)
}

func (p *Proxy) accept() {
	for {
		client, err := p.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.options.Target)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			client.Close()
			server.Close()
			return
		}
		c := &connection{proxy: p, client: client, server: server, over: make(chan struct{})}
		p.conns = append(p.conns, c)
		number := len(p.conns)
		limits := [2]*Fault{}
		for _, f := range p.faults {
			if f.Connection != 0 && f.Connection != number {
				continue
			}
			if l := limits[f.Direction]; l == nil || f.After < l.After {
				limits[f.Direction] = &f
			}
		}
		c.log.keep = p.options.Transcript
		p.running.Go(func() {
			var both sync.WaitGroup
			both.Go(func() { c.carry(ToServer, client, server, limits[ToServer]) })
			both.Go(func() { c.carry(ToClient, server, client, limits[ToClient]) })
			both.Wait()
			c.cut()
		})
		p.mu.Unlock()
	}
}
