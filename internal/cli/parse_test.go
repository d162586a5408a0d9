package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/plan"
)

var start = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// accounts are arguments with which a whole sync is possible.
var accounts = []string{
	"--host1", "imap1.example.org", "--user1", "alice", "--password1", "pw1",
	"--host2", "imap2.example.org", "--user2", "bob", "--password2", "pw2",
}

func parse(args ...string) (*plan.Plan, *Outcome) {
	return Parse(Input{Args: args, Now: start, Version: "1.2.3", ReadMap: readMap})
}

// readMap stands in for the reader of mappings: pairs as from=to, a line each.
func readMap(r io.Reader) ([]plan.MapPair, error) {
	var pairs []plan.MapPair
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		from, to, ok := strings.Cut(lines.Text(), "=")
		if !ok {
			return nil, fmt.Errorf("line %d: no pair", n)
		}
		pairs = append(pairs, plan.MapPair{From: from, To: to})
	}
	return pairs, lines.Err()
}

// mustPlan parses arguments that are right.
func mustPlan(t *testing.T, args ...string) *plan.Plan {
	t.Helper()
	p, out := parse(args...)
	if out != nil {
		t.Fatalf("%q: exit %d\n%s%s", args, out.Code, out.Stdout, out.Stderr)
	}
	return p
}

// What imapsync 2.229 says and ends with for command lines that are no run.
func TestOutcomes(t *testing.T) {
	const quoting = "It usually means a quoting issue in the command line or some misspelling options.\n"
	for _, tc := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"version", []string{"--version"}, 0, "1.2.3\n", ""},
		{"version abbreviated", []string{"-vers"}, 0, "1.2.3\n", ""},
		{"version wins over help", []string{"--help", "--version"}, 0, "1.2.3\n", ""},
		{"version wins over bad values", []string{"--version", "--port1", "99999"}, 0, "1.2.3\n", ""},
		{"version and an unknown option", []string{"--version", "--nonsense"}, 64, "", "Unknown option: nonsense\n"},
		{"unknown, lower-cased", []string{"--NonSense"}, 64, "", "Unknown option: nonsense\n"},
		{"unknown with value", []string{"--nonsense=5"}, 64, "", "Unknown option: nonsense\n"},
		{"ambiguous", []string{"--host", "x"}, 64,
			"Found 1 extra arguments : [x]\n" + quoting, "Option host is ambiguous (host1, host2)\n"},
		{"ambiguous", []string{"--ssl1_"}, 0, "", ""},
		{"ambiguous tls", []string{"--tls"}, 64, "", "Option tls is ambiguous (tls1, tls2)\n"},
		{"ambiguous h", []string{"--h"}, 64, "", "Option h is ambiguous (help, host1, host2)\n"},
		{"value missing at the end", []string{"--host1"}, 64, "", "Option host1 requires an argument\nWrite it as --host1 host.\n"},
		{"empty value behind =", []string{"--prefix2="}, 64, "", "Option prefix2 requires an argument\nWrite it as --prefix2 prefix.\n"},
		{"unknown suffix of a size", []string{"--maxsize", "10Q"}, 64, "", "Value \"10Q\" invalid for option maxsize (number expected)\nGive bytes, or a size such as 500K, 10M, 1.5G (powers of 1,024).\n"},
		{"minutes or months", []string{"--minage", "3m", "--maxage", "x"}, 64, "", "Value \"3m\" invalid for option minage (real number expected)\n" +
			"Value \"x\" invalid for option maxage (real number expected)\nGive days, or an age such as 12h, 30d, 2w, 6mo, 1y.\n"},
		{"no suffix where no size is meant", []string{"--errorsmax", "10K"}, 64, "", "Value \"10K\" invalid for option errorsmax (number expected)\nGive a number, such as 100.\n"},
		{"the beginning of a name", []string{"--dryrun", "--dry-run"}, 64, "", "Unknown option: dryrun\nUnknown option: dry-run\nDid you mean --dry?\nDid you mean --dry?\n"},
		{"version as a word", []string{"version"}, 0, "1.2.3\n", ""},
		{"bad int, completed name", []string{"--maxsi", "1e3"}, 64, "", "Value \"1e3\" invalid for option maxsize (number expected)\nGive bytes, or a size such as 500K, 10M, 1.5G (powers of 1,024).\n"},
		{"hexadecimal", []string{"--maxsize", "0x8f"}, 64, "", "Value \"0x8f\" invalid for option maxsize (number expected)\nGive bytes, or a size such as 500K, 10M, 1.5G (powers of 1,024).\n"},
		{"empty int", []string{"--maxsize", ""}, 64, "", "Value \"\" invalid for option maxsize (number expected)\nGive bytes, or a size such as 500K, 10M, 1.5G (powers of 1,024).\n"},
		{"int too large", []string{"--maxsize", "99999999999999999999"}, 64, "", "Value \"99999999999999999999\" invalid for option maxsize (number expected)\nGive bytes, or a size such as 500K, 10M, 1.5G (powers of 1,024).\n"},
		{"bad float", []string{"--maxage", "5."}, 64, "", "Value \"5.\" invalid for option maxage (real number expected)\nGive days, or an age such as 12h, 30d, 2w, 6mo, 1y.\n"},
		{"comma in a float", []string{"--maxage", "1,5"}, 64, "", "Value \"1,5\" invalid for option maxage (real number expected)\nGive days, or an age such as 12h, 30d, 2w, 6mo, 1y.\n"},
		{"letter in a float", []string{"--maxage", "1h5"}, 64, "", "Value \"1h5\" invalid for option maxage (real number expected)\nGive days, or an age such as 12h, 30d, 2w, 6mo, 1y.\n"},
		{"value on a switch", []string{"--debug=1"}, 64, "", "Option debug does not take an argument\n"},
		{"hash without =", []string{"--sslargs1", "SSL_version"}, 64, "", "Option sslargs1, key \"SSL_version\", requires a value\n"},
		{"plain flags have no negation", []string{"--nogmail1", "--no-abort", "--noversion"}, 64, "",
			"Unknown option: nogmail1\nUnknown option: no-abort\nUnknown option: noversion\n"},
		{"an option as the value of another one", []string{"--logfile", "--host1", "a"}, 64, "Found 1 extra arguments : [a]\n" +
			"It usually means a quoting issue in the command line or some misspelling options.\n",
			"Warning: the value of --logfile is --host1, which is the name of an option. If a value is missing, give it; an empty one is --logfile \"\".\n"},
		{"literal no options have no hyphen", []string{"--no-exclude"}, 64, "", "Unknown option: no-exclude\nDid you mean --noexclude?\n"},
		{"leftovers", []string{"a", "--dry", "b", "c"}, 64, "Found 3 extra arguments : [a b c]\n" + quoting, ""},
		{"leftovers behind --", []string{"--dry", "--", "--host1", "x"}, 64, "Found 2 extra arguments : [--host1 x]\n" + quoting, ""},
		{"all warnings, then leftovers", []string{"--foo", "--debug=1", "stray"}, 64,
			"Found 1 extra arguments : [stray]\n" + quoting, "Unknown option: foo\nOption debug does not take an argument\n"},
		{"delete 2", []string{"--delete", "2", "--nonsense"}, 64, "May be you mean --delete2 instead of --delete 2\n", ""},
		{"delete 2x", []string{"-delete", "2folders"}, 64, "May be you mean --delete2 instead of --delete 2\n", ""},
		{"first leftover empty", []string{"", "junk"}, 0, "", ""},
		{"first leftover 0", []string{"0", "junk"}, 0, "", ""},
		{"later leftover empty", []string{"junk", ""}, 64, "Found 2 extra arguments : [junk ]\n" + quoting, ""},
		{"single empty argument", []string{""}, 0, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, out := parse(tc.args...)
			if tc.name == "ambiguous" && tc.code == 0 {
				// An exact name or a unique one is never ambiguous.
				if out == nil || out.Stderr != "Option ssl1_ssl_version requires an argument\nWrite it as --ssl1_ssl_version version.\n" {
					t.Errorf("%q: %+v", tc.args, out)
				}
				return
			}
			if out == nil {
				out = &Outcome{}
			}
			want := Outcome{Code: tc.code, Stdout: tc.stdout, Stderr: tc.stderr}
			if diff := cmp.Diff(want, *out); diff != "" {
				t.Errorf("%q: -want +got\n%s", tc.args, diff)
			}
		})
	}
}

