package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
)

// The demonstration is the program on its own servers; it leaves nothing behind
// and tells no password.
func TestDemonstrate(t *testing.T) {
	for _, tc := range []struct {
		name  string
		o     cli.Outcome
		lines int // at least, and not more than ten times as many
		want  string
	}{
		{"--testslive", cli.Outcome{Demo: true}, 80, "\nBoth sides are equal: 18 messages"},
		{"--tests", cli.Outcome{SelfTest: true}, 1, "All tests passed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			t.Setenv("XDG_STATE_HOME", temp)
			var out, errOut bytes.Buffer
			if code := demonstrate(&tc.o, &out, &errOut); code != event.ExitOK {
				t.Fatalf("exit code %d\n%s%s", code, errOut.String(), out.String())
			}
			text := out.String()
			if n := strings.Count(text, "\n"); n < tc.lines || n > 10*tc.lines {
				t.Errorf("%d lines", n)
			}
			if !strings.Contains(text, tc.want) {
				t.Errorf("%q is missing in\n%s", tc.want, text)
			}
			if strings.Contains(text, demoPassword) || errOut.Len() > 0 {
				t.Errorf("password, or errors: %s", errOut.String())
			}
			for _, d := range []string{dir, temp} {
				left, err := os.ReadDir(d)
				if err != nil || len(left) > 0 {
					t.Errorf("left behind: %v, %v", left, err)
				}
			}
		})
	}
}

// A demonstration that cannot be given says why.
func TestDemonstrateFails(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/missing")
	for _, tc := range []struct {
		o    cli.Outcome
		code int
	}{
		{cli.Outcome{Demo: true}, event.ExitCatchAll},
		{cli.Outcome{SelfTest: true}, event.ExitTestsFailed},
	} {
		var out, errOut bytes.Buffer
		if code := demonstrate(&tc.o, &out, &errOut); code != tc.code || !strings.Contains(errOut.String(), "missing") {
			t.Errorf("exit code %d, want %d; %s", code, tc.code, errOut.String())
		}
	}
}
