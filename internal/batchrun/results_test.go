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
	if eighty := resultTable(rows, 80); !strings.Contains(eighty, "161") || !strings.Contains(eighty, "Time") {
		t.Errorf("%s", eighty)
	}
}