func TestNoArgumentsPrintTheUsage(t *testing.T) {
	_, out := parse()
	_, help := parse("--help")
	if out == nil || out.Code != 0 || out.Stderr != "" || !strings.Contains(out.Stdout, "OPTIONS") {
		t.Fatalf("%+v", out)
	}
	if diff := cmp.Diff(out, help); diff != "" {
		t.Errorf("no arguments and --help differ:\n%s", diff)
	}
}

// Spellings of options and numbers that Getopt::Long takes.
func TestSpellings(t *testing.T) {
	type want struct {
		what string
		got  func(*plan.Plan) any
		is   any
	}
	host1 := func(p *plan.Plan) any { return p.Host1.Host }
	dry := func(p *plan.Plan) any { return p.Dry }
	for _, tc := range []struct {
		args []string
		want want
	}{
		{[]string{"--host1", "x.example.org"}, want{"host", host1, "x.example.org"}},
		{[]string{"-host1", "x.example.org"}, want{"host", host1, "x.example.org"}},
		{[]string{"+host1", "x.example.org"}, want{"host", host1, "x.example.org"}},
		{[]string{"--HOST1", "x.example.org"}, want{"host", host1, "x.example.org"}},
		{[]string{"--host1=x.example.org"}, want{"host", host1, "x.example.org"}},
		{[]string{"-host1=x.example.org"}, want{"host", host1, "x.example.org"}},
		{[]string{"--host1", "a", "--host1", "b"}, want{"last wins", host1, "b"}},
		{[]string{"--host1", " my host/ "}, want{"blanks and slashes go", host1, "myhost"}},
		{[]string{"--user1", " alice "}, want{"user", func(p *plan.Plan) any { return p.Host1.User }, "alice"}},
		{[]string{"--user1", "--password2"}, want{"a string eats anything", func(p *plan.Plan) any { return p.Host1.User }, "--password2"}},
		{[]string{"--dry"}, want{"dry", dry, true}},
		{[]string{"--dry", "--nodry"}, want{"dry", dry, false}},
		{[]string{"--dry", "--no-dry"}, want{"dry", dry, false}},
		{[]string{"--no-DRY", "--Dry"}, want{"dry", dry, true}},
		{[]string{"--delete"}, want{"delete", func(p *plan.Plan) any { return p.Deletion.Delete1 }, true}},
		{[]string{"--expunge"}, want{"expunge", func(p *plan.Plan) any { return p.Deletion.Expunge1 }, true}},
		{[]string{"--subscribe_all"}, want{"alias", func(p *plan.Plan) any { return p.Folders.SubscribeAll }, true}},
		{[]string{"--folder", "a", "--folder", "b", "--folder=a"}, want{"list", func(p *plan.Plan) any { return strings.Join(p.Folders.Only, " ") }, "a b a"}},
		{[]string{"--prefix2", ""}, want{"empty value", func(p *plan.Plan) any { return *p.Folders.Prefix2 }, ""}},
		{[]string{"--maxsize", "45_000_000"}, want{"int", func(p *plan.Plan) any { return *p.Selection.MaxSize }, int64(45000000)}},
		{[]string{"--maxsize", "+5"}, want{"int", func(p *plan.Plan) any { return *p.Selection.MaxSize }, int64(5)}},
		{[]string{"--maxage", "1e2"}, want{"float", func(p *plan.Plan) any { return *p.Selection.MaxAge }, 100.0}},
		{[]string{"--maxage", ".5"}, want{"float", func(p *plan.Plan) any { return *p.Selection.MaxAge }, 0.5}},
		{[]string{"--maxage", "1_0.5"}, want{"float", func(p *plan.Plan) any { return *p.Selection.MaxAge }, 10.5}},
		{[]string{"--maxmessages", "7"}, want{"abbreviation", func(p *plan.Plan) any { return p.Limits.MaxMessagesPerSecond }, 7.0}},
		{[]string{"--sslargs1", "SSL_version=TLSv1_2", "--sslargs1", "SSL_version=TLSv1_3"}, want{"hash", func(p *plan.Plan) any { return p.Host1.MinTLS }, "1.3"}},
		{[]string{"--f1f2", "a=b=c"}, want{"first =", func(p *plan.Plan) any { return p.Folders.Map[0] }, plan.MapPair{From: "a", To: "b=c"}}},
		{[]string{"--fixinboxINBOX", "--nofixInboxINBOX"}, want{"case", func(p *plan.Plan) any { return p.Folders.FixInbox }, false}},
	} {
		p := mustPlan(t, tc.args...)
		if got := tc.want.got(p); got != tc.want.is {
			t.Errorf("%q: %s is %v, want %v", tc.args, tc.want.what, got, tc.want.is)
		}
	}
}

