package live

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// refresh is how often the status lines are drawn anew.
const refresh = 250 * time.Millisecond

// lineStart goes to the beginning of the line and clears it.
const lineStart = "\r\x1b[K"

// leastWidth is the least that counts as a terminal's width; systems that do not
// know it say 0.
const leastWidth = 20

// Panel is a terminal whose text scrolls above lines that stand. It is the
// io.Writer of the text.
type Panel struct {
	progress *mpb.Progress
	bar      *mpb.Bar
	out      io.Writer

	mu     sync.Mutex
	lines  []string // the status lines
	closed bool
}

// NewPanel draws the lines of view, which is called from another goroutine, on a
// terminal. Close ends it; until then nobody else may write there.
func NewPanel(terminal *os.File, view func() View, colour bool) (*Panel, error) {
	return NewBoard(terminal, 2, func(width int) []string {
		lines := view().Lines(width, colour)
		return lines[:]
	})
}

// NewBoard is NewPanel with at least one and at most so many lines, made for a terminal of
// so many columns. None may be as wide: some terminals wrap behind the last column. On a
// terminal with too few rows the last of them but one are left out.
func NewBoard(terminal *os.File, most int, lines func(width int) []string) (*Panel, error) {
	if _, height, err := term.GetSize(int(terminal.Fd())); err == nil && height > 0 {
		most = min(most, max(height-1, 2))
	}
	return newBoard(terminal, most, lines, onTerminal(terminal), mpb.WithRefreshRate(refresh), mpb.WithAutoRefresh())
}

// newBoard draws on what the options say. mpb counts a line for each filler, whatever
// it writes, and none for one that writes nothing: so there is one for each line, and the
// upper ones write nothing where there are fewer.
func newBoard(terminal io.Writer, most int, lines func(width int) []string, options ...mpb.ContainerOption) (*Panel, error) {
	p := &Panel{out: terminal}
	p.progress = mpb.New(options...)
	above := make([]mpb.BarFiller, max(most-1, 0))
	for i := range above {
		above[i] = mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
			if i == 0 {
				p.make(lines, st.AvailableWidth, most)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			at := i - (len(above) - (len(p.lines) - 1))
			if at < 0 {
				return nil
			}
			start := ""
			if at == 0 {
				start = "\r"
			}
			_, err := io.WriteString(w, start+p.lines[at]+"\n")
			return err
		})
	}
	last := mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
		if len(above) == 0 {
			p.make(lines, st.AvailableWidth, most)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		_, err := io.WriteString(w, p.lines[len(p.lines)-1])
		return err
	})
	var err error
	p.bar, err = p.progress.Add(0, last, mpb.BarTopExtender(above...), mpb.BarFillerTrim(), mpb.BarRemoveOnComplete())
	if err != nil {
		p.progress.Shutdown()
		return nil, fmt.Errorf("the status lines cannot be drawn: %w", err)
	}
	return p, nil
}

// make makes the lines of the next picture.
func (p *Panel) make(lines func(width int) []string, width, most int) {
	if width < leastWidth {
		width = 80
	}
	all := lines(width)
	if n := len(all); n > most {
		all = append(all[:most-1:most-1], all[n-1])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = all
}

// Write prints text, which consists of whole lines, above the standing ones; after
// Close it prints it below everything.
func (p *Panel) Write(text []byte) (int, error) {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return p.out.Write(text)
	}
	// What a terminal echoes of a key (^C) moves the cursor away from the beginning of
	// the line, and leaves a piece of the status lines there.
	n, err := p.progress.Write(append([]byte(lineStart), text...))
	n = max(n-len(lineStart), 0)
	if err != nil { // it was closed meanwhile, or cannot draw any more
		return p.out.Write(text)
	}
	return n, nil
}

// Close takes the status lines away, when all that was written is on the terminal.
func (p *Panel) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.bar.Abort(true)
	p.progress.Wait()
}
