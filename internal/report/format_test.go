package report

import (
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
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
		if got := display.ShellLine(tt.args); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.args, got, tt.want)
		}
	}
}
