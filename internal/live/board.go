package live

import (
	"time"

	"github.com/mattn/go-runewidth"
)

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
