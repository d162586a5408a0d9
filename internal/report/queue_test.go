package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestQueueKeepsOrder(t *testing.T) {
	var got bytes.Buffer
	q := NewQueue(&got, "")
	var want strings.Builder
	for i := range 5000 {
		line := fmt.Sprintf("line %d\n", i)
		want.WriteString(line)
		if _, err := q.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Close(); err != nil || got.String() != want.String() {
		t.Errorf("%v, %d bytes of %d", err, got.Len(), want.Len())
	}
}

// TestQueueNobodyReads: the writer never waits, memory is bounded, and it is told
// what is missing once somebody reads again.
func TestQueueNobodyReads(t *testing.T) {
	r, w := io.Pipe()
	q := NewQueue(w, "LOG/x.txt")
	line := []byte(strings.Repeat("a", 99) + "\n")
	const lines = 500_000 // 50 MB
	for range lines {
		if n, err := q.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(q.buf) > queueSize {
		t.Errorf("%d bytes are queued", len(q.buf))
	}
	text := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		text <- string(b)
	}()
	err := q.Close()
	_ = w.Close()
	got := <-text
	n := strings.Count(got, string(line))
	var lost int
	at := strings.Index(got, "... ")
	if at < 0 {
		t.Fatal("nothing is told")
	}
	if _, serr := fmt.Sscanf(got[at:], "... %d lines", &lost); serr != nil || err != nil || n+lost != lines || !strings.Contains(got, "LOG/x.txt") {
		t.Errorf("%d lines and %d left out of %d: %v, %v", n, lost, lines, err, serr)
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestQueueOfABrokenPipe(t *testing.T) {
	gone := errors.New("gone")
	q := NewQueue(broken{gone}, "")
	if _, err := q.Write([]byte("a\n")); err != nil && !errors.Is(err, gone) {
		t.Error(err)
	}
	if err := q.Close(); !errors.Is(err, gone) {
		t.Error(err)
	}
	if _, err := q.Write([]byte("b\n")); !errors.Is(err, gone) {
		t.Error(err)
	}
}
