package chaos

import (
	"os"
	"strings"
	"testing"
)

// writeSection puts text between the markers of a section of docs/reliability.md.
func writeSection(t *testing.T, section, text string) {
	t.Helper()
	const path = "../../docs/reliability.md"
	begin, end := "<!-- "+section+": begin -->\n", "<!-- "+section+": end -->"
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(old), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for %s", path, section)
	}
	if err := os.WriteFile(path, []byte(head+begin+text+end+tail), 0o644); err != nil { //nolint:gosec // a document
		t.Fatal(err)
	}
}
