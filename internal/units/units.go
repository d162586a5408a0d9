// Package units writes figures for people, as imapsync does.
package units

import (
	"math/bits"
	"strconv"
)

// binary are the units of binary sizes, beginning with the kibibyte.
var binary = [...]string{" KiB", " MiB", " GiB", " TiB", " PiB"}

// Bytes is a number of bytes in the largest unit that leaves a thousand of the
// next smaller one, with three decimals: "1.221 MiB".
func Bytes(n int64) string { return string(AppendBytes(nil, n)) }

// AppendBytes appends Bytes(n), rounding as C's printf does: half to even.
func AppendBytes(dst []byte, n int64) []byte {
	u := uint64(n)
	if n < 0 {
		dst = append(dst, '-')
		u = -u
	}
	unit, shift := 0, uint(10)
	for unit < len(binary)-1 && u >= 1000<<shift {
		unit++
		shift += 10
	}
	hi, lo := bits.Mul64(u, 1000)
	thousandths := hi<<(64-shift) | lo>>shift
	rest, half := lo&(1<<shift-1), uint64(1)<<(shift-1)
	if rest > half || rest == half && thousandths&1 == 1 {
		thousandths++
	}
	dst = AppendDecimals(dst, thousandths, 3)
	return append(dst, binary[unit]...)
}

// AppendDecimals appends n as a number whose last digits stand behind the point.
func AppendDecimals(dst []byte, n uint64, digits int) []byte {
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
