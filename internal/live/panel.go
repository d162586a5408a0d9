package live

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
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
	last   string // of the status lines
	closed bool
}

// NewPanel draws the lines of view, which is called from another goroutine, on a
// terminal. Close ends it; until then nobody else may write there.
func NewPanel(terminal *os.File, view func() View, colour bool) (*Panel, error) {
	return NewBoard(terminal, func(width int) []string {
		lines := view().Lines(width, colour)
		return lines[:]
	})
}

// NewBoard is NewPanel with any number of lines, at least one, made for a terminal of
// so many columns. None may be as wide: some terminals wrap behind the last column.
func NewBoard(terminal *os.File, lines func(width int) []string) (*Panel, error) {
	p := &Panel{out: terminal}
	p.progress = mpb.New(onTerminal(terminal), mpb.WithRefreshRate(refresh), mpb.WithAutoRefresh())
	first := mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
		width := st.AvailableWidth
		if width < leastWidth {
			width = 80
		}
		all := lines(width)
		last := len(all) - 1
		p.mu.Lock()
		p.last = all[last]
		p.mu.Unlock()
		if last == 0 {
			return nil
		}
		_, err := io.WriteString(w, "\r"+strings.Join(all[:last], "\n")+"\n")
		return err
	})
	second := mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		_, err := io.WriteString(w, p.last)
		return err
	})
	var err error
	p.bar, err = p.progress.Add(0, second, mpb.BarTopExtender(first), mpb.BarFillerTrim(), mpb.BarRemoveOnComplete())
	if err != nil {
		p.progress.Shutdown()
		return nil, fmt.Errorf("the status lines cannot be drawn: %w", err)
	}
	return p, nil
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
