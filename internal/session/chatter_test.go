package session

import (
	"fmt"
	"testing"
)

func TestChatterIsBounded(t *testing.T) {
	for name, line := range map[string]func(int) string{
		"the same":  func(int) string { return "* X" },
		"different": func(i int) string { return fmt.Sprintf("* X%d", i) },
		"two":       func(i int) string { return fmt.Sprintf("* X%d", i%2) },
	} {
		var c chatter
		told, bytes := 0, 0
		for i := range 300_000 {
			if s := c.hear("replies", line(i)); s != "" {
				told++
				bytes += len(s)
			}
		}
		t.Logf("%s: %d lines of 300000 told, %d bytes", name, told, bytes)
		if told < 2 || told > chatterTold+10 {
			t.Errorf("%s: %d lines told", name, told)
		}
	}
}

func TestChatterTellsWhatIsNew(t *testing.T) {
	var c chatter
	for i := range 20 {
		line := fmt.Sprintf("line %d", i)
		if got := c.hear("a", line); got != line {
			t.Errorf("%q for %q", got, line)
		}
		if got := c.hear("b", line); got != line {
			t.Errorf("another kind: %q for %q", got, line)
		}
	}
}
