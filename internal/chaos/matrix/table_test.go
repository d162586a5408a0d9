package matrix

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// table counts what became of the faults, by command and kind.
type table struct {
	mu    sync.Mutex
	all   cell
	cells map[string]*cell // by row and kind
}

type cell struct{ played, again, failed, idle int }

func newTable() *table { return &table{cells: make(map[string]*cell)} }

// row names the row of a fault.
func (f fault) row() string {
	row := fmt.Sprintf("%s, host%d", f.command.name, f.command.side)
	if f.command.scenario != copying {
		row += " (" + f.command.scenario.name + ")"
	}
	if f.both {
		row = strings.Replace(row, fmt.Sprintf("host%d", f.command.side), "both", 1)
	}
	return row
}

func (t *table) add(f fault, found findings) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := f.row() + "\n" + f.kind.name
	if t.cells[key] == nil {
		t.cells[key] = &cell{}
	}
	for _, c := range []*cell{&t.all, t.cells[key]} {
		c.played++
		if found.again {
			c.again++
		}
		if len(found.wrong) > 0 {
			c.failed++
		}
		if !found.hit {
			c.idle++
		}
	}
}

// sum is one sentence.
func (t *table) sum() string {
	c := t.all
	return fmt.Sprintf("%d faults, %d survived: %d in the first run, %d after one more; %d of them had no command to strike",
		c.played, c.played-c.failed, c.played-c.again-c.failed, c.again, c.idle)
}

// String is the table for docs/reliability.md.
func (t *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n\n| command |", t.sum())
	for _, k := range kinds {
		fmt.Fprintf(&b, " %s |", k.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(kinds)) + "\n")
	told := make(map[string]bool)
	for _, f := range all() {
		row := f.row()
		if told[row] {
			continue
		}
		told[row] = true
		fmt.Fprintf(&b, "| %s |", row)
		for _, k := range kinds {
			c := t.cells[row+"\n"+k.name]
			switch {
			case c == nil:
				b.WriteString(" |")
				continue
			case c.failed > 0:
				fmt.Fprintf(&b, " **%d of %d failed** |", c.failed, c.played)
				continue
			}
			fmt.Fprintf(&b, " %d", c.played)
			if c.again > 0 {
				fmt.Fprintf(&b, " (%d)", c.again)
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// write puts the table into docs/reliability.md.
func (t *table) write(tb testing.TB) {
	tb.Helper()
	const path, begin, end = "../../../docs/reliability.md", "<!-- matrix: begin -->\n", "<!-- matrix: end -->"
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		tb.Fatalf("%s has no place for the table", path)
	}
	if err := os.WriteFile(path, []byte(head+begin+t.String()+end+tail), 0o644); err != nil { //nolint:gosec // a document
		tb.Fatal(err)
	}
}
