package report

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// dateLayout is the date of imapsync's lines: weekday, day, month, then the
// date again in ISO form, time, offset and zone.
const dateLayout = "Monday 02 January 2006-01-02 15:04:05 -0700 MST"

// appendVisible appends s without anything that could move a terminal's cursor
// or forge a line: control characters and invalid UTF-8 become escapes. TAB
// stays, it is part of imapsync's dry mark.
func appendVisible[T []byte | string](dst []byte, s T) []byte {
	plain := 0
	for plain < len(s) && (s[plain] >= ' ' && s[plain] < 0x7f || s[plain] == '\t') {
		plain++
	}
	dst = append(dst, s[:plain]...)
	rest := string(s[plain:])
	for i := 0; i < len(rest); {
		r, n := utf8.DecodeRuneInString(rest[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			dst = appendHex(dst, rest[i])
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r < ' ' && r != '\t', r == 0x7f:
			dst = appendHex(dst, byte(r))
		case r > 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, bidi(r):
			dst = append(dst, `\u`...)
			for shift := 12; shift >= 0; shift -= 4 {
				dst = append(dst, hexDigits[r>>shift&15])
			}
		default:
			dst = append(dst, rest[i:i+n]...)
		}
		i += n
	}
	return dst
}

// bidi are the characters that make a terminal show text in another order.
func bidi(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

const hexDigits = "0123456789abcdef"

func appendHex(dst []byte, b byte) []byte {
	return append(dst, '\\', 'x', hexDigits[b>>4], hexDigits[b&15])
}

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
