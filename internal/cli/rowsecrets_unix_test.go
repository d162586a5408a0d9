//go:build unix

package cli

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A pipe that nobody writes to does not hold up the reading of a list.
func TestPipeAsPassfileOfARow(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, option := range []string{"--passfile1=" + pipe, "--secret1=file:" + pipe, "--oauthaccesstoken1=" + pipe} {
		r := ParseRow(Input{Now: time.Unix(1e9, 0)}, RowOptions{SecretDirs: []string{dir}}, []string{"--host1=h", "--user1=a", "--host2=g", "--user2=b", "--password2=q", option})
		if said := strings.Join(r.Problems, "\n"); len(r.Problems) != 1 || !strings.Contains(said, "it is a pipe") {
			t.Errorf("%s: %q", option, r.Problems)
		}
	}
}
