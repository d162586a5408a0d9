package perlre

import (
	"strings"
	"testing"
)

// FuzzCaseFoldedRun checks the search that lets a text go without the engine.
func FuzzCaseFoldedRun(f *testing.F) {
	f.Add("xxSUBJECT: a", "subject:")
	f.Add("aab", "ab")
	f.Add("", "a")
	f.Fuzz(func(t *testing.T, s, run string) {
		lower := func(s string) string {
			b := []byte(s)
			for i, c := range b {
				if 'A' <= c && c <= 'Z' {
					b[i] = c + 'a' - 'A'
				}
			}
			return string(b)
		}
		if got, want := containsRun(s, run, true), strings.Contains(lower(s), lower(run)); got != want {
			t.Errorf("containsRun(%q, %q) = %v, want %v", s, run, got, want)
		}
	})
}
