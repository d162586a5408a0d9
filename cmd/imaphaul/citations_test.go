package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A comment cites what its reader can open: a document of this repository.
func TestCitedFilesExist(t *testing.T) {
	root := os.DirFS("../..")
	known := make(map[string]bool)
	var sources []string
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		known[d.Name()] = true
		if filepath.Ext(path) == ".go" || filepath.Ext(path) == ".sh" || d.Name() == "Makefile" {
			sources = append(sources, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Names in strings are files of tests; a comment begins the line, or follows code.
	comment := regexp.MustCompile(`(?m)(?:^|\s)(?://|#)\s(.*)$`)
	cited := regexp.MustCompile(`[\w./-]*\w\.(?:md|jsonl)\b`)
	if len(sources) < 100 {
		t.Fatalf("only %d sources were found", len(sources))
	}
	for _, path := range sources {
		text, err := fs.ReadFile(root, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range comment.FindAllStringSubmatch(string(text), -1) {
			for _, name := range cited.FindAllString(c[1], -1) {
				if !known[filepath.Base(name)] {
					t.Errorf("%s cites %s, which is not in the repository", path, name)
				}
			}
		}
	}
}
