package screen

import (
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
)

// What is broken has all words in their order, no line is wider than it may be unless it is
// one word, and what fits is left alone.
func TestWrap(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 70) + "@example.org"
	for _, line := range []string{
		"", "short", "  indented and short", strings.Repeat(" ", 50) + "far in, with words behind it that do not fit",
		"= INBOX UID 12 -> INBOX UID 12 [flags] <" + long + "> \"a subject\": the flags differ (what to do: run the migration again)",
		long + " " + long, "  " + long + " ok", "日本語 " + strings.Repeat("日本語の件名 ", 20) + "end",
		"  ok     MX           example.org and more   words   with spaces   between them", strings.Repeat("x", 200), strings.Repeat("word ", 40),
	} {
		for _, width := range []int{39, 79} {
			var b strings.Builder
			wrap(&b, line+"\n", width)
			got := b.String()
			if runewidth.StringWidth(line) <= width && got != line+"\n" {
				t.Errorf("%q: %q", line, got)
			}
			if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(line), " ") || !strings.HasSuffix(got, "\n") {
				t.Errorf("%q: %q", line, got)
			}
			for piece := range strings.Lines(got) {
				if piece = strings.TrimRight(piece, "\n"); runewidth.StringWidth(piece) > width && len(strings.Fields(piece)) > 1 {
					t.Errorf("%d columns: %q", runewidth.StringWidth(piece), piece)
				}
			}
		}
	}
}
