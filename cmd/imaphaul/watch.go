package main

import (
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/term"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
)

const (
	// pulse is how often the engine tells what moves, and how often that is looked at.
	pulse = 500 * time.Millisecond
	// silence is the longest one without a terminal, silenceShort with one, or with
	// --progress.
	silence      = 10 * time.Second
	silenceShort = 2 * time.Second
	// longPause is what is told ahead in a line of its own where no lines stand.
	longPause = 5 * time.Second
)

// screen is where and how what goes on is shown.
type screen struct {
	panel  *os.File // the terminal with the status lines, nil for none
	over   bool     // the text scrolls on the same terminal
	colour bool     // of the text
	beat   *live.Beat
}

// newScreen decides how to show what goes on; out and err are standard output and
// error, table tells that standard output is for a table alone.
func newScreen(v plan.View, out, errOut io.Writer, table bool) screen {
	var s screen
	terminal, outIs := capable(out)
	s.colour = outIs && os.Getenv("NO_COLOR") == "" && !table
	asked := v.Progress != nil && *v.Progress
	if v.Progress != nil && !asked || v.Detail == plan.DetailQuiet && !asked {
		return s
	}
	if outIs && !table {
		s.panel, s.over = terminal, true
		return s
	}
	if asked {
		if terminal, is := capable(errOut); is {
			s.panel = terminal
			return s
		}
	}
	s.beat = &live.Beat{Longest: silence, Tick: pulse}
	if f, ok := out.(*os.File); asked || ok && term.IsTerminal(int(f.Fd())) {
		s.beat.Longest = silenceShort
	}
	return s
}

// capable tells whether w is a terminal that can move its cursor.
func capable(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, false
	}
	kind := os.Getenv("TERM")
	return f, kind != "dumb" && (kind != "" || runtime.GOOS == "windows")
}

// view is where the run is now.
func (r *runner) view() live.View {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live.View(time.Now())
}

// watch shows what goes on until the function it returns is called.
func (r *runner) watch() (end func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(pulse)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-over:
				return
			}
			r.look(time.Now())
		}
	}()
	return func() {
		close(over)
		<-done
	}
}

// look notes where the run is, and breaks a silence.
func (r *runner) look(now time.Time) {
	r.mu.Lock()
	r.live.Sample(now)
	view := r.live.View(now)
	due := r.screen.beat != nil && r.screen.beat.Due(now, r.text.out.Printed())
	r.mu.Unlock()
	if due {
		r.text.Line("%s", view.Line())
	}
}

// signalled completes an event of the signal policy with what the signal meets.
func (r *runner) signalled(e event.SignalReceived) {
	if e.What == "stop" && r.following.Load() {
		e.What = "last pass"
	}
	if e.What == "stop" {
		r.mu.Lock()
		e.Messages, e.Bytes = r.live.Pending()
		if b := r.screen.beat; b != nil {
			b.Longest = silenceShort // count down
		}
		r.mu.Unlock()
		e.Within = engine.StopWait
	}
	r.sink(e)
	if e.What == "print" && asksStatus(e.Signal) {
		page := r.view().Page()
		for _, line := range page {
			r.text.Line("%s", line)
		}
		_ = r.status.write(page) // who asked gives up by himself
	}
}

// asksStatus reports whether a signal asks where the run is.
func asksStatus(signal string) bool { return signal == "USR1" || signal == "INFO" }

// announce tells a long pause before it is made, where no lines stand.
func (r *runner) announce(e event.Event) {
	if w, ok := e.(event.Waiting); ok && r.screen.beat != nil && w.For >= longPause {
		r.text.Line("%s", live.Announcement(w))
	}
}
