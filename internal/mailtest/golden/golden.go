// Package golden reads the tables of testdata/golden: what imapsync 2.229's own
// functions, and Perl's, gave for each input.
package golden

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Rows reads a table, a line a row, by the name of its file. The test fails when
// there are fewer rows than atLeast: a table that is not read tests nothing.
func Rows[T any](t testing.TB, file string, atLeast int) []T {
	t.Helper()
	// The packages with tables are two folders below the root.
	f, err := os.Open(filepath.Join("..", "..", "testdata", "golden", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []T
	for lines := json.NewDecoder(f); ; {
		var r T
		err := lines.Decode(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s row %d: %v", file, len(rows)+1, err)
		}
		rows = append(rows, r)
	}
	if len(rows) < atLeast {
		t.Fatalf("%s: %d rows, want at least %d", file, len(rows), atLeast)
	}
	return rows
}
