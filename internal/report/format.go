package report

import (
	"math"
	"strconv"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// dateLayout is the date of imapsync's lines: weekday, day, month, then the
// date again in ISO form, time, offset and zone.
const dateLayout = "Monday 02 January 2006-01-02 15:04:05 -0700 MST"

// appendRate appends n per span with two decimals.
func appendRate(dst []byte, n float64, span time.Duration) []byte {
	v := math.Round(perSecond(n, span) * 100)
	if v >= 1<<63 {
		return strconv.AppendFloat(dst, v/100, 'f', 2, 64)
	}
	return units.AppendDecimals(dst, uint64(v), 2)
}

// perSecond divides n, at least 0, by span; a span of nothing counts as a
// millisecond, so that the first lines of a run do not say Inf.
func perSecond(n float64, span time.Duration) float64 {
	return n / max(span, time.Millisecond).Seconds()
}

// etaCache keeps the formatted date of the last ETA: it changes once a second,
// lines by the thousand.
type etaCache struct {
	second int64
	text   []byte
}

// append appends the ETA as of now, nothing when the total is not known.
func (c *etaCache) append(dst []byte, s *event.Stats, now time.Time) []byte {
	if !s.TotalKnown {
		return dst
	}
	left := s.Remaining(now)
	at := now.Add(left)
	if sec := at.Unix(); c.text == nil || sec != c.second {
		c.second = sec
		c.text = at.AppendFormat(c.text[:0], dateLayout)
	}
	dst = append(dst, "ETA: "...)
	dst = append(dst, c.text...)
	dst = append(dst, ' ', ' ')
	dst = strconv.AppendInt(dst, int64(math.RoundToEven(left.Seconds())), 10)
	dst = append(dst, " s  "...)
	dst = strconv.AppendInt(dst, s.Left(), 10)
	dst = append(dst, '/')
	dst = strconv.AppendInt(dst, s.Total, 10)
	return append(dst, " msgs left"...)
}
