package units

import (
	"fmt"
	"math"
	"testing"
)

func TestBytes(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{
		{0, "0.000 KiB"},
		{1, "0.001 KiB"},
		{-1, "-0.001 KiB"},
		{433, "0.423 KiB"},
		{1024, "1.000 KiB"},
		{1023999, "999.999 KiB"},
		{1024000, "0.977 MiB"},
		{-1024000, "-0.977 MiB"},
		{1048576000 - 1, "1000.000 MiB"},
		{1048576000, "0.977 GiB"},
		{1 << 40, "1.000 TiB"},
		{1 << 50, "1.000 PiB"},
		{math.MaxInt64, "8192.000 PiB"},
		{math.MinInt64, "-8192.000 PiB"},
		// Exactly half a thousandth: to the even neighbour, as printf does.
		{1 << 6, "0.062 KiB"},       // 0.0625
		{3 << 6, "0.188 KiB"},       // 0.1875
		{5 << 6, "0.312 KiB"},       // 0.3125
		{1<<10 + 1<<6, "1.062 KiB"}, // 1.0625
	}
	for _, tt := range tests {
		if got := Bytes(tt.n); got != tt.want {
			t.Errorf("Bytes(%d) = %q, want %q", tt.n, got, tt.want)
		}
	}
}

// bytesByFloat is the same by fmt, exact as long as the quotient is.
func bytesByFloat(n int64) string {
	unit, div := 0, float64(1024)
	for unit < len(binary)-1 && math.Abs(float64(n)) >= 1000*div {
		unit++
		div *= 1024
	}
	return fmt.Sprintf("%.3f", float64(n)/div) + binary[unit]
}

func FuzzBytes(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 1023999, 1024000, 1 << 30, -(1 << 52)} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		if n > 1<<53 || n < -(1<<53) {
			t.Skip("beyond what a float64 holds exactly")
		}
		if got, want := Bytes(n), bytesByFloat(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	})
}
