package runner

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/report"
)

// logFile is the open log, or none.
type logFile struct {
	path string
	f    *os.File
}

// LogPath is the name of the log file, "" for none.
func LogPath(p *plan.Plan) string {
	if !p.Output.Log {
		return ""
	}
	return report.LogName{
		Dir: p.Output.LogDir, File: p.Output.LogFile, Started: p.Output.StartedAt,
		User1: p.Host1.User, User2: p.Host2.User, Abort: p.Run.Abort,
	}.Path()
}

func openLog(path string) (*logFile, error) {
	if path == "" {
		return &logFile{}, nil
	}
	f, err := report.OpenLog(path)
	if err != nil {
		return nil, err
	}
	return &logFile{path: path, f: f}, nil
}

// writer is nil for no log, so that no printer sees a nil pointer in an interface.
func (l *logFile) writer() io.Writer {
	if l.f == nil {
		return nil
	}
	return l.f
}

// lostOutput notes that standard output could not be written to its end. It is an
// error when there is no log that tells the same.
func (l *logFile) lostOutput(err error) error {
	if l.f == nil {
		return err
	}
	_, err = fmt.Fprintf(l.f, "Warning: standard output is lost: %v\n", err)
	return err
}

func (l *logFile) close() {
	if l.f != nil {
		_ = l.f.Close() // its writes were checked one by one
	}
}

// lineWriter prints what is written to it line by line.
type lineWriter struct {
	text *printers
	mu   sync.Mutex
	rest []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		w.text.Trace(bytes.TrimSuffix(w.rest[:i], []byte("\r")))
		w.rest = w.rest[i+1:]
	}
}
