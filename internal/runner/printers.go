package runner

import (
	"errors"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/report"
)

// printers are the texts of a run: one for standard output and the log together, or
// two when standard output gets less than the log (--quiet, --summary).
type printers struct {
	out *report.Text
	log *report.Text // nil when out writes the log, too, or there is none
	// logLost is why the log is not complete, once closed.
	logLost error
}

// newPrinters makes the texts of a run.
func newPrinters(out *report.Queue, log *logFile, tally *event.Tally, o report.Options) *printers {
	if o.Detail == report.Whole && !o.Colour {
		return &printers{out: report.NewText(&report.Tee{Out: out, Log: log.writer()}, tally, o)}
	}
	p := &printers{out: report.NewText(out, tally, o)}
	if w := log.writer(); w != nil {
		o.Detail, o.Colour = report.Whole, false
		p.log = report.NewText(w, tally, o)
	}
	return p
}

func (p *printers) each(do func(*report.Text)) {
	do(p.out)
	if p.log != nil {
		do(p.log)
	}
}

// Event is an event.Sink.
func (p *printers) Event(e event.Event) { p.each(func(t *report.Text) { t.Event(e) }) }

func (p *printers) Start(pre report.Preamble) { p.each(func(t *report.Text) { t.Start(pre) }) }

func (p *printers) Exit(e report.Ending) { p.each(func(t *report.Text) { t.Exit(e) }) }

func (p *printers) Line(format string, args ...any) {
	p.each(func(t *report.Text) { t.Line(format, args...) })
}

// Trace prints a line that a quiet text leaves out.
func (p *printers) Trace(line []byte) { p.each(func(t *report.Text) { t.Trace(line) }) }

// Close ends the texts. It fails when nobody can read the whole of one.
func (p *printers) Close() error {
	if p.log == nil {
		return p.out.Close()
	}
	logErr := p.log.Close()
	p.logLost = logErr
	if logErr != nil {
		p.out.Line("Warning: the log file is given up: %v", logErr)
	}
	// What standard output lost is in the log, and told there (logFile.lostOutput).
	if err := p.out.Close(); err != nil && logErr != nil {
		return fmt.Errorf("neither standard output nor the log is complete: %w", errors.Join(err, logErr))
	}
	return nil
}
