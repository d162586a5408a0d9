package cli

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	for typed, want := range map[string]string{
		"exlude": "exclude", "exculde": "exclude", "excludes": "exclude", "deletee2": "delete2", "delet2": "delete2", "delet1": "delete1", "passfil2": "passfile2", "usser1": "user1",
		"no-exclude": "noexclude", "regextrnas2": "regextrans2", "modulesversoin": "modulesversion", "fixinboxinboxx": "fixInboxINBOX",
		"nonsense": "", "foo": "", "x": "", "": "", "noversion": "", "no-abort": "", "passwd": "",
	} {
		if got := nearest(typed); got != want {
			t.Errorf("%s: %q, want %q", typed, got, want)
		}
	}
	_, out := parse("--pasword2=geheim", "--exlude", "x")
	if out == nil || out.Code != 64 || !strings.Contains(out.Stderr, "Did you mean --password2?\n") || !strings.Contains(out.Stderr, "Did you mean --exclude?\n") || strings.Contains(out.Stderr, "geheim") {
		t.Errorf("%+v", out)
	}
}

func TestSlips(t *testing.T) {
	for pair, want := range map[[2]string]int{
		{"", ""}: 0, {"a", ""}: 1, {"", "ab"}: 2, {"ab", "ba"}: 1, {"abc", "abc"}: 0, {"abc", "abd"}: 1, {"abcd", "acbd"}: 1, {"kitten", "sitting"}: 3,
	} {
		if got := slips(pair[0], pair[1]); got != want {
			t.Errorf("%q: %d, want %d", pair, got, want)
		}
	}
}
