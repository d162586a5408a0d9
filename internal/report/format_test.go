package report

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

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
