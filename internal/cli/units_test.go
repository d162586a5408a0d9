package cli

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/plan"
)

func TestSizesAndAges(t *testing.T) {
	for _, tc := range []struct {
		args []string
		size int64   // of --maxsize
		age  float64 // of --maxage
	}{
		{[]string{"--maxsize", "10M"}, 10 << 20, 0},
		{[]string{"--maxsize=1.5g"}, 3 << 29, 0},
		{[]string{"--maxsize", "500KB"}, 500 << 10, 0},
		{[]string{"--maxsize", "2 MiB"}, 2 << 20, 0},
		{[]string{"--maxsize", "7b"}, 7, 0},
		{[]string{"--maxsize", "1_000"}, 1000, 0},
		{[]string{"--maxage", "2w"}, 0, 14},
		{[]string{"--maxage", "12h"}, 0, 0.5},
		{[]string{"--maxage", "6mo"}, 0, 180},
		{[]string{"--maxage", "1.5 years"}, 0, 547.5},
		{[]string{"--maxage", "3D"}, 0, 3},
	} {
		s := mustPlan(t, append(tc.args, accounts...)...).Selection
		if s.MaxSize != nil && *s.MaxSize != tc.size || s.MaxAge != nil && *s.MaxAge != tc.age || s.MaxSize == nil && s.MaxAge == nil {
			t.Errorf("%q: %v %v", tc.args, s.MaxSize, s.MaxAge)
		}
	}
}

// The words that people try first.
func TestWordsForHelp(t *testing.T) {
	_, want := parse("--help")
	for _, word := range []string{"-h", "-?", "help"} {
		if _, out := parse(word); out == nil || out.Stdout != want.Stdout || out.Code != 0 {
			t.Errorf("%s: %+v", word, out)
		}
	}
	_, all := parse("--help", "all")
	for _, word := range []string{"--nolog", "--notls1", "--nofoldersizes", "--nousecache", "--noreleasecheck"} {
		if !strings.Contains(all.Stdout, word) {
			t.Errorf("%s is not in the help", word)
		}
	}
}

func TestHostsInBrackets(t *testing.T) {
	for typed, want := range map[string]plan.Account{
		"[::1]":               {Host: "::1"},
		"[::1]:143":           {Host: "::1", Port: 143},
		"[2001:db8::7]:10993": {Host: "2001:db8::7", Port: 10993},
		"::1":                 {Host: "::1"},
	} {
		p := mustPlan(t, append(accounts, "--host1", typed)...)
		if p.Host1.Host != want.Host || p.Host1.Port != want.Port {
			t.Errorf("%s: host %q, port %d", typed, p.Host1.Host, p.Host1.Port)
		}
	}
	for _, typed := range []string{"[::1", "[imap.example.org]", "[::1]143", "[::1]:x", "[::1]:70000"} {
		if _, out := parse(append(accounts, "--host1", typed)...); out == nil || out.Code != 64 || !strings.Contains(out.Stderr, "--host1 "+typed) {
			t.Errorf("%s: %+v", typed, out)
		}
	}
}

func TestValuesThatAreOptions(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--prefix2", "--dry"}, "the value of --prefix2 is --dry, "},
		{[]string{"--folder", "--NoLog"}, "the value of --folder is --nolog, "},
		{[]string{"--exclude", "--"}, ""},
		{[]string{"--exclude", "--x--"}, ""},
		{[]string{"--folder", "-dry"}, ""},
	} {
		notes := strings.Join(mustPlan(t, append(tc.args, accounts...)...).Output.Notes, "\n")
		if strings.Contains(notes, "is the name of an option") != (tc.want != "") || !strings.Contains(notes, tc.want) {
			t.Errorf("%q: %s", tc.args, notes)
		}
	}
}

func TestNoSignals(t *testing.T) {
	p := mustPlan(t, append(accounts, "--sigreconnect", "", "--sigexit", "")...)
	if len(p.Run.SigReconnect) != 0 || len(p.Run.SigExit) != 0 {
		t.Errorf("%v %v", p.Run.SigReconnect, p.Run.SigExit)
	}
}
