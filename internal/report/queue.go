package report

import (
	"fmt"
	"io"
	"sync"
)

// queueSize is how many bytes may wait for a reader of standard output: about a
// hundred thousand lines.
const queueSize = 16 << 20

// Queue writes to w beside its callers, who never wait: somebody who pages through
// the output (| less), or stops a terminal, must not hold a migration up until the
// servers hang up. What does not fit is left out and its amount told; the log, which
// is written without a queue, has it all.
type Queue struct {
	w   io.Writer
	log string // the log's name, "" for none
	// Lost, if it is set before the first Write, appends the line that stands for
	// lines left out, in place of the text's.
	Lost func(dst []byte, lines int) []byte

	mu     sync.Mutex
	more   *sync.Cond
	buf    []byte
	lost   int // lines left out since the last that was not
	err    error
	closed bool
	over   chan struct{}
}

// NewQueue starts to write to w. log is the name of the log file that has all
// lines, "" when there is none.
func NewQueue(w io.Writer, log string) *Queue {
	q := &Queue{w: w, log: log, over: make(chan struct{})}
	q.more = sync.NewCond(&q.mu)
	go q.run()
	return q
}

// Write takes p, which consists of whole lines, and returns the first error that w
// ever gave.
func (q *Queue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return 0, q.err
	}
	if len(q.buf)+len(p) > queueSize {
		for _, c := range p {
			if c == '\n' {
				q.lost++
			}
		}
		return len(p), nil
	}
	q.tellLost()
	q.buf = append(q.buf, p...)
	q.more.Signal()
	return len(p), nil
}

// tellLost says where lines are missing. q.mu is held.
func (q *Queue) tellLost() {
	if q.lost == 0 {
		return
	}
	if q.Lost != nil {
		q.buf = q.Lost(q.buf, q.lost)
		q.lost = 0
		return
	}
	q.buf = fmt.Appendf(q.buf, "... %d lines are left out here, since nobody read the output", q.lost)
	if q.log != "" {
		q.buf = fmt.Appendf(q.buf, "; they are in %s", q.log)
	}
	q.buf = append(q.buf, '\n')
	q.lost = 0
}

// run writes what is queued until Close.
func (q *Queue) run() {
	defer close(q.over)
	var out []byte
	for {
		q.mu.Lock()
		for len(q.buf) == 0 && !q.closed {
			q.more.Wait()
		}
		q.tellLost()
		if len(q.buf) == 0 || q.err != nil {
			q.mu.Unlock()
			return
		}
		out, q.buf = q.buf, out[:0]
		q.mu.Unlock()
		_, err := q.w.Write(out)
		if cap(out) > 1<<20 {
			out = nil
		}
		if err != nil {
			q.mu.Lock()
			q.err, q.buf = err, nil
			q.mu.Unlock()
			return
		}
	}
}

// Close waits until everything is written, however long the reader takes, and
// returns the first error of w.
func (q *Queue) Close() error {
	q.mu.Lock()
	q.closed = true
	q.more.Signal()
	q.mu.Unlock()
	<-q.over
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}