func TestPosixlyCorrect(t *testing.T) {
	env := []string{"POSIXLY_CORRECT="}
	for _, tc := range []struct {
		args   []string
		stdout string
		stderr string
	}{
		{[]string{"--vers"}, "", "Unknown option: vers\n"},
		{[]string{"+host1", "x"}, "Found 2 extra arguments : [+host1 x]", ""},
		{[]string{"--dry", "x", "--nonsense"}, "Found 2 extra arguments : [x --nonsense]", ""},
		{[]string{"-passwd=geheim"}, "", "Unknown option: passwd=MASKED\n"},
	} {
		_, out := Parse(Input{Args: tc.args, Environ: env})
		if out == nil || out.Code != 64 || !strings.HasPrefix(out.Stdout, tc.stdout) || out.Stderr != tc.stderr {
			t.Errorf("%q: %+v", tc.args, out)
		}
	}
}

// Whatever is wrong with values is told before anything is connected.
func TestWrongValues(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(empty+"x", []byte("no table\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(dir, "gone")
	for _, tc := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"--port1", "0"}, 64, []string{"--port1 0", "65535"}},
		{[]string{"--port2", "70000"}, 64, []string{"--port2 70000"}},
		{[]string{"--maxsize", "-1"}, 64, []string{"--maxsize -1"}},
		{[]string{"--minsize", "10", "--maxsize", "10"}, 64, []string{"--minsize 10 and --maxsize 10"}},
		{[]string{"--maxage", "-1"}, 64, []string{"--maxage -1"}},
		{[]string{"--timeout", "-1"}, 64, []string{"--timeout -1"}},
		{[]string{"--timeout1", "1e300"}, 64, []string{"--timeout1 1e+300"}},
		{[]string{"--connections", "0"}, 64, []string{"--connections 0", "from 1 to 64"}},
		{[]string{"--errorsmax", "-5"}, 64, []string{"--errorsmax -5"}},
		{[]string{"--ssl1", "--tls1"}, 64, []string{"--ssl1 and --tls1"}},
		{[]string{"--proxyauth1"}, 64, []string{"--proxyauth1", "--authuser1"}},
		{[]string{"--authmech2", "SCRAM-SHA-999"}, 64, []string{"--authmech2 SCRAM-SHA-999", "SCRAM-SHA-256"}},
		{[]string{"--authmech1", "xoauth2"}, 64, []string{"--oauthaccesstoken1"}},
		{[]string{"--delete1", "--delete2"}, 64, []string{"--delete1 and --delete2"}},
		{[]string{"--usecache", "--skipcrossduplicates"}, 64, []string{"--usecache and --skipcrossduplicates"}},
		{[]string{"--nousecache", "--useuid"}, 64, []string{"--nousecache and --useuid"}},
		{[]string{"--nousecache", "--noresurrect"}, 64, []string{"--nousecache and --noresurrect"}},
		{[]string{"--nousecache", "--cachedir", "x"}, 64, []string{"--cachedir"}},
		{[]string{"--quarantine2", "Q"}, 64, []string{"--quarantine2 Q", "--delete2"}},
		{[]string{"--delete2max", "150%"}, 64, []string{"--delete2max 150%"}},
		{[]string{"--delete2max", "1.5"}, 64, []string{"--delete2max 1.5"}},
		{[]string{"--delete2max", "lots"}, 64, []string{"--delete2max lots"}},
		{[]string{"--printmap", "xml"}, 64, []string{"--printmap xml", "tsv or json"}},
		{[]string{"--f1f2", "Sent"}, 64, []string{"--f1f2 'Sent'", "FROM=TO"}},
		{[]string{"--useheader", "Message-Id:"}, 64, []string{"--useheader 'Message-Id:'"}},
		{[]string{"--useheader", ""}, 64, []string{"--useheader ''"}},
		{[]string{"--include", "("}, 64, []string{"--include '('"}},
		{[]string{"--exclude", "["}, 64, []string{"--exclude '['"}},
		{[]string{"--skipheader", "("}, 64, []string{"--skipheader '('"}},
		{[]string{"--regextrans2", "x"}, 64, []string{"--regextrans2 'x'"}},
		{[]string{"--regexmess", "x"}, 64, []string{"--regexmess 'x'"}},
		{[]string{"--regexflag", "x"}, 64, []string{"--regexflag 'x'"}},
		{[]string{"--skipmess", "x"}, 64, []string{"--skipmess 'x'"}},
		{[]string{"--delete2foldersonly", "NEW"}, 64, []string{"--delete2foldersonly 'NEW'"}},
		{[]string{"--delete2foldersbutnot", ""}, 64, []string{"--delete2foldersbutnot ''"}},
		{[]string{"--nodelete2folders", "--delete2foldersonly", "/x/"}, 64, []string{"--nodelete2folders"}},
		{[]string{"--pipemess", " "}, 64, []string{"--pipemess ' '"}},
		{[]string{"--maxlinelengthcmd", "cat"}, 64, []string{"--maxlinelength"}},
		{[]string{"--norepair", "--wrapbroken"}, 64, []string{"--wrapbroken and --norepair"}},
		{[]string{"--dry1"}, 64, []string{"--dry1", "--dry"}},
		{[]string{"--search", "FROM \"a\"\r\nX"}, 64, []string{"--search:"}},
		{[]string{"--fetch_hash_set", "1:* DELETE"}, 64, []string{"--fetch_hash_set"}},
		{[]string{"--waitday"}, 64, []string{"--waitday"}},
		{[]string{"--sigexit", "KILL"}, 64, []string{"--sigexit KILL"}},
		{[]string{"--pidfile", "", "--pidfilelocking"}, 64, []string{"--pidfilelocking"}},
		{[]string{"--sslargs1", "SSL_nonsense=1"}, 64, []string{"SSL_nonsense", "SSL_ca_file"}},
		{[]string{"--sslargs1", "SSL_verify_mode=maybe"}, 64, []string{"SSL_verify_mode=maybe"}},
		{[]string{"--sslargs2", "SSL_version=SSLv3"}, 64, []string{"SSLv3"}},
		{[]string{"--sslargs2", "SSL_fingerprint=md5$00"}, 64, []string{"SSL_fingerprint"}},
		{[]string{"--sslargs2", "SSL_verifycn_scheme=none"}, 64, []string{"SSL_verifycn_scheme=none"}},
		{[]string{"--sslargs1", "SSL_key_file=" + empty}, 64, []string{"SSL_cert_file"}},
		{[]string{"--sslargs1", "SSL_cert_file=" + empty}, 64, []string{"SSL_cert_file=" + empty}},
		{[]string{"--sslargs1", "SSL_cert_file=" + gone}, 66, []string{"SSL_cert_file=" + gone}},
		{[]string{"--mapfile", empty + "x"}, 64, []string{"--mapfile " + empty + "x", "line 1"}},
		{[]string{"--ssl1_ssl_version", "TLSv9"}, 64, []string{"--ssl1_ssl_version=TLSv9"}},
		{[]string{"--emailreportfrom", "nobody"}, 64, []string{"--emailreportfrom \"nobody\"", "name@example.org"}},
		{[]string{"--passfile1", gone}, 66, []string{"--passfile1 " + gone}},
		{[]string{"--passfile2", empty}, 66, []string{"--passfile2 " + empty}},
		{[]string{"--passfile1", dir}, 66, []string{"--passfile1 " + dir}},
		{[]string{"--mapfile", gone}, 66, []string{"--mapfile " + gone}},
		{[]string{"--cafile1", gone}, 66, []string{"--cafile1 " + gone}},
		{[]string{"--cafile2", empty}, 64, []string{"--cafile2 " + empty}},
		{[]string{"--oauthaccesstoken1", gone}, 66, []string{"--oauthaccesstoken1"}},
	} {
		_, out := parse(append(tc.args, accounts...)...)
		if out == nil {
			t.Errorf("%q: accepted", tc.args)
			continue
		}
		if out.Code != tc.code || out.Stdout != "" {
			t.Errorf("%q: exit %d, want %d; stdout %q", tc.args, out.Code, tc.code, out.Stdout)
		}
		for _, s := range tc.says {
			if !strings.Contains(out.Stderr, s) {
				t.Errorf("%q: %q is not in\n%s", tc.args, s, out.Stderr)
			}
		}
		if n := strings.Count(out.Stderr, "Error: "); n != 1 {
			t.Errorf("%q: %d errors, want 1:\n%s", tc.args, n, out.Stderr)
		}
	}
}

