package transfer

import (
	"os"
	"regexp"
	"testing"
)

// The package's documentation leads through its files: it names none that is not
// there.
func TestDocumentedFilesExist(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`\b\w+\.go\b`).FindAllString(string(doc), -1) {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("doc.go names a file that is not there: %v", err)
		}
	}
}
