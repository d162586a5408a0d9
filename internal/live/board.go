package live

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// NewBoard is NewPanel with any number of lines, at least one, none of which may be
// wider than the columns that lines is called with.
func NewBoard(terminal *os.File, lines func(width int) []string) (*Panel, error) {
	p := &Panel{out: terminal}
	p.progress = mpb.New(mpb.WithOutput(terminal), mpb.WithRefreshRate(refresh), mpb.WithAutoRefresh())
	first := mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
		width := st.AvailableWidth
		if width < leastWidth {
			width = 80
		}
		all := lines(width - 1) // some terminals wrap behind the last column
		last := len(all) - 1
		p.mu.Lock()
		p.lines[1] = all[last]
		p.mu.Unlock()
		if last == 0 {
			return nil
		}
		_, err := io.WriteString(w, strings.Join(all[:last], "\n")+"\n")
		return err
	})
	second := mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		_, err := io.WriteString(w, p.lines[1])
		return err
	})
	var err error
	p.bar, err = p.progress.Add(0, second, mpb.BarTopExtender(first), mpb.BarFillerTrim(), mpb.BarRemoveOnComplete())
	if err != nil {
		p.progress.Shutdown()
		return nil, fmt.Errorf("the standing lines cannot be drawn: %w", err)
	}
	return p, nil
}

// Cut is a line in at most width columns, safe to show.
func Cut(line string, width int) string {
	return runewidth.Truncate(safe(line), width, "…")
}

// Size is a number of bytes for people: "12.3 MiB".
func Size(n float64) string { return size(n) }

// Span is a time for people: "4 min 5 s".
func Span(d time.Duration) string { return spanWords(d) }

// Rate is how many bytes of messages a second move at present.
func (s *State) Rate(now time.Time) float64 {
	if s.phase != "copy" || now.Sub(s.stirred) >= quietLine {
		return 0
	}
	bytes, _ := s.moving.rate()
	return bytes
}

// Short is the view in one line without a name.
func (v View) Short() string {
	return join(v.Phase, v.Folder, v.Listing, v.Messages, v.Bytes, v.Rate, v.Wait, v.Errors, v.Ending)
}
