package mailtest

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/imaphaul/imaphaul/internal/mailtest/sockets"
)

// front stands before servers that would make tests wait. Mox allows one client
// address 30 connections at a time and 300 new ones a minute: apart gives every
// connection a loopback address of its own, far enough from the others that mox
// does not count them together either. Courier and Cyrus wait for acknowledgements,
// see promptly.
type front struct {
	apart     bool
	ports     [2]int
	listeners [2]net.Listener
	next      atomic.Uint32

	running sync.WaitGroup
	open    sockets.Set
}

func newFront(targets [2]int, apart bool) (*front, error) {
	f := &front{apart: apart}
	for i, target := range targets {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			f.close()
			return nil, fmt.Errorf("front: %w", err)
		}
		f.listeners[i] = ln
		f.ports[i] = ln.Addr().(*net.TCPAddr).Port
		f.running.Go(func() { f.accept(ln, target) })
	}
	return f, nil
}

// source returns the next address of 127.0.0.0/8: the middle bytes count up, so
// that two in a row differ in what mox calls a network.
func (f *front) source() net.Addr {
	n := f.next.Add(1)
	return &net.TCPAddr{IP: net.IPv4(127, byte(1+n%250), byte(n/250), 1)}
}

func (f *front) accept(ln net.Listener, target int) {
	for {
		client, err := ln.Accept()
		if err != nil {
			return
		}
		var dialer net.Dialer
		if f.apart {
			dialer.LocalAddr = f.source()
		}
		server, err := dialer.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", target))
		if err != nil {
			client.Close()
			continue
		}
		if !f.open.Keep(client, server) {
			return
		}
		f.running.Go(func() { f.carry(client, server) })
	}
}

func (f *front) carry(client, server net.Conn) {
	var both sync.WaitGroup
	one := func(to, from net.Conn) {
		// Whatever ends one direction ends both; the reason is the ends' own.
		_, _ = io.Copy(to, from)
		to.Close()
		from.Close()
	}
	both.Go(func() { one(server, client) })
	both.Go(func() { one(client, promptly{server}) })
	both.Wait()
	f.open.Forget(client, server)
}

func (f *front) close() {
	f.open.Close()
	for _, ln := range f.listeners {
		if ln != nil {
			ln.Close()
		}
	}
	f.running.Wait()
}
