package live

import (
	"time"
)

// warmUp is how long messages move before an end is foretold.
const warmUp = 3 * time.Second

// Forecast is when the copying will be done: about At, between From and To.
type Forecast struct {
	From, At, To time.Time
}

// Forecast foretells the end from what is left and two rates, the one of the last
// seconds and the one since copying began; bytes and messages each have theirs. What
// is still to be waited for comes on top. False: nothing can be said.
func (s *State) Forecast(now time.Time) (Forecast, bool) {
	if s.phase != "copy" || s.copying.IsZero() || now.Sub(s.copying) < warmUp || !s.stats.TotalKnown {
		return Forecast{}, false
	}
	bytes, messages := s.left()
	spent := now.Sub(s.copying).Seconds()
	recentBytes, recentMessages := s.moving.rate()
	var all []float64
	note := func(left int64, rate float64) {
		if left > 0 && rate > 0 {
			all = append(all, float64(left)/rate)
		}
	}
	note(bytes, float64(s.moved())/spent)
	note(bytes, recentBytes)
	if s.stats.Transferred > 0 {
		note(messages, float64(s.stats.Transferred)/spent)
		note(messages, recentMessages)
	}
	if len(all) == 0 {
		return Forecast{}, false
	}
	low, high, sum := all[0], all[0], 0.0
	for _, t := range all {
		low, high, sum = min(low, t), max(high, t), sum+t
	}
	pause := max(s.wait.until.Sub(now), 0)
	at := func(seconds float64) time.Time {
		return now.Add(pause + time.Duration(min(seconds, 1e9)*float64(time.Second)))
	}
	return Forecast{From: at(low), At: at(sum / float64(len(all))), To: at(high)}, true
}

// left is what is still to be copied, as far as one can know before the folders are
// looked at: what host1 has beyond what is decided, less what host2 has already.
func (s *State) left() (bytes, messages int64) {
	st := s.stats
	undecided := max(0, s.total1.Bytes-max(st.BytesTransferred, s.under.Left)-st.BytesSkipped)
	bytes = min(undecided, max(0, s.total1.Bytes-s.total2.Bytes-s.moved()))
	messages = min(st.Left(), max(0, s.total1.Messages-s.total2.Messages-st.Transferred))
	return bytes, messages
}
