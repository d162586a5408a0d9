package property

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// knownFile lists what is known to fail, a line for each kind:
//
//	made KIND WORD...    made-up cases that break KIND and whose smallest form has these words
//	kept FILE KIND       a case of testdata
//	habit MAIL JOURNAL HABIT OPTION   rows of the table of habits, see habit below
//
// | separates words of which one is enough. # begins a comment. Without the file, or when it is empty, nothing may fail.
const knownFile = "testdata/known.txt"

type known struct {
	lines [][]string
	mu    sync.Mutex
	met   map[int]int
	// gone are kept cases and rows that are listed and do not fail any more.
	gone []string
}

func readKnown(t *testing.T) *known {
	t.Helper()
	k := &known{met: make(map[int]int)}
	text, err := os.ReadFile(knownFile)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for l := range strings.SplitSeq(string(text), "\n") {
		l, _, _ = strings.Cut(l, "#")
		if words := strings.Fields(l); len(words) > 1 {
			k.lines = append(k.lines, words)
		}
	}
	return k
}

// explains returns the line that knows of a made-up case, "" when none does.
func (k *known) explains(kind string, c *testCase) string {
	words := strings.FieldsFunc(c.String(), func(r rune) bool { return r == ' ' || r == '\n' || r == '=' })
	for n, l := range k.lines {
		if l[0] != "made" || l[1] != kind {
			continue
		}
		lacks := func(w string) bool {
			return !slices.ContainsFunc(strings.Split(w, "|"), func(w string) bool { return slices.Contains(words, w) })
		}
		if !slices.ContainsFunc(l[2:], lacks) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.met[n]++
			return strings.Join(l, " ")
		}
	}
	return ""
}

// judge fails the test of a kept case that fails unknown.
func (k *known) judge(t *testing.T, file string, found []violation, out outcome) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	n := slices.IndexFunc(k.lines, func(l []string) bool { return l[0] == "kept" && l[1] == file })
	switch {
	case n < 0 && len(found) > 0:
		t.Errorf("%s\n%s", tell(found), essence(out.text))
	case n >= 0 && len(found) == 0:
		k.gone = append(k.gone, file)
	case n >= 0 && len(k.lines[n]) > 2 && found[0].kind != k.lines[n][2]:
		t.Errorf("known to break %s, and now:\n%s\n%s", k.lines[n][2], tell(found), essence(out.text))
	case n >= 0:
		k.met[n]++
		t.Logf("known: %s", tell(found))
	}
}

// tell says what of the list was met, and what can be taken from it.
func (k *known) tell(t *testing.T) {
	t.Helper()
	for n, l := range k.lines {
		if k.met[n] > 0 {
			t.Logf("known to fail: %s: %d times", strings.Join(l, " "), k.met[n])
		}
	}
	for _, name := range k.gone {
		t.Logf("%s does not fail any more: take it from %s", name, knownFile)
	}
}

// habit tells whether a row of the table of habits is known to fail. In a line's
// words, | separates alternatives, and * is anything.
func (k *known) habit(columns []string) bool {
	for n, l := range k.lines {
		if l[0] != "habit" || len(l) != len(columns)+1 {
			continue
		}
		fits := true
		for i, c := range columns {
			fits = fits && (l[i+1] == "*" || slices.Contains(strings.Split(l[i+1], "|"), c))
		}
		if fits {
			k.met[n]++
			return true
		}
	}
	return false
}
