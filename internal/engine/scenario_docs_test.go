package engine_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var updateDocs = flag.Bool("update", false, "write the list of differences into docs/scenarios.md")

// situations is the length of the list that the scenarios were made from.
const situations = 162

// Every number of the list has a scenario, or a line in docs/scenarios.md that
// says where it is; and that page lists every difference to imapsync.
func TestScenariosDocumented(t *testing.T) {
	t.Parallel()
	const page = "../../docs/scenarios.md"
	doc, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../testdata/scenarios/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	have := make(map[int]bool)
	var list strings.Builder
	list.WriteString("| scenario | situation | imapsync |\n|---|---|---|\n")
	for _, f := range files {
		all, err := readScenarios(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			n, err := strconv.Atoi(strings.TrimRight(s.name, "abcdefghijklmnopqrstuvwxyz"))
			if err != nil {
				t.Errorf("%s:%d: %q is no number", s.file, s.line, s.name)
			}
			have[n] = true
			if s.differs != "" {
				fmt.Fprintf(&list, "| %s | %s | %s |\n", s.name, cell(s.what), cell(strings.TrimPrefix(s.differs, "imapsync ")))
			}
		}
	}
	named := make(map[int]bool)
	for _, m := range regexp.MustCompile(`(?m)^\| ([\d, ]+) \|`).FindAllStringSubmatch(string(doc), -1) {
		for _, w := range strings.Split(m[1], ", ") {
			if n, err := strconv.Atoi(w); err == nil {
				named[n] = true
			}
		}
	}
	for n := 1; n <= situations; n++ {
		if !have[n] && !named[n] {
			t.Errorf("situation %d has no scenario, and docs/scenarios.md does not say why", n)
		}
	}
	const begin, end = "<!-- differs -->\n", "<!-- end -->"
	head, rest, ok1 := strings.Cut(string(doc), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s lacks its marks", page)
	}
	if old == list.String() {
		return
	}
	if !*updateDocs {
		t.Fatalf("the list of differences in %s is not up to date: run with -update", page)
	}
	if err := os.WriteFile(page, []byte(head+begin+list.String()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// cell makes a text fit for a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
