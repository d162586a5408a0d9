package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// One file for two purposes would keep only what is written last.
func TestOneFileForTwoPurposes(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(dir, filepath.Join(dir, "link")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pass"), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	base := []string{"--host1", "a", "--user1", "a", "--password1", "x", "--host2", "b", "--user2", "b", "--password2", "x"}
	for _, c := range []struct {
		args []string
		bad  bool
	}{
		{[]string{"--verify", "full", "--manifest", at("x"), "--report", at("x")}, true},
		{[]string{"--verify", "full", "--manifest", at("x"), "--report", at("link/x")}, true},
		{[]string{"--json", at("x"), "--skippedfile", at("./x")}, true},
		{[]string{"--json", at("x"), "--logfile", at("x")}, true},
		{[]string{"--logdir", dir, "--logfile", "x", "--report", at("x")}, true},
		{[]string{"--pidfile", at("x"), "--report", at("x")}, true},
		{[]string{"--passfile1", at("pass"), "--report", at("pass")}, true},
		{[]string{"--passfile1", at("pass"), "--passfile2", at("pass")}, false},
		{[]string{"--json", "-", "--report", at("y"), "--skippedfile", at("z")}, false},
	} {
		_, out := Parse(Input{Args: append(base[:len(base):len(base)], c.args...), Now: time.Unix(1e9, 0)})
		bad := out != nil && strings.Contains(out.Stderr, "both name")
		if bad != c.bad {
			t.Errorf("%q: refused %v, want %v: %+v", c.args, bad, c.bad, out)
		}
	}
}
