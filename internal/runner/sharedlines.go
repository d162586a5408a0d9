package runner

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/jsonout"
	"github.com/imaphaul/imaphaul/internal/report"
)

// SharedLines is where the events of all rows go as JSON. Each Write is of whole
// lines, so that those of several rows do not mix.
type SharedLines struct {
	mu    sync.Mutex
	w     io.Writer
	queue *report.Queue
	file  *os.File
	err   error
}

// OpenShared opens what --json names, nil for nothing.
func OpenShared(name string, stdout io.Writer) (*SharedLines, error) {
	switch name {
	case "":
		return nil, nil
	case "-":
		queue := report.NewQueue(stdout, "")
		queue.Lost = jsonout.Lost
		return &SharedLines{w: queue, queue: queue}, nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--json %q cannot be written: %w (choose another file)", name, err)
	}
	return &SharedLines{w: f, file: f}, nil
}

// OfRow are the lines of a try of a row, see [jsonout.Writer.OfRow]; nil for none.
func (s *SharedLines) OfRow(account string, row, try int, only string) *jsonout.Writer {
	if s == nil {
		return nil
	}
	w := jsonout.New(s, account, time.Now)
	w.OfRow(row, try, only)
	return w
}

// NotBegun is the only line of a row that did not begin; w may be nil.
func NotBegun(w *jsonout.Writer, code int, why string) {
	if w == nil {
		return
	}
	w.Exit(jsonout.Exit{Code: code, Name: report.ExitText(code), Errors: 1, Failure: strings.TrimSpace(why)})
	_ = w.Close() // what is lost is told when all are closed
}

// Write writes whole lines.
func (s *SharedLines) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.w.Write(p)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// Close says whether lines are missing.
func (s *SharedLines) Close() error {
	if s == nil {
		return nil
	}
	err := s.err
	if s.queue != nil {
		if closeErr := s.queue.Close(); err == nil {
			err = closeErr
		}
	}
	if s.file != nil {
		if closeErr := s.file.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		return fmt.Errorf("the lines of --json are not complete: %w", err)
	}
	return nil
}
