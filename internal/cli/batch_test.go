package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
	out := parseBatch("list.csv", "--host1=a", "-nossl1", "--automap", "--auto", "--JOBS", "7", "--order=Large", "--rows", "3-9,12", "--only", "^a@", "--host2", "b", "--password1", "geheim",
		"--loginsfirst", "--retryf", "--webhook", "http://127.0.0.1:8/x", "--exclude", "^x", "--dry")
	x := out.Batch
	if x == nil {
		t.Fatalf("%+v", out)
	}
	if want := []string{"--host1=a", "--nossl1", "--automap", "--host2=b", "--password1=geheim", "--exclude=^x", "--dry"}; !reflect.DeepEqual(x.Args, want) {
		t.Errorf("%q", x.Args)
	}
	if x.Jobs != 7 || x.Order != OrderLarge || !x.LoginsFirst || !x.RetryFailed || x.Fresh || !reflect.DeepEqual(x.Rows, [][2]int{{3, 9}, {12, 12}}) || !x.Only.MatchString("a@b") || !x.Plan.Dry || !x.Auto {
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
	for _, args := range [][]string{{"--prefix2", ""}, {"--pidfile", "", "--password1", ""}, {"--prefix1", "", "--sep1", "/"}} {
		x := parseBatch(append([]string{"l", "--host1=h", "--host2=g"}, args...)...).Batch
		r := ParseRow(Input{Now: time.Unix(1e9, 0)}, RowOptions{All: x.Args}, []string{"--user1=a", "--password1=p", "--user2=b", "--password2=q"})
		if r.Plan == nil || r.Plan.Host1.Password.Reveal() != "p" {
			t.Errorf("%q: %q", args, r.Problems)
		}
	}
	all := []string{"--host1=h", "--host2=g", "--passfile1=" + file, "--password2=common"}
	in := Input{Now: time.Unix(1e9, 0), Environ: []string{"IMAPSYNC_PASSWORD2=environ"}}
	for _, c := range []struct {
		row    []string
		p1, p2 string
	}{
		{[]string{"--user1=a", "--user2=b"}, "from a file", "environ"},
		{[]string{"--user1=a", "--password1=own", "--user2=b"}, "own", "environ"},
		{[]string{"--user1=a", "--passfile1=" + file, "--user2=b"}, "from a file", "environ"},
		{[]string{"--user1=a", "--user2=b", "--password2=own"}, "from a file", "own"},
		{[]string{"--user1=a", "--user2=b", "--passfile2=" + file}, "from a file", "from a file"},
	} {
		r := ParseRow(in, RowOptions{All: all, SecretDirs: []string{filepath.Dir(file)}}, c.row)
		p := r.Plan
		if len(r.Problems) > 0 {
			t.Fatal(r.Problems)
		}
		if got := p.Host1.Password.Reveal(); got != c.p1 {
			t.Errorf("%q: password1 %q", c.row, got)
		}
		if got := p.Host2.Password.Reveal(); got != c.p2 {
			t.Errorf("%q: password2 %q", c.row, got)
		}
		if strings.Contains(strings.Join(r.Masked, " "), "own") {
			t.Error(r.Masked)
		}
	}
	for _, row := range [][]string{
		{"--user1=a"}, {"--user1=a", "--user2=b", "--pipemess=cat"}, {"--user1=a", "--user2=b", "--secret1=cmd:cat x"}, {"--user1=a", "--user2=b", "--savedir=x"},
		{"--user1=a", "--user2=b", "--json=x"}, {"--user1=a", "--user2=b", "--metrics=:9"}, {"--user1=a", "--user2=b", "--help"}, {"--user1=a", "--user2=b", "--printmap=tsv"}, {"--user1=a", "--user2=b", "loose"}, {"--user1=a", "--user2=b", "--maxsize=x"},
		{"--user1=a", "--user2=b", "--oauthrefreshcmd2=x"}, {"--user1=a", "--user2=b", "--logf=x"},
	} {
		if r := ParseRow(in, RowOptions{All: all}, row); r.Plan != nil || len(r.Problems) == 0 {
			t.Errorf("%q is taken", row)
		}
	}
	// All that is wrong is told at once, and nothing that the row does say is missed.
	for _, c := range []struct {
		row   []string
		wants []string // in this order
		lacks int      // of them
	}{
		{[]string{"--nonsense", "loose", "--pipemess=cat", "--maxsize=x", "--sep1="}, []string{"nonsense", `"x" invalid`, "sep1 requires", "loose", "--pipemess in a row", "it lacks --host1 --user1 --host2 --user2", "no password for user1.", "no password for user2."}, 3},
		{[]string{"--host1=h", "--user1=a", "--host2=g", "--nonsense", "--regextrans2=x", "--authmech2=Y"}, []string{"nonsense", "--authmech2 Y", "regextrans2", "it lacks --user2", "no password for user1.", "no password for user2."}, 3},
		{[]string{"--host1=h", "--user1=a", "--passfile1=none", "--password2=q", "--maxage=-1"}, []string{"--passfile1 none", "maxage", "it lacks --host2 --user2"}, 1},
		{[]string{"--host1=h", "--user1=a", "--host2=g", "--user2=b", "--oauthaccesstoken1=t", "--secret2=cmd:echo"}, []string{"--secret2 in a row"}, 0},
		{[]string{"--host1=h", "--user1=a", "--host2=g", "--user2=b", "--authmech1=XOAUTH2"}, []string{"--authmech1 XOAUTH2", "no password for user2."}, 1},
	} {
		fetched := 0
		r := ParseRow(Input{Now: time.Unix(1e9, 0), FetchSecret: func(string, string) (string, error) { fetched++; return "x", nil }}, RowOptions{}, c.row)
		said := strings.Join(r.Problems, "\n")
		if r.Plan != nil || r.Refused == nil || len(r.Problems) != len(c.wants) || len(r.Lacks) != c.lacks || fetched > 0 {
			t.Errorf("%q: %d problems of %d, lacks %q\n%s", c.row, len(r.Problems), len(c.wants), r.Lacks, said)
		}
		at := 0
		for _, w := range c.wants {
			i := strings.Index(said[at:], w)
			if i < 0 {
				t.Errorf("%q: no %q in\n%s", c.row, w, said[at:])
				break
			}
			at += i
		}
	}
	if r := ParseRow(in, RowOptions{All: all, AllowCommands: true}, []string{"--user1=a", "--user2=b", "--pipemess=cat", "--logf=x"}); r.Plan == nil || !slices.Contains(r.Own, "logfile") {
		t.Error(r.Problems, r.Own)
	}
	// Presets give way to what is said for all rows, and in the row.
	presets := AutoOptions([2]string{"", "office365"})
	if r := ParseRow(in, RowOptions{All: all, Presets: presets}, []string{"--user1=a", "--user2=b"}); r.Plan == nil || !r.Plan.Folders.Automap || r.Plan.Selection.MaxSize == nil || *r.Plan.Selection.MaxSize != 36700160 {
		t.Errorf("%+v %q", r.Plan, r.Problems)
	}
	if r := ParseRow(in, RowOptions{All: append(all, "--noautomap"), Presets: presets}, []string{"--user1=a", "--user2=b", "--maxsize=7"}); r.Plan == nil || r.Plan.Folders.Automap || *r.Plan.Selection.MaxSize != 7 {
		t.Errorf("%+v %q", r.Plan, r.Problems)
	}
}

