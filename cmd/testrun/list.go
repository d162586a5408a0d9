package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// places are numbers in the names of parts that say where in a dialogue something
// happens; they are others in each run.
var places = regexp.MustCompile(`\d+(_of_)\d+`)

// listed is how a test stands in a list.
func (n name) listed() string { return places.ReplaceAllString(n.String(), "N${1}N") }

// writeList writes the tests and parts of tests that ran, or were skipped, a line
// each: how many have the name, a blank, package and name. Two such lists show what
// a change of the tests has lost.
func (p *progress) writeList(file string) error {
	count := make(map[string]int)
	for n := range p.took {
		if _, skipped := p.skipped[n]; skipped {
			count["skipped: "+n.listed()]++
		} else {
			count[n.listed()]++
		}
	}
	var b bytes.Buffer
	for _, n := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(&b, "%d %s\n", count[n], n)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // a list of tests is no secret
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644) //nolint:gosec // likewise
}

// readList reads what writeList wrote.
func readList(file string) (map[string]int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	count := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		digits, n, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		if count[n], err = strconv.Atoi(digits); err != nil {
			return nil, fmt.Errorf("%s: %q is no line of a list of tests", file, line)
		}
	}
	return count, nil
}

// tellChanges tells which tests one list has more often than the other.
func (p *progress) tellChanges(before, after string) error {
	old, err := readList(before)
	if err != nil {
		return err
	}
	list, err := readList(after)
	if err != nil {
		return err
	}
	all := maps.Clone(old)
	maps.Copy(all, list)
	gone, more := 0, 0
	for _, n := range slices.Sorted(maps.Keys(all)) {
		if d := list[n] - old[n]; d != 0 {
			gone, more = gone+max(0, -d), more+max(0, d)
			_, _ = fmt.Fprintf(p.out, "%+d %s\n", d, n)
		}
	}
	_, _ = fmt.Fprintf(p.out, "%d fewer and %d more than in %s\n", gone, more, before)
	return nil
}
