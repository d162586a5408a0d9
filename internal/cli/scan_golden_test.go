package cli

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// goldenRow is an argument list and what Perl's Getopt::Long 2.52 made of it,
// with imapsync's option specifications.
type goldenRow struct {
	Args     []string   `json:"args"`
	Posix    bool       `json:"posix"`
	Given    [][]string `json:"given"` // name and value, or name, key and value
	Warnings []string   `json:"warnings"`
	Left     []string   `json:"left"`
}

func TestScanAgreesWithGetoptLong(t *testing.T) {
	f, err := os.Open("testdata/getopt.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	vocab := newVocabulary(Table)
	rows := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row goldenRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows++
		got := scan(vocab, row.Args, row.Posix)
		want := row
		shown := goldenRow{Args: row.Args, Posix: row.Posix, Warnings: got.warnings, Left: got.leftovers}
		for _, g := range got.given {
			value := g.value
			if g.opt.Kind == Flag || g.opt.Kind == Switch {
				value = map[string]string{"true": "1", "false": "0"}[value]
			}
			parts := []string{g.opt.Name, value}
			if g.opt.Kind == Hash {
				parts = []string{g.opt.Name, g.key, value}
			}
			shown.Given = append(shown.Given, parts)
		}
		for i := range want.Given {
			o, ok := vocab.exact(strings.ToLower(want.Given[i][0]))
			if ok && o.opt.Kind == Float {
				x, _ := strconv.ParseFloat(want.Given[i][1], 64)
				want.Given[i][1] = strconv.FormatFloat(x, 'g', -1, 64)
			}
		}
		if diff := cmp.Diff(want, shown, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%q (posix %v): -Perl +here\n%s", row.Args, row.Posix, diff)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if rows < 300 {
		t.Errorf("only %d rows", rows)
	}
}
