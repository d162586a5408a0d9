package live

import "time"

// Beat breaks silences: it says when a line is due because nothing else was printed.
type Beat struct {
	// Longest is the longest silence that is promised.
	Longest time.Duration
	// Tick is how often Due is asked, at the least.
	Tick time.Duration
	told time.Time
}

// Due reports whether a line is due now, after text was last printed at printed. The
// line counts as printed then.
func (b *Beat) Due(now, printed time.Time) bool {
	if printed.Before(b.told) {
		printed = b.told
	}
	// The next time to ask may be too late.
	if now.Sub(printed) <= b.Longest-2*b.Tick {
		return false
	}
	b.told = now
	return true
}
