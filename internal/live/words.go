package live

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
)

// Words of figures for people; internal/units writes them as imapsync does, with
// three decimals, which is more than an eye takes in twice a second.

// size is a number of bytes in at most four digits: "12.3 MiB".
func size(n float64) string {
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for n >= 999.5 && i < len(units)-1 {
		n /= 1024
		i++
	}
	if i == 0 || n >= 99.95 {
		return strconv.FormatFloat(math.Round(n), 'f', 0, 64) + " " + units[i]
	}
	return strconv.FormatFloat(n, 'f', 1, 64) + " " + units[i]
}

// perSecond is a number of messages a second.
func perSecond(n float64) string {
	if n < 9.95 {
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(math.Round(n), 'f', 0, 64)
}

// span is a time in at most two units: "12 s", "4 min 5 s", "3 h 20 min".
func spanWords(d time.Duration) string {
	s := int64(math.Ceil(max(d, 0).Seconds()))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	}
	return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
}

// clock is a moment as a time of day, with the day when that is not today's.
func clock(at, now time.Time) string {
	layout := "15:04:05"
	if at.Sub(now) > 10*time.Minute {
		layout = "15:04"
	}
	if at.YearDay() != now.YearDay() || at.Year() != now.Year() {
		layout = "Mon 02 Jan 15:04"
	}
	return at.Format(layout)
}

// words are the times of a forecast.
func (f Forecast) words(now time.Time) string {
	s := "done about " + clock(f.At, now)
	if from, to := clock(f.From, now), clock(f.To, now); from != to {
		s += " (" + from + " to " + to + ")"
	}
	return s
}

// name is a folder's name, safe to show.
func name(text, raw string) string {
	if text == "" {
		text = raw
	}
	return safe(text)
}

// safe is a text of others on one line without tabs.
func safe(text string) string {
	return strings.ReplaceAll(display.Text(text), "\t", " ")
}
