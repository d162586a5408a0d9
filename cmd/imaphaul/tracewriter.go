package main

import (
	"io"
	"sync"
)

// traceWriter is where the dialogues of both accounts go, which are read at the same
// time: a line is written at once.
type traceWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (t *traceWriter) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.w.Write(p)
}
