package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A row cannot have secrets of the machine sent to the server that it names.
func TestSecretsThatARowMayNotName(t *testing.T) {
	top := t.TempDir()
	lists, other := filepath.Join(top, "lists"), filepath.Join(top, "other")
	for _, dir := range []string{filepath.Join(lists, "pw", ".hidden"), other} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) string {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	file := func(name string) string { return write(name, "geheim\nroot:x\n") }
	inside, hidden, outside := file(filepath.Join(lists, "pw", "a")), file(filepath.Join(lists, "pw", ".hidden", "a")), file(filepath.Join(other, "a.json"))
	climbs := lists + "/pw/../../other/a.json"
	link, dirLink, listLink := filepath.Join(lists, "link"), filepath.Join(lists, "dirlink"), filepath.Join(top, "listlink")
	// A mounted secret of Kubernetes: the link's name counts, not the ..data behind it.
	mounted := filepath.Join(lists, "mounted")
	for from, to := range map[string]string{link: outside, dirLink: other, listLink: lists, mounted: hidden} {
		if err := os.Symlink(to, from); err != nil {
			t.Skip(err)
		}
	}
	t.Chdir(lists)
	parse := func(o RowOptions, args ...string) []string {
		r := ParseRow(Input{Now: time.Unix(1e9, 0), Environ: []string{"SECRET=x"}, FetchSecret: func(string, string) (string, error) { return "x", nil }}, o,
			append([]string{"--host1=h", "--user1=a", "--host2=g", "--user2=b", "--password2=q"}, args...))
		if len(r.Problems) == 0 && r.Plan == nil {
			t.Fatal("no plan")
		}
		return r.Problems
	}
	for arg, allowed := range map[string]bool{
		"--passfile1=" + inside: true, "--passfile1=pw/a": true, "--passfile1=" + filepath.Join(listLink, "pw", "a"): true, "--passfile1=mounted": true,
		"--secret1=file:pw/a": true, "--oauthaccesstoken1=pw/a": true, "--oauthaccesstoken1=eyToken": true, "--password1=a.json": true,
		"--passfile1=" + outside: false, "--passfile1=" + climbs: false, "--passfile1=../other/a.json": false, "--passfile1=link": false, "--passfile1=dirlink/a.json": false,
		"--passfile1=" + hidden: false, "--passfile1=" + lists: false, "--passfile1=" + top: false,
		// One line is a password, wherever it lies, but for what programs hide.
		"--passfile1=" + write(filepath.Join(other, "one"), "geheim"): true, "--secret1=file:../other/one": true, "--oauthaccesstoken1=" + write(filepath.Join(other, "token"), "eyToken\r\n\r\n"): true,
		"--passfile1=" + write(filepath.Join(lists, "pw", ".hidden", "one"), "geheim"): false, "--passfile1=" + write(filepath.Join(other, "pairs"), "A=b\x00C=d"): false,
		"--secret1=file:" + outside: false, "--secret1=env:SECRET": false, "--secret1=keyring:boss": false, "--secret1=cmd:true": false,
		"--tokenfile1=" + outside: false, "--googlekey1=" + outside: false, "--oauthaccesstoken1=" + outside: false, "--oauthdirect1=" + outside: false, "--password1=" + outside: false, "--password1=x@y;" + outside + ";z": false,
	} {
		problems := parse(RowOptions{SecretDirs: []string{lists}}, arg)
		if said := strings.Join(problems, "\n"); (len(problems) == 0) != allowed || !allowed && (len(problems) != 1 || !strings.Contains(said, "in a row: ") || strings.Contains(said, "other/")) {
			t.Errorf("%s: %q", arg, problems)
		}
		if !allowed {
			problems = parse(RowOptions{SecretDirs: []string{lists}, AllowCommands: true}, arg)
			if slices.ContainsFunc(problems, func(s string) bool { return strings.Contains(s, "in a row: ") }) {
				t.Errorf("%s allowed: %q", arg, problems)
			}
		}
	}
	if p := parse(RowOptions{SecretDirs: []string{lists, other}}, "--passfile1="+outside); len(p) > 0 {
		t.Error(p)
	}
	if p := parse(RowOptions{}, "--passfile1="+inside); len(p) == 0 {
		t.Error("no directory is named, and any will do")
	}
}

// What proves the login of all rows goes to nobody whom a row names in place of their server.
func TestRowsDoNotTakeTheLoginOfAllElsewhere(t *testing.T) {
	login := []string{"--user1=a", "--user2=b", "--password2=q", "--host2=g"}
	for _, c := range []struct {
		all, row []string
		environ  string
		allowed  bool
	}{
		{all: []string{"--host1=old", "--password1=p"}, row: nil, allowed: true},
		{all: []string{"--host1=old", "--password1=p"}, row: []string{"--host1=OLD", "--port1=144"}, allowed: true},
		{all: []string{"--host1=old", "--password1=p"}, row: []string{"--host1=evil", "--password1=own"}, allowed: true},
		{all: []string{"--password1=p"}, row: []string{"--host1=one"}, allowed: true}, // the servers are those of the list
		{all: []string{"--host1=old"}, row: []string{"--host1=evil", "--password1=own"}, allowed: true},
		{all: []string{"--host1=old", "--password1=p"}, row: []string{"--host1=evil"}},
		{all: []string{"--host1=old", "--authuser1=admin", "--password1=p"}, row: []string{"--host1=evil"}},
		{all: []string{"--gmail1", "--password1=p"}, row: []string{"--host1=evil"}},
		{all: []string{"--host1=old"}, environ: "IMAPSYNC_PASSWORD1=p", row: []string{"--host1=evil"}},
		{all: []string{"--host1=old", "--password1=p"}, row: []string{"--proxy1=socks5://evil:1"}},
		{all: []string{"--host1=old", "--oauthaccesstoken1=eyT"}, row: []string{"--oauthhost1=evil"}},
	} {
		r := ParseRow(Input{Now: time.Unix(1e9, 0), Environ: []string{c.environ}}, RowOptions{All: c.all}, slices.Concat(login, c.row))
		refused := slices.ContainsFunc(r.Problems, func(s string) bool { return strings.Contains(s, "for all rows would go there") })
		if refused == c.allowed || c.allowed && r.Plan == nil {
			t.Errorf("%q %q: %q", c.all, c.row, r.Problems)
		}
		r = ParseRow(Input{Now: time.Unix(1e9, 0), Environ: []string{c.environ}}, RowOptions{All: c.all, AllowCommands: true}, slices.Concat(login, c.row))
		if r.Plan == nil {
			t.Errorf("%q %q allowed: %q", c.all, c.row, r.Problems)
		}
	}
}
