package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Hours are the times of day at which a run may work, as minutes from midnight on the
// local clock. Empty is always. They are checked by who makes them.
type Hours []Span

// Span is a part of the day from one minute, which belongs to it, to another one, which
// does not. To before From ends on the next day.
type Span struct{ From, To int }

// Opens is when the hours begin next, the zero time if now is within them. The day is
// that of now's zone; where a clock is set forward over the beginning, it is the moment
// after.
func (h Hours) Opens(now time.Time) time.Time {
	if len(h) == 0 {
		return time.Time{}
	}
	minute := now.Hour()*60 + now.Minute()
	var first time.Time
	for _, s := range h {
		if s.holds(minute) {
			return time.Time{}
		}
		at := time.Date(now.Year(), now.Month(), now.Day(), 0, s.From, 0, 0, now.Location())
		if !at.After(now) {
			at = time.Date(now.Year(), now.Month(), now.Day()+1, 0, s.From, 0, 0, now.Location())
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

func (s Span) holds(minute int) bool {
	if s.From < s.To {
		return s.From <= minute && minute < s.To
	}
	return minute >= s.From || minute < s.To
}

// String is the way to write them: 22:00-06:00.
func (h Hours) String() string {
	parts := make([]string, len(h))
	for i, s := range h {
		parts[i] = fmt.Sprintf("%02d:%02d-%02d:%02d", s.From/60, s.From%60, s.To/60, s.To%60)
	}
	return strings.Join(parts, ",")
}

// MarshalJSON writes them as String does.
func (h Hours) MarshalJSON() ([]byte, error) { return json.Marshal(h.String()) }
