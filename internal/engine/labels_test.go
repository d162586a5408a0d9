package engine_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// labelsOf reads Gmail's labels of the messages of a folder, in order of UID.
func labelsOf(t testing.TB, a account, folder string) []string {
	t.Helper()
	list := regexp.MustCompile(`UID (\d+).*X-GM-LABELS \(([^)]*)\)|X-GM-LABELS \(([^)]*)\).*UID (\d+)`)
	byUID := make(map[string]string)
	for _, line := range dialogue(t, a, fmt.Sprintf("SELECT %q", folder), "UID FETCH 1:* (UID X-GM-LABELS)") {
		m := list.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		words, err := splitWords(m[2] + m[3])
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		slices.Sort(words)
		byUID[m[1]+m[4]] = strings.Join(words, ", ")
	}
	var out []string
	for _, uid := range slices.Sorted(maps.Keys(byUID)) {
		out = append(out, byUID[uid])
	}
	return out
}

// Scenarios 101 to 103 of docs/scenarios.md: the front of the destination shows
// what is stored.
func TestLabels(t *testing.T) {
	t.Parallel()
	a := newAccount(t, mailtest.Real(t, mailtest.Hoodiecrow, "mode=gmail"))
	b := newAccount(t, mailtest.Real(t, mailtest.Hoodiecrow, "mode=gmail"))
	mailtest.Fill(t, a.s, a.user, letters(2, 500))
	dialogue(t, a, "SELECT INBOX", `UID STORE 1 +X-GM-LABELS (Work Travel)`)
	b, front := meddled(t, b)
	stores := func(do func()) (n int) {
		before := len(front.Said())
		do()
		for _, c := range front.Said()[before:] {
			if strings.Contains(c, "STORE") {
				n++
			}
		}
		return n
	}
	run := func(options ...string) {
		t.Helper()
		options = append(options, "--folder", "INBOX", "--synclabels", "--resynclabels", "--cachedir", t.TempDir())
		migrate(t, a, b, options...).expect(t, 0)
	}

	run()
	if d := cmp.Diff(labelsOf(t, a, "INBOX"), labelsOf(t, b, "INBOX")); d != "" {
		t.Errorf("101: labels of copied messages (-host1 +host2):\n%s", d)
	}
	if n := stores(func() { run() }); n != 0 {
		t.Errorf("102: equal labels cost %d STOREs", n)
	}
	dialogue(t, a, "SELECT INBOX", `UID STORE 1 -X-GM-LABELS (Travel)`, `UID STORE 2 +X-GM-LABELS (Home)`)
	if n := stores(func() { run() }); n != 2 {
		t.Errorf("102: two changed messages cost %d STOREs", n)
	}
	if d := cmp.Diff(labelsOf(t, a, "INBOX"), labelsOf(t, b, "INBOX")); d != "" {
		t.Errorf("102: labels that changed (-host1 +host2):\n%s", d)
	}
	run("--subfolder2", "Moved")
	for _, labels := range labelsOf(t, b, "Moved/INBOX") {
		if !strings.Contains(labels, "Moved/Work") && !strings.Contains(labels, "Moved/Home") {
			t.Errorf("103: labels %q are not below the subfolder", labels)
		}
	}
}
