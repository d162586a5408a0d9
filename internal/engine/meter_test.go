package engine_test

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// meter is a line to a server that notes when bytes pass it, in one direction.
type meter struct {
	fromServer bool
	word       []byte // what is counted beside the bytes

	mu     sync.Mutex
	passed []passed
}

// passed is what passed at one moment.
type passed struct {
	at           time.Time
	bytes, words int
}

// meterBuffer is how much the meter's own socket takes off the server before the
// client reads it; the system may double it.
const meterBuffer = 4 << 10

// measured puts a meter between the client and an account. fromServer says which
// direction is noted: what the server sends, or what it is sent. A narrow one
// holds little by itself, so that what waits in it does not look like a burst.
func measured(t testing.TB, a account, fromServer, narrow bool, word string) (account, *meter) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{fromServer: fromServer, word: []byte(word)}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", a.s.Addr())
			if err != nil {
				client.Close()
				continue
			}
			if tcp, ok := client.(*net.TCPConn); ok && narrow {
				_ = tcp.SetWriteBuffer(meterBuffer)
				_ = tcp.SetReadBuffer(8 * meterBuffer)
			}
			running.Go(func() { m.carry(server, client, !fromServer) })
			running.Go(func() { m.carry(client, server, fromServer) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		running.Wait()
	})
	a.port = ln.Addr().(*net.TCPAddr).Port
	return a, m
}

// carry copies one direction until its end. Bytes from the server pass when the
// client's socket has taken them, those of the client when they have come.
func (m *meter) carry(to, from net.Conn, note bool) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 4<<10)
	var tail []byte
	for {
		n, err := from.Read(buf)
		at := time.Now()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
			if m.fromServer {
				at = time.Now()
			}
		}
		if note && n > 0 {
			seen := append(tail, buf[:n]...)
			p := passed{at: at, bytes: n, words: bytes.Count(seen, m.word)}
			tail = bytes.Clone(seen[max(0, len(seen)-len(m.word)+1):])
			m.mu.Lock()
			m.passed = append(m.passed, p)
			m.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// rates are the most of bytes and words in any stretch of time, and all of them
// with the time from the first to the last.
func (m *meter) rates(stretch time.Duration) (bytes, words, allBytes, allWords int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, nowBytes, nowWords := 0, 0, 0
	var first, last time.Time
	for _, p := range m.passed {
		for p.at.Sub(m.passed[from].at) >= stretch {
			nowBytes -= m.passed[from].bytes
			nowWords -= m.passed[from].words
			from++
		}
		nowBytes += p.bytes
		nowWords += p.words
		bytes, words = max(bytes, nowBytes), max(words, nowWords)
		allBytes += p.bytes
		allWords += p.words
		if p.words > 0 {
			if first.IsZero() {
				first = p.at
			}
		}
		last = p.at
	}
	return bytes, words, allBytes, allWords, last.Sub(first)
}