func TestColumns(t *testing.T) {
	for name, want := range map[string]string{"user1": "user1", "token2": "oauthaccesstoken2", "folder": "folder", "delete": "delete1", "ssl1": "ssl1", "nossl1": "", "colour": "", "options": ""} {
		if got, _, _, _ := Column(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	const labels = `--regextrans2=s,^\[(Gmail|Google Mail)\].,,`
	for text, want := range map[string][]string{
		"Gmail -> Dovecot": {"--provider1=gmail", labels}, "cpanel->m365": {"--provider1=cpanel", "--provider2=office365"},
		"any->Office": {"--provider2=office365"}, "workspace->gmail": {"--provider1=gmail", "--provider2=gmail"}, "cyrus->mox": nil,
	} {
		if args, err := mapPresets(text); err != nil || !reflect.DeepEqual(args, want) {
			t.Errorf("%s: %q %v", text, args, err)
		}
	}
	for _, text := range []string{"gmail", "gmail->", "->gmail", "gmial->dovecot", "gmail->dovecto"} {
		if args, err := mapPresets(text); err == nil {
			t.Errorf("%s: %q", text, args)
		}
	}
}

// A text for any width has no line that is wider, but for words that are.
func TestBatchUsageFits(t *testing.T) {
	for _, width := range []int{30, 36, 49, 50, 80, 140} {
		for line := range strings.Lines(BatchUsage(width)) {
			line = strings.TrimSuffix(line, "\n")
			if len(line) > width && len(strings.Fields(line)) > 1 {
				t.Errorf("%d: %q", width, line)
			}
		}
	}
}
