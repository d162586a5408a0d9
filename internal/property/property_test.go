package property

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// rounds is how many cases an ordinary run of the tests makes up.
const rounds = 150

// perWorld is how many cases share a pair of servers, whose users never go.
const perWorld = 10

// shrinking is how often a failing case is played to make it smaller.
const shrinking = 120

func numberOf(t *testing.T, variable string, fallback int) int {
	t.Helper()
	s := os.Getenv(variable)
	if s == "" {
		return fallback
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// attempt plays a case.
func attempt(t *testing.T, w *world, c *testCase) ([]violation, outcome) {
	t.Helper()
	p := newPlayer(t, w, c)
	defer p.close()
	found, out, err := p.play()
	if err != nil {
		t.Fatalf("%v\n%s", err, c)
	}
	return found, out
}

// TestProperty makes up cases and plays them.
func TestProperty(t *testing.T) {
	t.Parallel()
	n := numberOf(t, "IMAPHAUL_PROPERTY", rounds)
	if realServer() != "" {
		n = numberOf(t, "IMAPHAUL_PROPERTY", 10)
	}
	r := mailtest.Chance(t, 12)
	cases := make([]*testCase, n)
	for i := range cases {
		cases[i] = generate(rand.New(rand.NewPCG(r.Uint64(), r.Uint64())))
	}
	known := readKnown(t)
	t.Cleanup(func() { known.tell(t) })
	for first := 0; first < n; first += perWorld {
		t.Run(strconv.Itoa(first), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for round := first; round < min(n, first+perWorld); round++ {
				playMade(t, w, known, round, cases[round])
			}
		})
	}
}

// playMade plays a made-up case, and makes it smaller when something does not hold.
func playMade(t *testing.T, w *world, known *known, round int, c *testCase) {
	t.Helper()
	found, _ := attempt(t, w, c)
	if len(found) == 0 {
		return
	}
	kind := found[0].kind
	small := shrink(c, shrinking, func(c *testCase) bool {
		again, _ := attempt(t, w, c)
		return len(again) > 0 && again[0].kind == kind
	})
	found, out := attempt(t, w, small)
	if len(found) == 0 {
		t.Errorf("round %d: %s once, and not again:\n%s", round, kind, small)
		return
	}
	if known.explains(found[0].kind, small) != "" {
		return
	}
	t.Errorf("round %d:\n%s\n%s\n%s", round, tell(found), small, essence(out.text))
	keep(t, round, found, small)
}

// keep writes a case into the directory that IMAPHAUL_PROPERTY_KEEP names.
func keep(t *testing.T, round int, found []violation, c *testCase) {
	t.Helper()
	dir := os.Getenv("IMAPHAUL_PROPERTY_KEEP")
	if dir == "" {
		return
	}
	text := "# " + strings.ReplaceAll(strings.TrimSpace(tell(found)), "\n", "\n# ") + "\n" + c.String()
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.case", found[0].kind, round)), []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}

func tell(found []violation) string {
	var b strings.Builder
	for _, v := range found {
		fmt.Fprintf(&b, "step %d, %s\n", v.step, v)
	}
	return b.String()
}

// essence is what a run printed that bears on what it did.
func essence(text string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(text, "\n") {
		for _, begin := range []string{"Err ", "The sync", "Warning", "msg ", "Failure", "Messages deleted"} {
			if strings.HasPrefix(l, begin) {
				b.WriteString(l + "\n")
				break
			}
		}
	}
	return b.String()
}

// TestKept plays the cases of testdata, each of which failed once.
func TestKept(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.case")
	if err != nil {
		t.Fatal(err)
	}
	known := readKnown(t)
	t.Cleanup(func() { known.tell(t) })
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".case"), func(t *testing.T) {
			t.Parallel()
			found, out := attempt(t, newWorld(t), readCase(t, file))
			known.judge(t, filepath.Base(file), found, out)
		})
	}
}

// TestCase plays the one case of the file that IMAPHAUL_PROPERTY_CASE names.
func TestCase(t *testing.T) {
	file := os.Getenv("IMAPHAUL_PROPERTY_CASE")
	if file == "" {
		t.Skip("IMAPHAUL_PROPERTY_CASE names no case")
	}
	p := newPlayer(t, newWorld(t), readCase(t, file))
	defer p.close()
	p.verbose = t.Logf
	found, _, err := p.play()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Errorf("step %d, %s", v.step, v)
	}
}

func readCase(t *testing.T, file string) *testCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := parseCase(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return c
}

// A case is the same after it was written and read.
func TestCaseText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		text := generate(r).String()
		c, err := parseCase(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if again := c.String(); again != text {
			t.Fatalf("%s became %s", text, again)
		}
	}
}
