package follow

import (
	"fmt"
	"strings"
	"time"
)

// Until is what ends following beside a signal; the zero value is nothing.
type Until struct {
	// At is a moment, zero for none.
	At time.Time
	// MX: mail is delivered to host2, and nobody may know the old place any more.
	MX bool
}

// String says it for people.
func (u Until) String() string {
	switch {
	case u.MX:
		return "the MX points at host2 and its old TTL has run out, or a signal"
	case !u.At.IsZero():
		return u.At.Format("2006-01-02 15:04:05 -0700") + ", or a signal"
	}
	return "a signal"
}

// layouts are the ways to write a moment: as the local time of day, or with a zone.
var layouts = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"}

// ParseUntil reads what following ends with: "mx", or a moment after now, such as
// 2026-12-01T06:00 in now's time zone or 2026-12-01T06:00:00Z. The error says what is
// wrong and what is right.
func ParseUntil(text string, now time.Time) (Until, error) {
	text = strings.TrimSpace(text)
	if strings.EqualFold(text, "mx") {
		return Until{MX: true}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	for i := 0; err != nil && i < len(layouts); i++ {
		at, err = time.ParseInLocation(layouts[i], text, now.Location())
	}
	switch {
	case err != nil:
		return Until{}, fmt.Errorf("not a moment: give 2026-12-01T06:00 (local time), 2026-12-01T06:00:00Z, or mx")
	case !at.After(now):
		return Until{}, fmt.Errorf("that is over: it is %s now. Give a moment to come", now.Format("2006-01-02T15:04"))
	}
	return Until{At: at}, nil
}
