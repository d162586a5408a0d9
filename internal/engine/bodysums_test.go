package engine

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Digests of bodies are the same however the bytes come, and differ where a byte does.
func TestBodySums(t *testing.T) {
	t.Parallel()
	sum := newBodySummer()
	of := func(text string, most, at int) bodySums {
		sum.reset()
		sum.most = most
		for len(text) > 0 {
			n := min(len(text), max(1, at))
			if _, err := sum.Write([]byte(text[:n])); err != nil {
				t.Fatal(err)
			}
			text = text[n:]
		}
		return sum.sums(0)
	}
	long := strings.Repeat("A line, and  blanks \t\r\n\r\n", 900)
	same := [][2]string{
		{"a\r\nb\r\n", "a\nb\n"}, {"a\r\n \t\r\n\r\n", "a"}, {"", "\r\n"}, {long + "end", strings.ReplaceAll(long, "\r", "") + "end"},
	}
	for _, s := range same {
		for _, at := range []int{1, 2, 7, 4096, 1 << 20} {
			if of(s[0], 0, at) != of(s[1], 0, 1+rand.IntN(9)) {
				t.Errorf("%.20q and %.20q differ, in parts of %d", s[0], s[1], at)
			}
		}
	}
	for _, s := range [][2]string{{"a b", "ab"}, {"a\r\nb", "ab"}, {long + "x", long + "y"}, {"a", "a\r\nb"}, {strings.Repeat("\n", maxBlank+1) + "a", strings.Repeat("\n", maxBlank) + "a"}} {
		if of(s[0], 0, 5).exact == of(s[1], 0, 5).exact {
			t.Errorf("%.20q and %.20q are equal", s[0], s[1])
		}
	}
	if of(long+"x", 100, 7) != of(long+"y", 100, 64) {
		t.Error("more counts than is wanted")
	}
	if a, b := of("caf\xe9", 0, 3), of("caf?", 0, 2); !a.beyond || a.plain != b.plain || a.exact == b.exact {
		t.Error("a character that was replaced")
	}
}
