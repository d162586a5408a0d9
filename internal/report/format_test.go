package report

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/imaphaul/imaphaul/internal/event"
)

func TestHuman(t *testing.T) {
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
		if got := human(tt.n); got != tt.want {
			t.Errorf("human(%d) = %q, want %q", tt.n, got, tt.want)
		}
	}
}

// humanByFloat is the same by fmt, exact as long as the quotient is.
func humanByFloat(n int64) string {
	unit, div := 0, float64(1024)
	for unit < len(units)-1 && math.Abs(float64(n)) >= 1000*div {
		unit++
		div *= 1024
	}
	return fmt.Sprintf("%.3f", float64(n)/div) + units[unit]
}

func FuzzHuman(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 1023999, 1024000, 1 << 30, -(1 << 52)} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		if n > 1<<53 || n < -(1<<53) {
			t.Skip("beyond what a float64 holds exactly")
		}
		if got, want := human(n), humanByFloat(n); got != want {
			t.Errorf("human(%d) = %q, want %q", n, got, want)
		}
	})
}

func TestRate(t *testing.T) {
	tests := []struct {
		n    float64
		span time.Duration
		want string
	}{
		{0, 0, "0.00"},
		{1, 0, "1000.00"},
		{1, 3 * time.Second, "0.33"},
		{2, 3 * time.Second, "0.67"},
		{100000, 2 * time.Second, "50000.00"},
		{1, -time.Hour, "1000.00"}, // a clock that was set back
	}
	for _, tt := range tests {
		if got := string(appendRate(nil, tt.n, tt.span)); got != tt.want {
			t.Errorf("%v in %v: %s, want %s", tt.n, tt.span, got, tt.want)
		}
	}
}

func TestVisible(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain\twith tab", "plain\twith tab"},
		{"Проект ü 漢字 🙂", "Проект ü 漢字 🙂"},
		{"a\r\nExiting with return value 0", `a\r\nExiting with return value 0`},
		{"\x1b[2J\x07\x7f\x00", `\x1b[2J\x07\x7f\x00`},
		{"\u009b2J", `\u009b2J`},
		{"\u202egnp.exe", `\u202egnp.exe`},
		{"bad \xff\xfe utf8", `bad \xff\xfe utf8`},
		{`back\slash`, `back\slash`},
		{"\ufffd", "\ufffd"},
	}
	for _, tt := range tests {
		if got := string(appendVisible(nil, tt.in)); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
		if got := string(appendVisible([]byte("x"), []byte(tt.in))); got != "x"+tt.want {
			t.Errorf("%q as bytes: %q", tt.in, got)
		}
	}
}

func FuzzVisible(f *testing.F) {
	for _, s := range []string{"", "a\nb", "\x1b]0;x\x07", "\xc3", "ok", "\u2028\u2066"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := string(appendVisible(nil, s))
		if !utf8.ValidString(got) {
			t.Errorf("%q gives invalid UTF-8 %q", s, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }); i >= 0 {
			t.Errorf("%q gives a control character at %d: %q", s, i, got)
		}
		if again := string(appendVisible(nil, got)); again != got {
			t.Errorf("not stable: %q then %q", got, again)
		}
	})
}

func TestBracketed(t *testing.T) {
	tests := []struct {
		f    event.Folder
		want string
	}{
		{event.Folder{Raw: "INBOX"}, "[INBOX]"},
		{event.Folder{Raw: "INBOX", Text: "INBOX"}, "[INBOX]"},
		{event.Folder{Raw: "&AOk-t&AOk-", Text: "été"}, "[&AOk-t&AOk-] = [été]"},
	}
	for _, tt := range tests {
		if got := bracketed(tt.f); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.f, got, tt.want)
		}
	}
}

func TestShellLine(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{"imaphaul", "--dry"}, "imaphaul --dry"},
		{[]string{"a", "", "b c", "it's", `s/\./\//g`, "$HOME", "x=y"}, `a '' 'b c' 'it'\''s' 's/\./\//g' '$HOME' x=y`},
	}
	for _, tt := range tests {
		if got := shellLine(tt.args); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.args, got, tt.want)
		}
	}
}