func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	_, out := parse("--port1", "0", "--include", "(", "--delete1", "--delete2", "--passfile1", "/no/such/file", "--port2", "-1")
	if out == nil || out.Code != 64 {
		t.Fatalf("%+v", out)
	}
	for _, s := range []string{"--port1 0", "--include '('", "--delete1 and --delete2", "--passfile1 /no/such/file", "--port2 -1", "Found 5 problems"} {
		if !strings.Contains(out.Stderr, s) {
			t.Errorf("%q is not in\n%s", s, out.Stderr)
		}
	}
}

func TestSwitchingOffWhatHasNoEffectIsSilent(t *testing.T) {
	p := mustPlan(t, append(accounts, "--noreleasecheck", "--notail", "--noemailreport1", "--no-emailreport2", "--noexitonload", "--fixcolonbug")...)
	if len(p.Output.Notes) > 0 {
		t.Errorf("notes %q", p.Output.Notes)
	}
}

func TestMissingCredentialsOnlyConnect(t *testing.T) {
	p := mustPlan(t, "--host1", "imap.example.org")
	if p.Mode != plan.ModeJustConnect {
		t.Errorf("mode %s", p.Mode)
	}
	if diff := cmp.Diff([]string{"--user1", "--host2", "--user2"}, p.Missing); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(strings.Join(p.Output.Notes, "\n"), "nothing will be synced") {
		t.Errorf("notes %q", p.Output.Notes)
	}
}

