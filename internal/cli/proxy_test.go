package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProxy(t *testing.T) {
	hosts := []string{"--host1", "imap.example.org", "--user1", "u", "--password1", "x", "--host2", "127.0.0.1", "--user2", "v", "--password2", "y"}
	for _, tc := range []struct {
		args    string
		environ []string
		set1    bool
		says    string
	}{
		{"--proxy1 socks5h://u:" + canary + "@proxy.example.org", nil, true, "Host1 imap.example.org is reached through the proxy socks5h://u@proxy.example.org:1080 (from --proxy1); its name is resolved by the proxy."},
		{"--proxy1 socks5://proxy.example.org:99", nil, true, "resolved here"},
		{"--proxy1 http://proxy.example.org:99", nil, true, "resolved by the proxy"},
		{"", []string{"ALL_PROXY=socks5://proxy.example.org"}, true, "(from ALL_PROXY)"},
		{"", []string{"all_proxy=SOCKS5H://proxy.example.org"}, true, "(from all_proxy)"},
		{"", []string{"ALL_PROXY=http://u:" + canary + "@proxy.example.org"}, false, "ALL_PROXY is set and not used for host1"},
		{"--proxy1 http://proxy.example.org", []string{"NO_PROXY=example.org"}, false, "without the proxy of --proxy1: NO_PROXY names it"},
		{"--proxy2 http://proxy.example.org", nil, false, "without the proxy of --proxy2: it is this machine"},
		{"--proxy1 none", []string{"ALL_PROXY=socks5://proxy.example.org"}, false, ""},
		{"", nil, false, ""},
	} {
		in := Input{Args: append(append([]string{}, hosts...), strings.Fields(tc.args)...), Environ: tc.environ, Now: start}
		p, out := Parse(in)
		if p == nil {
			t.Errorf("%s %q: %+v", tc.args, tc.environ, out)
			continue
		}
		notes := strings.Join(p.Output.Notes, "\n")
		if p.Host1.Proxy.IsSet() != tc.set1 || p.Host2.Proxy.IsSet() || !strings.Contains(notes, tc.says) {
			t.Errorf("%s %q: set %v, notes %s", tc.args, tc.environ, p.Host1.Proxy.IsSet(), notes)
		}
		if strings.Contains(everythingShown(in), canary) {
			t.Errorf("%s %q: the password is shown", tc.args, tc.environ)
		}
	}
	for _, bad := range []string{"proxy.example.org:1080", "socks4://u:" + canary + "@proxy.example.org", "socks5://u:" + canary + "@"} {
		_, out := parse(append(hosts, "--proxy1", bad)...)
		if out == nil || out.Code != 64 || !strings.Contains(out.Stderr, "--proxy1") || strings.Contains(out.Stderr, canary) {
			t.Errorf("%s: %+v", bad, out)
		}
	}
}

func TestDisabledCaps(t *testing.T) {
	p := mustPlan(t, append(accounts, "--disablecap1", "multiappend", "--disablecap1", "CONDSTORE,QRESYNC")...)
	if got := strings.Join(p.Host1.DisabledCaps, " "); got != "MULTIAPPEND CONDSTORE QRESYNC" || p.Host2.DisabledCaps != nil {
		t.Errorf("%q, %q", got, p.Host2.DisabledCaps)
	}
	if _, out := parse(append(accounts, "--disablecap2", "LITERAL(")...); out == nil || out.Code != 64 || !strings.Contains(out.Stderr, "--disablecap2") {
		t.Errorf("%+v", out)
	}
}

func TestReadablePassfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pass")
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true} {
		if err := os.WriteFile(path, []byte("geheim\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		p := mustPlan(t, append(accounts, "--passfile2", path)...)
		notes := strings.Join(p.Output.Notes, "\n")
		if strings.Contains(notes, "can be read by other users") != warned || warned && !strings.Contains(notes, "chmod 600") {
			t.Errorf("%04o: %q", mode, notes)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
