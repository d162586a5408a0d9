package live

import (
	"fmt"
	"time"
)

// following is the view while nothing but news of host1 is waited for.
func (s *State) following(v View) View {
	w := s.watching
	v.Phase = "following since " + moment(w.Since)
	v.Folder = "nothing came since"
	if !w.Last.IsZero() {
		v.Folder = "last change " + moment(w.Last)
	}
	passes := fmt.Sprintf("%d passes", w.Passes)
	if w.Passes == 1 {
		passes = "1 pass"
	}
	v.Messages = messages(s.stats.Transferred) + " copied in " + passes
	v.follows = true
	v.End = "until " + w.Until
	v.Errors, v.Warnings = counted(s.stats.ErrorCount, "error"), counted(s.stats.Warnings, "warning")
	if s.signalled != "" {
		v.Ending = "signal " + s.signalled + ": one last pass"
	}
	return v
}

// moment is one, with its day.
func moment(t time.Time) string { return t.Format("2006-01-02 15:04:05") }