func TestModes(t *testing.T) {
	for args, want := range map[string]plan.Mode{
		"":                                plan.ModeSync,
		"--justbanner --justfolders":      plan.ModeJustBanner,
		"--justlogin --justconnect":       plan.ModeJustConnect,
		"--justfolders --justlogin":       plan.ModeJustLogin,
		"--justautomap --justfolderlists": plan.ModeJustFolderLists,
		"--justautomap":                   plan.ModeJustAutomap,
		"--justfoldersizes --justfolders": plan.ModeJustFolderSizes,
		"--justfolders":                   plan.ModeJustFolders,
		"--justfolders --nojustfolders":   plan.ModeSync,
	} {
		if p := mustPlan(t, append(strings.Fields(args), accounts...)...); p.Mode != want {
			t.Errorf("%q: %s, want %s", args, p.Mode, want)
		}
	}
}

// --justfolders changes which size tables are made, unless these are asked for.
func TestFolderSizes(t *testing.T) {
	for args, want := range map[string][2]bool{
		"":                                                 {true, true},
		"--nofoldersizes":                                  {false, false},
		"--nofoldersizes --foldersizesatend":               {false, true},
		"--nofoldersizesatend":                             {true, false},
		"--justfolders":                                    {false, true},
		"--justfoldersizes --justfolders":                  {true, true},
		"--justfoldersizes --nofoldersizes":                {false, false},
		"--justfolders --foldersizes":                      {true, true},
		"--justfolders --nofoldersizes":                    {false, false},
		"--justfolders --nofoldersizesatend":               {false, false},
		"--justfolders --nofoldersizes --foldersizesatend": {false, true},
	} {
		p := mustPlan(t, append(strings.Fields(args), accounts...)...)
		if got := [2]bool{p.Folders.SizesBefore, p.Folders.SizesAfter}; got != want {
			t.Errorf("%q: before, after = %v, want %v", args, got, want)
		}
	}
}

