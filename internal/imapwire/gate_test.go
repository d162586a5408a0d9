package imapwire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
)

var errShut = errors.New("shut")

// shutter is a gate that lets so many questions pass.
type shutter struct{ left atomic.Int64 }

func (s *shutter) Check() error {
	if s.left.Add(-1) < 0 {
		return errShut
	}
	return nil
}

// tcpPair is a connection over the loopback.
func tcpPair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestNothingLeavesThroughAClosedGate(t *testing.T) {
	for _, allowed := range []int64{0, 2, 4} {
		client, server := tcpPair(t)
		gate := new(shutter)
		gate.left.Store(allowed)
		s := NewStream(client, Options{Gate: gate})
		var sent int
		var err error
		for range 5 {
			if _, err = s.Write([]byte("0123456789")); err == nil {
				err = s.Flush()
			}
			if err != nil {
				break
			}
			sent += 10
		}
		if !errors.Is(err, errShut) && !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(server) // the connection is closed, maybe reset
		if len(got) > sent || sent > int(allowed)*10 {
			t.Errorf("%d allowed: %d bytes came, %d sent", allowed, len(got), sent)
		}
		if _, err := client.Write([]byte("x")); err == nil {
			t.Error("the connection is still open")
		}
	}
}

// A write that waits for the other end to read asks again before it goes on: what a
// stopped process had begun does not leave when it wakes.
func TestABlockedWriteAsksAgain(t *testing.T) {
	client, server := tcpPair(t)
	var shut atomic.Bool
	asked := make(chan struct{}, 1<<16)
	gate := gateFunc(func() error {
		select {
		case asked <- struct{}{}:
		default:
		}
		if shut.Load() {
			return errShut
		}
		return nil
	})
	s := NewStream(client, Options{Gate: gate})
	result := make(chan error, 1)
	big := bytes.Repeat([]byte("x"), 32<<20) // more than any buffer takes
	go func() {
		_, err := s.Write(big)
		result <- err
	}()
	<-asked
	// Until the buffers are full nothing can be told from outside; whatever is asked
	// after this is refused.
	shut.Store(true)
	before := s.Counters().NetOut
	got, _ := io.Copy(io.Discard, server)
	if err := <-result; !errors.Is(err, errShut) && !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	if got >= int64(len(big)) {
		t.Errorf("all of it came, %d bytes before the gate closed", before)
	}
}

type gateFunc func() error

func (f gateFunc) Check() error { return f() }

func BenchmarkGatedWrite(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, c) }()
		}
	}()
	for name, gate := range map[string]Gate{"none": nil, "open": gateFunc(func() error { return nil })} {
		b.Run(name, func(b *testing.B) {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			s := NewStream(c, Options{Gate: gate})
			p := make([]byte, 64<<10)
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				if _, err := s.Write(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
