package runner

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/jsonout"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/report"
)

// jsonLines writes the events as JSON (--json).
type jsonLines struct {
	lines *jsonout.Writer
	queue *report.Queue // of standard output, nil for a file
	file  *os.File      // nil for standard output
}

// openJSON opens what the plan names, nil for nothing.
func openJSON(p *plan.Plan, stdout io.Writer) (*jsonLines, error) {
	switch p.View.JSON {
	case "":
		return nil, nil
	case "-":
		queue := report.NewQueue(stdout, "")
		queue.Lost = jsonout.Lost
		return &jsonLines{lines: jsonout.New(queue, p.Accounts(), time.Now), queue: queue}, nil
	}
	f, err := os.OpenFile(p.View.JSON, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--json %q cannot be written: %w (choose another file)", p.View.JSON, err)
	}
	return &jsonLines{lines: jsonout.New(f, p.Accounts(), time.Now), file: f}, nil
}

// end writes the last line and closes; more are errors beside those of s. The error says that lines are missing.
func (j *jsonLines) end(code int, s *event.Stats, more int) error {
	j.lines.Exit(jsonout.Exit{
		Code: code, Name: report.ExitText(code), Errors: s.ErrorCount + more, Warnings: s.Warnings,
		MessagesCopied: s.Transferred, BytesCopied: s.BytesTransferred,
	})
	err := j.lines.Close()
	if j.queue != nil {
		if closeErr := j.queue.Close(); err == nil {
			err = closeErr
		}
	}
	if j.file != nil {
		if closeErr := j.file.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		return fmt.Errorf("the lines of --json are not complete: %w", err)
	}
	return nil
}

// refuseInJSON is the only line of a run that does not begin.
func refuseInJSON(p *plan.Plan, stdout io.Writer, code, errors int, text string) {
	w := jsonout.New(stdout, p.Accounts(), time.Now)
	w.Exit(jsonout.Exit{Code: code, Name: report.ExitText(code), Errors: errors, Failure: strings.TrimSpace(text)})
	_ = w.Close() // there is nowhere else to tell it
}
