package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// testEvent is a line of go test -json (go doc test2json); those of the build
// have ImportPath in place of Package (go help buildjson).
type testEvent struct {
	Action, Package, Test, Output string
	ImportPath                    string
	Elapsed                       float64 // seconds
}

// name is a test, or a package as such where test is "".
type name struct{ pkg, test string }

func (n name) String() string {
	if n.test == "" {
		return n.pkg
	}
	return n.pkg + " " + n.test
}

// progress is what is known of a run. It prints what failing tests print, and a
// line for each package.
type progress struct {
	out io.Writer
	// said is the output of what has not ended yet.
	said map[name]*strings.Builder
	// running began, and has neither ended nor waits for its turn.
	running map[name]bool
	took    map[name]time.Duration
	tests   map[string]int  // by outcome
	skipped map[name]string // with the reason
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, said: make(map[name]*strings.Builder), running: make(map[name]bool),
		took: make(map[name]time.Duration), tests: make(map[string]int), skipped: make(map[name]string)}
}

// take reads a line of go test. What is no event is printed as it is.
func (p *progress) take(line []byte) {
	var e testEvent
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		_, _ = fmt.Fprintf(p.out, "%s", line)
		return
	}
	n := name{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		_, _ = fmt.Fprint(p.out, e.Output)
	case "start", "run", "cont":
		p.running[n] = true
	case "pause":
		delete(p.running, n)
	case "output":
		if strings.HasPrefix(e.Output, "=== ") {
			return // RUN, PAUSE and CONT, which are events, too
		}
		b := p.said[n]
		if b == nil {
			b = new(strings.Builder)
			p.said[n] = b
		}
		b.WriteString(e.Output)
	case "pass", "fail", "skip":
		p.end(n, e)
	}
}

// end is told of a test or package that is over.
func (p *progress) end(n name, e testEvent) {
	said := ""
	if b := p.said[n]; b != nil {
		said = b.String()
	}
	delete(p.said, n)
	delete(p.running, n)
	switch {
	case n.test == "":
		// Of a package that passes only the last line counts: ok, its name and time.
		if e.Action == "pass" {
			lines := strings.Split(strings.TrimRight(said, "\n"), "\n")
			said = lines[len(lines)-1] + "\n"
		}
		_, _ = fmt.Fprint(p.out, said)
		return
	case e.Action == "fail":
		_, _ = fmt.Fprintf(p.out, "%s", said)
	case e.Action == "skip":
		p.skipped[n] = reason(said)
	}
	p.tests[e.Action]++
	p.took[n] = time.Duration(e.Elapsed * float64(time.Second))
}

// reason is what a skipped test said last before the line that calls it skipped.
func reason(said string) string {
	text, _, _ := strings.Cut(strings.TrimSpace(said), "\n--- SKIP")
	lines := strings.Split(strings.TrimPrefix(text, "--- SKIP"), "\n")
	for _, l := range slices.Backward(lines) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "--- SKIP") {
			return l
		}
	}
	return "no reason is given"
}

// tellSkipped names what did not run: a test that is skipped proves nothing.
func (p *progress) tellSkipped() {
	if len(p.skipped) == 0 {
		return
	}
	_, _ = fmt.Fprintln(p.out, "SKIPPED, so not tested:")
	for _, n := range slices.SortedFunc(maps.Keys(p.skipped), compareNames) {
		_, _ = fmt.Fprintf(p.out, "  %v: %s\n", n, p.skipped[n])
	}
}

// close prints what was said by those that never ended.
func (p *progress) close() {
	for _, n := range slices.SortedFunc(maps.Keys(p.said), compareNames) {
		_, _ = fmt.Fprintf(p.out, "%s\n%s", n, p.said[n])
	}
}

// tellRunning names the tests that run.
func (p *progress) tellRunning(silence time.Duration) {
	_, _ = fmt.Fprintf(p.out, "NO PROGRESS for %v; running are\n", silence)
	for _, n := range slices.SortedFunc(maps.Keys(p.running), compareNames) {
		if n.test != "" {
			_, _ = fmt.Fprintf(p.out, "  %v\n", n)
		}
	}
}

// tellSlowest lists the most tests that took the longest. The time of a test is
// its own: waiting for its turn does not count, nor do parallel parts of it,
// which have lines of their own. A test whose parts run in turn stands for them.
func (p *progress) tellSlowest(most int, slow time.Duration) {
	names := slices.SortedFunc(maps.Keys(p.took), func(a, b name) int {
		return cmp.Or(cmp.Compare(p.took[b], p.took[a]), compareNames(a, b))
	})
	_, _ = fmt.Fprintf(p.out, "%d tests and parts of tests passed, %d failed, %d were skipped. The slowest:\n", p.tests["pass"], p.tests["fail"], p.tests["skip"])
	for _, n := range names[:min(most, len(names))] {
		_, _ = fmt.Fprintf(p.out, "  %6.1f s  %v\n", p.took[n].Seconds(), n)
	}
	above := 0
	for _, d := range p.took {
		if d > slow {
			above++
		}
	}
	if above > 0 {
		_, _ = fmt.Fprintf(p.out, "%d took longer than %v, which no test should on a quiet machine.\n", above, slow)
	}
}

func compareNames(a, b name) int {
	return cmp.Or(strings.Compare(a.pkg, b.pkg), strings.Compare(a.test, b.test))
}