func TestDeletionImplications(t *testing.T) {
	type d struct{ expunge1, dup, uid bool }
	for args, want := range map[string]d{
		"":                                {},
		"--delete1":                       {expunge1: true},
		"--delete1 --noexpunge1":          {},
		"--delete2":                       {dup: true, uid: true},
		"--delete2 --syncduplicates":      {uid: true},
		"--delete2 --nouidexpunge2":       {dup: true},
		"--delete2duplicates":             {dup: true, uid: true},
		"--delete2 --nodelete2duplicates": {uid: true},
		"--gmail2":                        {}, // imapsync expunges host1 here
	} {
		p := mustPlan(t, append(strings.Fields(args), accounts...)...)
		got := d{p.Deletion.Expunge1, p.Deletion.Delete2Duplicates, p.Deletion.UIDExpunge2}
		if got != want {
			t.Errorf("%q: %+v, want %+v", args, got, want)
		}
	}
}

func TestPasswordPrompt(t *testing.T) {
	args := []string{"--host1", "h1.example.org", "--user1", "alice", "--authuser1", "admin", "--host2", "h2.example.org", "--user2", "bob"}
	ask := func(answers ...string) (func(string) (string, error), *[]string) {
		var prompts []string
		return func(p string) (string, error) {
			prompts = append(prompts, p)
			if len(answers) == 0 {
				return "", io.EOF
			}
			a := answers[0]
			answers = answers[1:]
			return a, nil
		}, &prompts
	}
	t.Run("both", func(t *testing.T) {
		f, prompts := ask("one", "two")
		p, out := Parse(Input{Args: args, AskSecret: f})
		if out != nil {
			t.Fatalf("%+v", out)
		}
		if p.Host1.Password.Reveal() != "one" || p.Host2.Password.Reveal() != "two" || p.Host1.PasswordFrom != "prompt" {
			t.Error("wrong passwords")
		}
		if len(*prompts) != 2 || !strings.Contains((*prompts)[0], "admin at h1.example.org") || !strings.Contains((*prompts)[1], "bob at h2.example.org") {
			t.Errorf("prompts %q", *prompts)
		}
	})
	t.Run("end of input", func(t *testing.T) {
		f, _ := ask("one")
		if _, out := Parse(Input{Args: args, AskSecret: f}); out == nil || out.Code != 162 || !strings.Contains(out.Stderr, "user2") {
			t.Errorf("%+v", out)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		if _, out := Parse(Input{Args: args}); out == nil || out.Code != 64 {
			t.Errorf("%+v; both are missing, so the codes disagree", out)
		}
	})
	t.Run("broken terminal", func(t *testing.T) {
		f := func(string) (string, error) { return "", errors.New("no terminal") }
		if _, out := Parse(Input{Args: append(args, "--password2", "x"), AskSecret: f}); out == nil || out.Code != 161 || !strings.Contains(out.Stderr, "no terminal") {
			t.Errorf("%+v", out)
		}
	})
	for _, extra := range [][]string{
		{"--password1", "0", "--password2", "0"}, // 0 is a password
		{"--oauthaccesstoken1", "tok", "--oauthdirect2", "dG9r"},
		{"--authmech1", "external", "--authmech2", "PREAUTH"},
		{"--justconnect"}, {"--justbanner"}, {"--printplan"}, {"--abort"}, {"--testslive"},
	} {
		f, prompts := ask("one", "two")
		Parse(Input{Args: append(args, extra...), AskSecret: f})
		if len(*prompts) > 0 {
			t.Errorf("%q: asked for a password", extra)
		}
	}
	f, prompts := ask("one", "two")
	if _, out := Parse(Input{Args: append(args, "--port1", "0"), AskSecret: f}); out == nil || len(*prompts) > 0 {
		t.Error("asked for a password although an option is wrong")
	}
}

func TestPasswordSources(t *testing.T) {
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "pw")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tc := range []struct {
		name       string
		args, env  []string
		want, from string
	}{
		{"file wins", []string{"--password1", "opt", "--passfile1", file("fil\n")}, []string{"IMAPSYNC_PASSWORD1=env"}, "fil", "--passfile1"},
		{"environment before option", []string{"--password1", "opt"}, []string{"IMAPSYNC_PASSWORD1=env"}, "env", "environment variable IMAPSYNC_PASSWORD1"},
		{"option", []string{"--password1", "opt"}, nil, "opt", "--password1"},
		{"empty environment", []string{"--password1", "opt"}, []string{"IMAPSYNC_PASSWORD1="}, "opt", "--password1"},
		{"blanks stay", []string{"--password1", "  o p t\t"}, nil, "  o p t\t", "--password1"},
		{"blanks in a file stay", []string{"--passfile1", file("  f \r\nsecond\n")}, nil, "  f ", "--passfile1"},
		{"CRLF and byte order mark", []string{"--passfile1", file("\xef\xbb\xbfpw\r\n")}, nil, "pw", "--passfile1"},
		{"no line end", []string{"--passfile1", file("pw")}, nil, "pw", "--passfile1"},
		{"bytes", []string{"--passfile1", file("\xff\x00\xe9\n")}, nil, "\xff\x00\xe9", "--passfile1"},
		{"a carriage return inside", []string{"--passfile1", file("a\rb\n")}, nil, "a\rb", "--passfile1"},
		{"zero", []string{"--password1", "0"}, nil, "0", "--password1"},
	} {
		p, out := Parse(Input{Args: tc.args, Environ: tc.env, Now: start})
		if out != nil {
			t.Errorf("%s: %+v", tc.name, out)
			continue
		}
		if got := p.Host1.Password.Reveal(); got != tc.want || p.Host1.PasswordFrom != tc.from {
			t.Errorf("%s: %q from %q, want %q from %q", tc.name, got, p.Host1.PasswordFrom, tc.want, tc.from)
		}
	}
}

func TestTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := mustPlan(t, "--oauthaccesstoken1", path, "--oauthaccesstoken2", "ya29.a/b", "--oauthdirect1", path)
	if p.Host1.TokenFile != path || p.Host1.Token.IsSet() || p.Host1.OAuthDirectFile != path {
		t.Error("a file was not taken as one")
	}
	if p.Host2.Token.Reveal() != "ya29.a/b" || p.Host2.TokenFile != "" {
		t.Error("a token was not taken as one")
	}
}

func TestTLSArguments(t *testing.T) {
	type got struct {
		insecure         bool
		min, max, server string
		fp               string
	}
	fp := strings.Repeat("ab", 32)
	for args, want := range map[string]got{
		"":                             {},
		"--sslargs1 SSL_verify_mode=0": {insecure: true},
		"--sslargs1 SSL_verify_mode=1": {},
		"--sslargs1 SSL_verify_mode=SSL_VERIFY_NONE": {insecure: true},
		"--insecure1":                                          {insecure: true},
		"--sslargs1 SSL_version=TLSv1":                         {min: "1.0", max: "1.0"},
		"--sslargs1 SSL_version=TLSv1_1":                       {min: "1.1", max: "1.1"},
		"--sslargs1 SSL_version=TLSv12":                        {min: "1.2", max: "1.2"},
		"--sslargs1 SSL_version=SSLv23":                        {min: "1.0"},
		"--sslargs1 SSL_version=SSLv23:!SSLv3:!TLSv1:!TLSv1_1": {min: "1.2"},
		"--sslargs1 SSL_version=SSLv23:!TLSv1_3":               {min: "1.0", max: "1.2"},
		"--sslargs1 SSL_version=TLSv1_1:TLSv1_2":               {min: "1.1", max: "1.2"},
		"--ssl1_ssl_version TLSv1_3":                           {min: "1.3"},
		// imapsync forgets the first here.
		"--ssl1_ssl_version TLSv1_3 --sslargs1 SSL_verifycn_name=m.example.org": {min: "1.3", server: "m.example.org"},
		"--sslargs1 SSL_fingerprint=sha256$" + fp:                               {fp: fp},
	} {
		p := mustPlan(t, append(strings.Fields(args), "--host1", "x.example.org")...)
		a := p.Host1
		if g := (got{a.Insecure, a.MinTLS, a.MaxTLS, a.ServerName, a.Fingerprint}); g != want {
			t.Errorf("%q: %+v, want %+v", args, g, want)
		}
	}
}

func TestCleartextOnlyWhenBothAreOff(t *testing.T) {
	for args, want := range map[string]bool{"": false, "--nossl1": false, "--notls1": false, "--nossl1 --notls1": true} {
		p := mustPlan(t, append(strings.Fields(args), "--host1", "x.example.org")...)
		if p.Host1.AllowCleartext != want {
			t.Errorf("%q: cleartext %v", args, p.Host1.AllowCleartext)
		}
	}
	for args, want := range map[string]bool{"": true, "--nossl1": false, "--notls1": false, "--port1 143": false, "--nosslcheck": false, "--ssl1": false} {
		p := mustPlan(t, append(strings.Fields(args), "--host1", "x.example.org")...)
		if p.Host1.ProbeSSL != want {
			t.Errorf("%q: probe %v", args, p.Host1.ProbeSSL)
		}
	}
}

func TestExtraOptionsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "options_extra.txt")
	content := `--folder "My Mail" --timeout 7 -debugimap2 --delete2 --errorsmax x stray` + "\n--timeout 9\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	p, out := Parse(Input{Args: []string{"--folder", "A", "--timeout", "5"}, ExtraFile: path})
	if out != nil {
		t.Fatalf("%+v", out)
	}
	if diff := cmp.Diff([]string{"A", "My Mail"}, p.Folders.Only); diff != "" {
		t.Error(diff)
	}
	if p.Host1.Timeout != 7*time.Second || !p.Host2.DebugIMAP || p.Deletion.Delete2 || p.Limits.ErrorsMax != 50 {
		t.Errorf("timeout %v, debugimap2 %v, delete2 %v, errorsmax %v", p.Host1.Timeout, p.Host2.DebugIMAP, p.Deletion.Delete2, p.Limits.ErrorsMax)
	}
	notes := strings.Join(p.Output.Notes, "\n")
	for _, s := range []string{"Reading extra options from file options_extra.txt (cwd: ", "Unknown option: delete2", `Value "x" invalid for option errorsmax`, "not used: stray"} {
		if !strings.Contains(notes, s) {
			t.Errorf("%q is not in\n%s", s, notes)
		}
	}
}

func TestSplitWords(t *testing.T) {
	for line, want := range map[string][]string{
		``:                      nil,
		`a  b	c`:                {"a", "b", "c"},
		`'a b' "c d" e\ f`:      {"a b", "c d", "e f"},
		`"a\"b" 'a\b' "a\b" ""`: {`a"b`, `a\b`, `a\b`, ""},
		`--x='y z'w`:            {"--x=y zw"},
	} {
		got, err := splitWords(line)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", line, err, diff)
		}
	}
	for _, line := range []string{`'a`, `"a`, `a\`} {
		if _, err := splitWords(line); err == nil {
			t.Errorf("%q: accepted", line)
		}
	}
}

func TestDockerContext(t *testing.T) {
	for _, tc := range []struct {
		args     string
		inDocker bool
		log      bool
		pid      bool
	}{
		{"", false, true, true},
		{"", true, false, false},
		{"--log", true, true, false},
		{"--pidfile /x", true, false, true},
		{"--nodockercontext", true, true, true},
		{"--dockercontext", false, false, false},
		{"--logfile x", true, true, false},
	} {
		p, out := Parse(Input{Args: append(strings.Fields(tc.args), "--justbanner"), InDocker: tc.inDocker})
		if out != nil {
			t.Fatalf("%+v", out)
		}
		if p.Output.Log != tc.log || (p.Output.PidFile != "") != tc.pid {
			t.Errorf("%q in Docker %v: log %v, pid file %q", tc.args, tc.inDocker, p.Output.Log, p.Output.PidFile)
		}
	}
}

func TestSignals(t *testing.T) {
	p := mustPlan(t, "--sigexit", "sigint", "--sigexit", "TERM", "--sigignore", "HUP")
	want := plan.Run{SigExit: []string{"INT", "TERM"}, SigReconnect: []string{"INT"}, SigIgnore: []string{"HUP"}}
	if diff := cmp.Diff(want, p.Run); diff != "" {
		t.Error(diff)
	}
}

// The help shows every option, in lines no wider than the terminal.
func TestUsageShowsEveryOption(t *testing.T) {
	for width, limit := range map[int]int{0: 80, 1: 30, 40: 40, 64: 64, 79: 79, 100: 100, 1000: 140} {
		text := UsageAll("9", width)
		words := strings.Join(strings.Fields(text), " ")
		for _, o := range Table {
			if !strings.Contains(words, o.spelling()) {
				t.Errorf("width %d: --%s is not there", width, o.Name)
			}
		}
		for line := range strings.SplitSeq(text+LoginUsage(width), "\n") {
			// What cannot be broken is alone on its line.
			if len(line) > limit && len(strings.Fields(strings.TrimSuffix(line, " \\"))) > 2 {
				t.Errorf("width %d: %d columns: %s", width, len(line), line)
			}
			if limit > 60 && len(line) > limit {
				t.Errorf("width %d: %d columns: %s", width, len(line), line)
			}
		}
	}
}

// A list of accounts with the line ends of Windows leaves a CR behind its last column.
// Blanks belong to the password.
func TestLineEndOfPasswords(t *testing.T) {
	for typed, want := range map[string]string{"x\r": "x", "x\r\n": "x", "x\n": "x", " x ": " x ", "a\rb": "a\rb", "x \r": "x "} {
		for _, in := range []Input{
			{Args: []string{"--host1", "a", "--user1", "u", "--password1", typed, "--host2", "b", "--user2", "v", "--password2", "y"}},
			{Args: []string{"--host1", "a", "--user1", "u", "--host2", "b", "--user2", "v", "--password2", "y"}, Environ: []string{"IMAPSYNC_PASSWORD1=" + typed}},
		} {
			p, out := Parse(in)
			if p == nil {
				t.Fatalf("%q: %+v", typed, out)
			}
			if got := p.Host1.Password.Reveal(); got != want {
				t.Errorf("%q became %q, want %q", typed, got, want)
			}
			if told := strings.Contains(strings.Join(p.Output.Notes, "\n"), "ends with a line end"); told != (typed != want) {
				t.Errorf("%q: told %v", typed, told)
			}
		}
	}
}
