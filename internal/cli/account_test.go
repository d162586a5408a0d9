package cli

import (
	"strings"
	"testing"
)

func TestHostWithPort(t *testing.T) {
	for _, tc := range []struct {
		args []string
		host string
		port int
		says string
	}{
		{[]string{"--host1", "imap.example.org:993"}, "imap.example.org", 993, "--host1 imap.example.org:993: taken as --host1 imap.example.org --port1 993."},
		{[]string{"--host1", "192.0.2.1:1143", "--port1", "1143"}, "192.0.2.1", 1143, "taken as"},
		{[]string{"--host1", "2001:db8::1"}, "2001:db8::1", 0, ""},
		{[]string{"--host1", "::1", "--port1", "143"}, "::1", 143, ""},
		{[]string{"--host1", "imap.example.org:imaps"}, "imap.example.org:imaps", 0, ""},
		{[]string{"--host1", "imap.example.org:0"}, "imap.example.org:0", 0, ""},
		{[]string{"--host1", "imap.example.org:99999"}, "imap.example.org:99999", 0, ""},
	} {
		p := mustPlan(t, append(accounts, tc.args...)...)
		notes := strings.Join(p.Output.Notes, "\n")
		if p.Host1.Host != tc.host || p.Host1.Port != tc.port || !strings.Contains(notes, tc.says) || (tc.says == "") != (notes == "") {
			t.Errorf("%q: host %q, port %d, notes %q", tc.args, p.Host1.Host, p.Host1.Port, notes)
		}
	}
	for args, want := range map[string]string{
		"--host2 imap.example.org:993 --port2 143": "--host2 imap.example.org:993 and --port2 143: two different ports.",
		"--host2 imaps://imap.example.org/":        "--host2 imaps://imap.example.org/: a URL, not a host.",
	} {
		_, out := parse(append(accounts, strings.Fields(args)...)...)
		if out == nil || out.Code != 64 || !strings.Contains(out.Stderr, want) {
			t.Errorf("%s: %+v", args, out)
		}
	}
}

func TestOneAccountTwice(t *testing.T) {
	same := []string{"--host1", "h.example.org", "--user1", "a", "--password1", "x", "--host2", "h.example.org", "--user2", "a", "--password2", "x"}
	for _, tc := range []struct {
		more string
		want bool
	}{{"--delete1", true}, {"", false}, {"--delete1 --user2 b", false}, {"--delete1 --port2 1143", false}} {
		p := mustPlan(t, append(same, strings.Fields(tc.more)...)...)
		if got := strings.Contains(strings.Join(p.Output.Notes, "\n"), "are the same account"); got != tc.want {
			t.Errorf("%q: warned %v", tc.more, got)
		}
	}
}
