package batchrun

import (
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
)

// The table fits a terminal, and says the same of who needs all of it.
func TestResultTableFits(t *testing.T) {
	rows := []*rowResult{
		{number: 1, account: "alice@a-long-name.example.org -> alice@another-long-name.example.org", state: "done", messages: 1_234_567, bytes: 1 << 40},
		{number: 2, account: "bob@example.org -> bob@example.org", code: 161, state: "person", errors: 1},
	}
	for _, width := range []int{20, 40, 60, 80, 120, 200} {
		for line := range strings.SplitSeq(resultTable(rows, width), "\n") {
			if n := runewidth.StringWidth(line); n > width {
				t.Errorf("%d columns in %d: %q", n, width, line)
			}
		}
	}
	if all := resultTable(rows, 0); !strings.Contains(all, rows[0].account) || !strings.Contains(all, "161") {
		t.Errorf("%s", all)
	}
	// On a usual terminal one sees whose a row is, and how long it took.
	for _, warnings := range []int{0, 2} {
		rows[0].warnings = warnings
		for _, want := range []string{"161", "Time", "1234567", rows[1].account[:24]} {
			if eighty := resultTable(rows, 80); !strings.Contains(eighty, want) {
				t.Errorf("%d warnings: %q is not in\n%s", warnings, want, eighty)
			}
		}
	}
}
