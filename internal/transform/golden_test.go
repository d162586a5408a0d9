package transform

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// readGolden reads a table of testdata/golden: what imapsync 2.229's own
// functions gave for each input.
func readGolden[T any](t *testing.T, file string, atLeast int) []T {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "testdata", "golden", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []T
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var r T
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			t.Fatalf("%s line %d: %v", file, len(rows)+1, err)
		}
		rows = append(rows, r)
	}
	if len(rows) < atLeast {
		t.Fatalf("%s: only %d rows", file, len(rows))
	}
	return rows
}
