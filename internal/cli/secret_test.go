package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const canary = "c4n4ry"

// everythingShown is all text that a parse can lead to.
func everythingShown(in Input) string {
	p, out := Parse(in)
	var b strings.Builder
	if out != nil {
		fmt.Fprintf(&b, "%s%s%+v%#v\n", out.Stdout, out.Stderr, out, out)
	}
	if p != nil {
		var buf bytes.Buffer
		if err := p.WriteJSON(&buf); err != nil {
			fmt.Fprint(&b, err)
		}
		fmt.Fprintf(&b, "%s%v%+v%#v%q\n%s", &buf, *p, *p, *p, p.CommandLine, strings.Join(p.Output.Notes, "\n"))
	}
	return b.String()
}

// Every spelling of an option that carries a secret, right or wrong, must leave
// the secret out of everything that is shown.
func TestSecretsAreNeverShown(t *testing.T) {
	var spellings []string
	for _, o := range Table {
		if !o.Secret {
			continue
		}
		for _, n := range []string{o.Name, strings.ToUpper(o.Name), strings.ToUpper(o.Name[:1]) + o.Name[1:]} {
			for _, dash := range []string{"-", "--", "+"} {
				spellings = append(spellings, dash+n)
			}
		}
		for i := 1; i < len(o.Name); i++ {
			spellings = append(spellings, "--"+o.Name[:i]) // abbreviations, and what looks like one
		}
	}
	spellings = append(spellings, "-p", "-P", "--pass", "--passwd1", "--pwd", "--pw1", "--token1", "--oauth2", "--password", "--password3", "--Passwort1", "--no-password1")
	hosts := []string{"--host1", "h.example.org", "--user1", "u", "--host2", "h.example.org", "--user2", "u"}
	for _, s := range spellings {
		for _, args := range [][]string{
			{s, canary},
			{s + "=" + canary},
			{s, canary, canary}, // a password with a blank, not quoted
			{s, "x", canary + "1", canary + "2"},
			{s + "=x", canary},
			{"--dry", s, canary, "--printplan"},
			{"--user1", s, canary}, // the value of user1 is missing
			{"--user1", s + "=" + canary, "--justbanner"},
			{"--port1", "0", s, canary},
			{"--host1", s, canary, "--justbanner"},
			{"--nonsense", s, canary},
			{s, canary, "--showpasswords", "--debug", "--debugenv", "--printplan"},
			{"--", s, canary},
		} {
			if args[0] == "--user1" && len(args) == 3 && strings.Contains(args[1], "=") && !isSecretOption(s) {
				continue // no option of ours: it may be a user's name
			}
			for _, env := range [][]string{nil, {"POSIXLY_CORRECT=1"}} {
				full := append(append([]string(nil), hosts...), args...)
				if args[0] == "--" || len(env) > 0 {
					full = args
				}
				if got := everythingShown(Input{Args: full, Environ: env}); strings.Contains(got, canary) {
					t.Errorf("%q (%v) shows the secret:\n%s", full, env, got)
				}
			}
		}
	}
}

func isSecretOption(s string) bool {
	sc := scanner{vocab: tableVocabulary()}
	return sc.secretOption(strings.ToLower(strings.TrimLeft(s, "-+")))
}

func TestSecretsFromElsewhereAreNeverShown(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pw")
	if err := os.WriteFile(path, []byte(canary+"\n"+canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hosts := []string{"--host1", "h.example.org", "--user1", "u", "--host2", "h.example.org", "--user2", "u"}
	for name, in := range map[string]Input{
		"passfile":     {Args: append(hosts, "--passfile1", path, "--passfile2", path)},
		"token file":   {Args: append(hosts, "--oauthaccesstoken1", path, "--oauthdirect2", path)},
		"environment":  {Args: append(hosts, "--debugenv"), Environ: []string{"IMAPSYNC_PASSWORD1=" + canary, "IMAPSYNC_PASSWORD2=" + canary, "AWS_KEY=" + canary}},
		"prompt":       {Args: hosts, AskSecret: func(string) (string, error) { return canary, nil }},
		"file error":   {Args: append(hosts, "--oauthaccesstoken1", "/no/such/"+canary)},
		"prompt error": {Args: hosts, AskSecret: func(string) (string, error) { return canary, errors.New("broken") }},
	} {
		if got := everythingShown(in); strings.Contains(got, canary) {
			t.Errorf("%s shows the secret:\n%s", name, got)
		}
	}
}

func TestCommandLineIsEchoedMasked(t *testing.T) {
	p := mustPlan(t, "--host1", "h.example.org", "--password1", "x1", "--PassWord2=x2", "--oauthaccesstoken1", "x3", "--dry", "--folder", "password1")
	want := "--host1 h.example.org --password1 MASKED --PassWord2=MASKED --oauthaccesstoken1 MASKED --dry --folder password1"
	if got := strings.Join(p.CommandLine, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzScan(f *testing.F) {
	f.Add("--host1 x --password1 secret -- --x", false)
	f.Add("--password1=secret --pass secret +dry -", true)
	f.Add("-delete 2 --sslargs1 a=b --maxage 1_0.5 --no-ssl1", false)
	vocab := newVocabulary(Table)
	f.Fuzz(func(t *testing.T, line string, posix bool) {
		args := strings.Split(line, " ")
		got := scan(vocab, args, posix)
		if len(got.masked) != len(args) || len(got.leftovers) != len(got.leftoversShown) {
			t.Fatalf("%q: %d masked, %d and %d leftovers", args, len(got.masked), len(got.leftovers), len(got.leftoversShown))
		}
		// A value that was taken for a secret is nowhere in what is shown of its place.
		for _, g := range got.given {
			if !g.opt.Secret || len(g.value) < 6 || strings.Count(line, g.value) != 1 {
				continue
			}
			for _, m := range append(got.masked, got.warnings...) {
				if strings.Contains(m, g.value) {
					t.Fatalf("%q: %q is shown in %q", args, g.value, m)
				}
			}
		}
	})
}
