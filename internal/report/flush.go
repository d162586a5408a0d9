package report

import (
	"fmt"
	"time"
)

// flushAfter is how long a message line may wait in the buffer.
const flushAfter = time.Second

// flushAt is the amount of buffered text that is written out at once, bytes.
const flushAt = 32 << 10

// Flush writes out what is buffered and returns the first error that writing
// ever met.
func (t *Text) Flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flush()
	return t.err
}

// Close flushes and stops the timer; nothing may be printed afterwards.
func (t *Text) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
	}
	t.armed = false
	t.flush()
	if t.err != nil {
		return fmt.Errorf("the report could not be written completely: %w", t.err)
	}
	return nil
}

// flushSoon writes out a full buffer, or sees to it that a waiting line is
// written within flushAfter even when no other event follows.
func (t *Text) flushSoon() {
	if len(t.buf) >= flushAt {
		t.flush()
		return
	}
	if t.armed || len(t.buf) == 0 {
		return
	}
	t.armed = true
	if t.timer == nil {
		t.timer = time.AfterFunc(flushAfter, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.armed = false
			t.flush()
		})
		return
	}
	t.timer.Reset(flushAfter)
}

// flush writes the buffer. A failing writer is given up for good: the run is
// worth more than its text.
func (t *Text) flush() {
	if len(t.buf) == 0 {
		return
	}
	if t.err == nil {
		_, t.err = t.w.Write(t.buf)
	}
	t.buf = t.buf[:0]
	t.printed = t.now()
}
