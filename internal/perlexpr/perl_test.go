package perlexpr

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestAgainstPerl checks random expressions against what Perl 5.36.0 made of
// them. Each row of the table holds an expression, as for --regextrans2, and
// pairs of input and result, one code point per byte; or error, where Perl
// refuses it. The rows were drawn from generated patterns (groups, look-around,
// quantifiers, classes, modifiers), delimiters, replacements and lists; the last
// ones were written by hand, for the corners.
func TestAgainstPerl(t *testing.T) {
	f, err := os.Open(filepath.Join("testdata", "perl-5.36.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	rows := 0
	for ; sc.Scan(); rows++ {
		var r struct {
			Expr  string
			Error bool
			Cases [][2]string
		}
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		e, err := Compile(Trans, latin1(r.Expr))
		if (err != nil) != r.Error {
			t.Errorf("%q: error %v, Perl errs: %v", latin1(r.Expr), err, r.Error)
			continue
		}
		for _, c := range r.Cases {
			in, want := latin1(c[0]), latin1(c[1])
			if got, err := e.Apply(in, nil); err != nil || got != want {
				t.Errorf("%q on %q: got %q, %v; Perl gives %q", latin1(r.Expr), in, got, err, want)
			}
		}
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	if rows < 1900 {
		t.Errorf("only %d rows", rows)
	}
}
