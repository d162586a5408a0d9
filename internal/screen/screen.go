// Package screen decides where and how what goes on is shown: standing lines on a
// terminal, or lines that break a silence.
package screen

import (
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/term"

	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
)

const (
	// Pulse is how often the engine tells what moves, and how often that is looked at.
	Pulse = 500 * time.Millisecond
	// silence is the longest one without a terminal, ShortSilence with one, or with
	// --progress.
	silence      = 10 * time.Second
	ShortSilence = 2 * time.Second
)

// Screen is where and how what goes on is shown.
type Screen struct {
	Panel  *os.File // the terminal with the status lines, nil for none
	Over   bool     // the text scrolls on the same terminal
	Colour bool     // of the text
	Beat   *live.Beat
}

// New decides how to show what goes on; out and err are standard output and
// error, table tells that standard output is for a table alone.
func New(v plan.View, out, errOut io.Writer, table bool) Screen {
	var s Screen
	terminal, outIs := capable(out)
	s.Colour = outIs && os.Getenv("NO_COLOR") == "" && !table
	asked := v.Progress != nil && *v.Progress
	if v.Progress != nil && !asked || v.Detail == plan.DetailQuiet && !asked {
		return s
	}
	if outIs && !table {
		s.Panel, s.Over = terminal, true
		return s
	}
	if asked {
		if terminal, is := capable(errOut); is {
			s.Panel = terminal
			return s
		}
	}
	s.Beat = &live.Beat{Longest: silence, Tick: Pulse}
	if f, ok := out.(*os.File); asked || ok && term.IsTerminal(int(f.Fd())) {
		s.Beat.Longest = ShortSilence
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

// Width is the width of the terminal on standard output, 0 for none.
func Width() int {
	w, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return w
}
