package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

func parsedWith(t *testing.T, environ []string, args ...string) (*plan.Plan, *Outcome) {
	t.Helper()
	return Parse(Input{Args: args, Environ: environ, Now: time.Now()})
}

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "move.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const twoProfiles = `
host1 = "imap.file.example.org"
host2 = "two.file.example.org"
Port1 = 1143
exclude = ["^Junk$", "^Trash, old$"]
maxsize = "10M"
dry = true
sslargs1 = { SSL_version = "TLSv1_2" }

[profiles.night]
user1 = "night"
dry = false
max-bytes-per-second = 500_000

[profiles.day]
user1 = "day"
`

// Each option counts as it stands in the first of command line, environment, profile
// and file that has it.
func TestLayers(t *testing.T) {
	t.Parallel()
	path := written(t, twoProfiles)
	env := []string{"IMAPHAUL_HOST2=two.env.example.org", "IMAPHAUL_PORT1=2143", "IMAPHAUL_USER2=env", "IMAPHAUL_FOLDER=A\nB, C", "IMAPHAUL_JUSTCONNECT=1", "HOME=/x"}
	p, out := parsedWith(t, env, "--config", path, "--profile", "night", "--port1", "3143")
	if out != nil {
		t.Fatal(out.Stderr + out.Stdout)
	}
	if p.Host1.Host != "imap.file.example.org" || p.Host2.Host != "two.env.example.org" || p.Host1.Port != 3143 || p.Host1.User != "night" || p.Host2.User != "env" {
		t.Errorf("%+v %+v", p.Host1, p.Host2)
	}
	if p.Dry {
		t.Error("the profile does not take --dry off")
	}
	if got := p.Folders.Only; !slices.Equal(got, []string{"A", "B, C"}) {
		t.Errorf("folders: %q", got)
	}
	if p.Selection.MaxSize == nil || *p.Selection.MaxSize != 10<<20 || p.Limits.MaxBytesPerSecond != 500_000 || len(p.Folders.Exclude) != 2 {
		t.Errorf("%+v %+v %d", p.Selection, p.Limits, len(p.Folders.Exclude))
	}
	// A list that is given nearer takes the place of the one further away.
	p, out = parsedWith(t, env, "--config", path, "--exclude", "^Spam$", "--nodry")
	if out != nil {
		t.Fatal(out.Stderr + out.Stdout)
	}
	if len(p.Folders.Exclude) != 1 || p.Dry || p.Host1.User != "" {
		t.Errorf("%d %v %q", len(p.Folders.Exclude), p.Dry, p.Host1.User)
	}
}

// A password that is given nearer takes the place of every other way to log in, and no
// secret is shown.
func TestLayersOfSecrets(t *testing.T) {
	t.Parallel()
	path := written(t, "host1 = \"a\"\nhost2 = \"b\"\nuser1 = \"u\"\nuser2 = \"u\"\nsecret1 = \"env:MINE\"\nsecret2 = \"env:MINE\"\n")
	p, out := parsedWith(t, []string{"IMAPHAUL_PASSWORD2=canary", "MINE=other"}, "--config", path, "--password1", "third")
	if out != nil {
		t.Fatal(out.Stderr + out.Stdout)
	}
	if p.Host1.Password.Reveal() != "third" || p.Host2.Password.Reveal() != "canary" {
		t.Error("the wrong password counts")
	}
	for _, n := range p.Output.Notes {
		if strings.Contains(n, "canary") || strings.Contains(n, "MINE") {
			t.Errorf("%q", n)
		}
	}
}

// What is wrong is told with file, key and remedy, and ends the run before it begins.
func TestConfigRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"hots1 = \"a\"\n":                                  "there is no option --hots1. Did you mean host1?",
		"password1 = \"canary\"\n":                         "a secret does not belong in this file",
		"oauthaccesstoken2 = \"canary\"\n":                 "a secret does not belong in this file",
		"proxy1 = \"socks5://u:canary@p:1\"\n":             "a secret does not belong in this file",
		"port1 = \"many\"\n":                               "Value \"many\" invalid for option port1",
		"port1 = true\n":                                   "it takes a value, such as 100, and not true or false",
		"port1 = [1, 2]\n":                                 "it takes one value",
		"dry = \"perhaps\"\n":                              "neither on nor off",
		"host1 = \n":                                       "line 1 is not TOML",
		"host1 = \"a\"\nhost1 = \"b\"\n":                   "not TOML",
		"config = \"x\"\n":                                 "a file can not name another one",
		"[profiles.other]\nhost1 = \"a\"\n":                "It has other",
		"password1 = canary\n":                             "behind the = there is no value",
		"password1 = \"canary\n":                           "a text has no quote at its end",
		"password1 = \"a\\qcanary\"\n":                     "line 1 is not TOML",
		"password1 = 9canary\n":                            "line 1 is not TOML",
		"password1 = 20261-canary\n":                       "line 1 is not TOML",
		"canary\n":                                         "line 1 is not TOML",
		"[canary\n":                                        "is not TOML",
		"password2 = 12\n":                                 "passfile2 =",
		"oauthdirect1 = \"canary\"\n":                      "oauthdirect1 = \"FILE\"",
		"proxy2 = \"http://u:canary@p:1\"\n":               "IMAPHAUL_PROXY2",
		"maxsize = \"lots\"\n":                             "Give bytes, or a size such as",
		"profiles = 3\n":                                   "profiles is no table",
		"[profiles.mine.deeper]\nhost1 = \"a\"\n":          "there is no option --deeper",
		"exclude = [[\"a\"]]\n":                            "neither a text nor a number",
		"maxsize = \"10Q\"\n":                              "10Q",
		"[host1]\nname = \"a\"\n":                          "it takes a value and not a table",
		"user1 = \"\"\"\ncanary\n\"\"\"\nport1=\"canary\"": "invalid for option port1",
	} {
		_, out := parsedWith(t, nil, "--config", written(t, text), "--profile", "mine")
		if out == nil || out.Code == 0 {
			t.Errorf("%q is accepted", text)
			continue
		}
		if !strings.Contains(out.Stderr, want) || !strings.Contains(out.Stderr, "--config") && !strings.Contains(out.Stderr, "--profile") {
			t.Errorf("%q: %s", text, out.Stderr)
		}
		if strings.Contains(out.Stderr, "..\n") || strings.Contains(out.Stderr, "?.") {
			t.Errorf("%q: two signs at the end of a sentence: %s", text, out.Stderr)
		}
		if strings.Contains(text, "canary") && !strings.HasPrefix(text, "user1") && strings.Contains(out.Stderr, "canary") {
			t.Errorf("%q: the secret is shown: %s", text, out.Stderr)
		}
	}
	if _, out := parsedWith(t, nil, "--config", filepath.Join(t.TempDir(), "none")); out == nil || out.Code != exitNoInput {
		t.Errorf("%+v", out)
	}
	// A number that a TOML reader repeats is a secret as well.
	if _, out := parsedWith(t, nil, "--config", written(t, "password1 = 98765432109876543210\n")); out == nil || strings.Contains(out.Stderr, "98765432109876543210") {
		t.Errorf("%+v", out)
	}
	// Profiles of which none is chosen are told.
	if p, out := parsedWith(t, nil, "--config", written(t, "host1 = \"h\"\n[profiles.mine]\nuser1 = \"a\"\n")); out != nil || !strings.Contains(strings.Join(p.Output.Notes, "\n"), "--profile NAME") {
		t.Errorf("%+v %+v", p, out)
	}
	if _, out := parsedWith(t, nil, "--profile", "x"); out == nil || !strings.Contains(out.Stderr, "Add --config FILE") {
		t.Errorf("%+v", out)
	}
}

// A variable that is wrong is named; one that is no option is told and does no harm.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	if _, out := parsedWith(t, []string{"IMAPHAUL_PORT1=many"}, "--dry"); out == nil || !strings.Contains(out.Stderr, "environment variable IMAPHAUL_PORT1") {
		t.Errorf("%+v", out)
	}
	p, out := parsedWith(t, []string{"IMAPHAUL_HOTS1=a", "IMAPHAUL_GOOGLE_CLIENT=x", "IMAPHAUL_OAUTH_CLIENT_SECRET=x", "IMAPHAUL_DRY=no", "IMAPHAUL_HELP=0", "IMAPHAUL_USER1=", "IMAPHAUL_MAX_SIZE=5"}, "--host1", "h")
	if out != nil {
		t.Fatal(out.Stderr + out.Stdout)
	}
	text := strings.Join(p.Output.Notes, "\n")
	if !strings.Contains(text, "IMAPHAUL_HOTS1 is not used") || !strings.Contains(text, "did you mean IMAPHAUL_HOST1?") || strings.Contains(text, "CLIENT") || p.Dry || p.Selection.MaxSize == nil {
		t.Errorf("%s %v %v", text, p.Dry, p.Selection)
	}
	// Nothing on the command line, and all of it in the environment.
	if p, out := parsedWith(t, []string{"IMAPHAUL_HOST1=h", "IMAPHAUL_JUSTBANNER=1"}); out != nil || p.Host1.Host != "h" || p.Mode != plan.ModeJustBanner {
		t.Errorf("%+v %+v", p, out)
	}
	if _, out := parsedWith(t, []string{"IMAPHAUL_NOSUCH=1"}); out == nil || out.Code != 0 {
		t.Errorf("%+v", out)
	}
}

// The rows of a batch have what the batch has from file and environment, once.
func TestLayersOfBatch(t *testing.T) {
	t.Parallel()
	path := written(t, twoProfiles+"jobs = 3\n")
	env := []string{"IMAPHAUL_JOBS=4", "IMAPHAUL_PORT2=2143", "IMAPHAUL_EXCLUDE=^Env$"}
	_, out := parsedWith(t, env, "batch", "users.csv", "--config", path, "--profile", "day", "--port2", "3143")
	if out == nil || out.Batch == nil {
		t.Fatalf("%+v", out)
	}
	if out.Batch.Jobs != 4 || !slices.Contains(out.Batch.Args, "--port2=3143") || !slices.Contains(out.Batch.Args, "--exclude=^Env$") || slices.ContainsFunc(out.Batch.Args, func(s string) bool { return strings.HasPrefix(s, "--config") || strings.Contains(s, "Junk") }) {
		t.Errorf("%+v", out.Batch)
	}
	row := ParseRow(Input{Environ: env, Now: time.Now()}, RowOptions{All: out.Batch.Args, SecretDirs: []string{"/dev"}}, []string{"--host1=h", "--user1=u", "--user2=u", "--passfile1=/dev/null", "--passfile2=/dev/null"})
	for _, problem := range row.Problems {
		if !strings.Contains(problem, "first line is empty") {
			t.Errorf("%s", problem)
		}
	}
	row = ParseRow(Input{Environ: env, Now: time.Now()}, RowOptions{All: out.Batch.Args, AllowCommands: true}, []string{"--config=" + path})
	if len(row.Problems) == 0 || !strings.Contains(row.Problems[0], "--config in a row") {
		t.Errorf("%q", row.Problems)
	}
}
