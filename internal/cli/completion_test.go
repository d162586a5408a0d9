package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
)

func printed(t *testing.T, args ...string) string {
	t.Helper()
	_, out := cli.Parse(cli.Input{Args: args, Now: time.Now(), Version: "1.2.3"})
	if out == nil || out.Code != 0 || out.Stdout == "" {
		t.Fatalf("%q: %+v", args, out)
	}
	return out.Stdout
}

// TestBashCompletes has bash itself complete what a person would begin to type.
func TestBashCompletes(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "imaphaul")
	if err := os.WriteFile(script, []byte(printed(t, "completion", "bash")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		words []string
		want  string
	}{
		{[]string{"imaphaul", "--passf"}, "--passfile1 --passfile2"},
		{[]string{"imaphaul", "doc"}, "doctor"},
		{[]string{"imaphaul", "journal", "fo"}, "forget"},
		{[]string{"imaphaul", "--verify", ""}, "sizes headers full"},
		{[]string{"imaphaul", "batch", "--loginsf"}, "--loginsfirst"},
		{[]string{"imaphaul", "--host1", ""}, ""},
		{[]string{"imaphaul", "batch", "--order", ""}, "file small large"},
		{[]string{"imaphaul", "--provider2", "off"}, "office365"},
		{[]string{"imaphaul", "follow", "--follow-"}, "--follow-until"},
		{[]string{"imaphaul", "follow", "--follow-until", ""}, "mx"},
		{[]string{"imaphaul", "--delete2max", ""}, ""},
		{[]string{"imaphaul", "login", "--se"}, "--setup"},
		{[]string{"imaphaul", "undo", "--ro"}, ""},
		{[]string{"imaphaul", "init", "--"}, "--out"},
		{[]string{"imaphaul", "help", "del"}, "deletions"},
		{[]string{"imaphaul", "--user1", "login", "goo"}, ""},
	} {
		line := `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _imaphaul; echo "${COMPREPLY[*]}"`
		out, err := exec.Command("bash", append([]string{"-c", line, script}, tt.words...)...).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
			t.Errorf("%q: %q, want %q (%v)", tt.words, got, tt.want, err)
		}
	}
}

// TestEveryOptionIsCompleted: what the table has is in each script and in the manual.
func TestEveryOptionIsCompleted(t *testing.T) {
	t.Parallel()
	zsh, fish, man := printed(t, "completion", "zsh"), printed(t, "completion", "fish"), printed(t, "man")
	for i := range cli.Table {
		o := &cli.Table[i]
		if o.Status == cli.NoEffect {
			continue
		}
		if !strings.Contains(zsh, "'*--"+o.Name+"[") || !strings.Contains(fish, " -l "+o.Name+" ") || !strings.Contains(man, "\\-\\-") || !strings.Contains(strings.ReplaceAll(man, "\\-", "-"), o.Name) {
			t.Errorf("--%s is missing", o.Name)
		}
	}
	for n, text := range map[string]string{"zsh": zsh, "fish": fish} {
		for line := range strings.Lines(text) {
			if strings.Count(strings.ReplaceAll(line, "\\'", ""), "'")%2 != 0 {
				t.Errorf("%s: quotes do not match: %s", n, line)
			}
		}
	}
}

// TestNearestCommand: a command with a slip in it is recognised, another word is not.
func TestNearestCommand(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"verfy": "verify", "bacth": "batch", "Doctr": "doctor", "journals": "journal", "cutoff": "", "alice": "", "copy": ""} {
		_, out := cli.Parse(cli.Input{Args: []string{typed, "x"}, Now: time.Now()})
		if got := strings.Contains(out.Stderr, "Did you mean imaphaul "); got != (want != "") || !strings.Contains(out.Stderr, want) {
			t.Errorf("%s: %q, want %q", typed, out.Stderr, want)
		}
	}
}
