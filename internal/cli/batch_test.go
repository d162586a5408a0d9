package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func parseBatch(args ...string) *Outcome {
	p, out := Parse(Input{Args: append([]string{"batch"}, args...), Now: time.Unix(1e9, 0)})
	if p != nil {
		panic("a batch is no plan of one run")
	}
	return out
}

func TestBatchArguments(t *testing.T) {
	out := parseBatch("list.csv", "--host1=a", "-nossl1", "--auto", "--JOBS", "7", "--order=Large", "--rows", "3-9,12", "--only", "^a@", "--host2", "b", "--password1", "geheim",
		"--loginsfirst", "--retryf", "--webhook", "http://127.0.0.1:8/x", "--exclude", "^x", "--dry")
	x := out.Batch
	if x == nil {
		t.Fatalf("%+v", out)
	}
	if want := []string{"--host1=a", "--nossl1", "--automap", "--host2=b", "--password1=geheim", "--exclude=^x", "--dry"}; !reflect.DeepEqual(x.Args, want) {
		t.Errorf("%q", x.Args)
	}
	if x.Jobs != 7 || x.Order != OrderLarge || !x.LoginsFirst || !x.RetryFailed || x.Fresh || !reflect.DeepEqual(x.Rows, [][2]int{{3, 9}, {12, 12}}) || !x.Only.MatchString("a@b") || !x.Plan.Dry {
		t.Errorf("%+v", x)
	}
	if line := strings.Join(x.Plan.CommandLine, " "); strings.Contains(line, "geheim") || strings.Contains(line, "127.0.0.1:8/x") {
		t.Error(line)
	}
}

func TestBatchArgumentsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--jobs", "3"}, "the list comes first"},
		{[]string{"l", "--jobs", "0"}, "--jobs 0"},
		{[]string{"l", "--order", "fast"}, "--order"},
		{[]string{"l", "--rows", "9-3"}, "--rows"},
		{[]string{"l", "--rows", "x"}, "--rows"},
		{[]string{"l", "--only", "("}, "--only"},
		{[]string{"l", "--webhook", "http://example.org/"}, "in the clear"},
		{[]string{"l", "--webhook", "ftp://example.org/"}, "--webhook"},
		{[]string{"l", "--map", "gmail"}, "--map"},
		{[]string{"l", "--logfile", "x"}, "--logfile"},
		{[]string{"l", "--abort"}, "--abort"},
		{[]string{"l", "--delete", "2"}, "--delete2"},
		{[]string{"l", "--nonsense"}, "nonsense"},
		{[]string{"l", "--maxsize", "-3"}, "--maxsize"},
		{[]string{"l", "x"}, "extra arguments"},
	} {
		out := parseBatch(c.args...)
		if out.Code != exitUsage || !strings.Contains(out.Stdout+out.Stderr, c.want) || strings.Contains(out.Stderr, "example.org") {
			t.Errorf("%q: %d %q %q", c.args, out.Code, out.Stdout, out.Stderr)
		}
	}
	for _, help := range []string{"--help", "-h", "help"} {
		if out := parseBatch(help); out.Code != 0 || !strings.Contains(out.Stdout, "--loginsfirst") {
			t.Errorf("%+v", out)
		}
	}
}

func TestParseRow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := []string{"--host1=h", "--host2=g", "--passfile1=" + file, "--password2=common"}
	in := Input{Now: time.Unix(1e9, 0), Environ: []string{"IMAPSYNC_PASSWORD2=environ"}}
	for _, c := range []struct {
		row    []string
		p1, p2 string
	}{
		{[]string{"--user1=a", "--user2=b"}, "from a file", "environ"},
		{[]string{"--user1=a", "--password1=own", "--user2=b"}, "own", "environ"},
		{[]string{"--user1=a", "--user2=b", "--password2=own"}, "from a file", "own"},
		{[]string{"--user1=a", "--user2=b", "--passfile2=" + file}, "from a file", "from a file"},
	} {
		p, masked, problems := ParseRow(in, RowOptions{All: all}, c.row)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if got := p.Host1.Password.Reveal(); got != c.p1 {
			t.Errorf("%q: password1 %q", c.row, got)
		}
		if got := p.Host2.Password.Reveal(); got != c.p2 {
			t.Errorf("%q: password2 %q", c.row, got)
		}
		if strings.Contains(strings.Join(masked, " "), "own") {
			t.Error(masked)
		}
	}
	for _, row := range [][]string{
		{"--user1=a"}, {"--user1=a", "--user2=b", "--pipemess=cat"}, {"--user1=a", "--user2=b", "--secret1=cmd:cat x"}, {"--user1=a", "--user2=b", "--savedir=x"},
		{"--user1=a", "--user2=b", "--json=x"}, {"--user1=a", "--user2=b", "--help"}, {"--user1=a", "--user2=b", "--printmap=tsv"}, {"--user1=a", "--user2=b", "loose"}, {"--user1=a", "--user2=b", "--maxsize=x"},
		{"--user1=a", "--user2=b", "--oauthrefreshcmd2=x"}, {"--user1=a", "--user2=b", "--logf=x"},
	} {
		if p, _, problems := ParseRow(in, RowOptions{All: all}, row); p != nil || len(problems) == 0 {
			t.Errorf("%q is taken", row)
		}
	}
	if p, _, problems := ParseRow(in, RowOptions{All: all, AllowCommands: true}, []string{"--user1=a", "--user2=b", "--pipemess=cat", "--logfile=x"}); p == nil {
		t.Error(problems)
	}
}

func TestColumns(t *testing.T) {
	for name, want := range map[string]string{"user1": "user1", "token2": "oauthaccesstoken2", "folder": "folder", "delete": "delete1", "ssl1": "ssl1", "nossl1": "", "colour": "", "options": ""} {
		if got, _, _, _ := Column(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if args, err := mapPresets("Gmail -> Dovecot"); err != nil || !reflect.DeepEqual(args, []string{"--gmail1"}) {
		t.Error(args, err)
	}
	if args, err := mapPresets("cpanel->m365"); err != nil || !reflect.DeepEqual(args, []string{"--office2"}) {
		t.Error(args, err)
	}
}
