package report

import (
	"math"
	"math/bits"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/imaphaul/imaphaul/internal/event"
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

// bracketed is a folder's name as imapsync lists it: [X], or [X] = [Y] with the
// decoded name Y when the two differ.
func bracketed(f event.Folder) string {
	if f.Text == "" || f.Text == f.Raw {
		return "[" + f.Raw + "]"
	}
	return "[" + f.Raw + "] = [" + f.Text + "]"
}

// units of binary sizes, beginning with the kibibyte.
var units = [...]string{" KiB", " MiB", " GiB", " TiB", " PiB"}

// human is a number of bytes in the largest unit that leaves a thousand of the
// next smaller one, with three decimals: "1.221 MiB".
func human(n int64) string { return string(appendHuman(nil, n)) }

// appendHuman appends human(n), rounding as C's printf does: half to even.
func appendHuman(dst []byte, n int64) []byte {
	u := uint64(n)
	if n < 0 {
		dst = append(dst, '-')
		u = -u
	}
	unit, shift := 0, uint(10)
	for unit < len(units)-1 && u >= 1000<<shift {
		unit++
		shift += 10
	}
	hi, lo := bits.Mul64(u, 1000)
	thousandths := hi<<(64-shift) | lo>>shift
	rest, half := lo&(1<<shift-1), uint64(1)<<(shift-1)
	if rest > half || rest == half && thousandths&1 == 1 {
		thousandths++
	}
	dst = appendDecimals(dst, thousandths, 3)
	return append(dst, units[unit]...)
}

// appendDecimals appends n as a number whose last digits stand behind the point.
func appendDecimals(dst []byte, n uint64, digits int) []byte {
	pow := uint64(1)
	for range digits {
		pow *= 10
	}
	dst = strconv.AppendUint(dst, n/pow, 10)
	dst = append(dst, '.')
	for n %= pow; pow > 1; n %= pow {
		pow /= 10
		dst = append(dst, byte('0'+n/pow))
	}
	return dst
}

// appendRate appends n per span with two decimals.
func appendRate(dst []byte, n float64, span time.Duration) []byte {
	v := math.Round(perSecond(n, span) * 100)
	if v >= 1<<63 {
		return strconv.AppendFloat(dst, v/100, 'f', 2, 64)
	}
	return appendDecimals(dst, uint64(v), 2)
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
