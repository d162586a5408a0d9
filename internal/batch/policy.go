package batch

import (
	"math/rand/v2"
	"time"
)

// Next is what follows when a row has ended.
type Next int

// What follows.
const (
	// Done: the row is finished.
	Done Next = iota
	// Wait: it is tried again after a pause.
	Wait
	// AtEnd: it is tried once more when all others have ended.
	AtEnd
	// Person: nothing is tried again before somebody has looked.
	Person
	// Unfinished: this call leaves it; the next one goes on.
	Unfinished
)

// limitReached is the code of a run that a limit of a day ended.
const limitReached = 118

// Pauses before a row is tried again: they double from firstPause, at most maxRetries
// times, and a pid file that is held is looked at again after heldPause.
const (
	maxRetries   = 5
	firstPause   = 30 * time.Second
	longestPause = 30 * time.Minute
	heldPause    = time.Minute
)

// After decides what follows an exit code (docs/batch.md, "Exit codes"). tries is how
// often the row has run in this call, with this one, or since a day's limit ended it that
// had let something through; resume is when a limit of today is over, zero when nobody
// told.
func After(code, tries int, resume, now time.Time) (Next, time.Duration) {
	switch code {
	case 0:
		return Done, 0
	case 6:
		return Unfinished, 0
	case 8:
		if tries > maxRetries {
			return Unfinished, 0
		}
		return Wait, heldPause
	case limitReached:
		if tries > maxRetries || resume.IsZero() {
			return Unfinished, 0
		}
		return Wait, max(resume.Sub(now), firstPause)
	case 10, 101, 102, 115, 181:
		if tries > maxRetries {
			return Unfinished, 0
		}
		pause := min(firstPause<<(tries-1), longestPause)
		return Wait, pause + time.Duration(rand.Int64N(int64(pause/4))) //nolint:gosec // jitter
	case 1, 111, 112, 114, 116, 117, 120:
		if tries > 1 {
			return Unfinished, 0
		}
		return AtEnd, 0
	}
	return Person, 0
}
