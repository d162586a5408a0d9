package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// planJSON is the plan without the parts that tell of the command line.
func planJSON(t *testing.T, p *plan.Plan) string {
	t.Helper()
	q := *p
	q.CommandLine = nil
	q.Output.Notes = nil
	// JSON shows no secrets: make their presence and text comparable.
	text := p.Host1.Password.Reveal() + p.Host1.Token.Reveal() + p.Host1.OAuthDirect.Reveal() +
		p.Host2.Password.Reveal() + p.Host2.Token.Reveal() + p.Host2.OAuthDirect.Reveal()
	var buf bytes.Buffer
	if err := q.WriteJSON(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.String() + text
}

// Nothing is accepted and silently ignored: an option that works changes the
// plan, one without effect leaves it alone and says so.
func TestEveryOptionDoesWhatItsStatusSays(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("content\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(dir, "table")
	if err := os.WriteFile(table, []byte("A=B\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join("testdata", "ca.pem")
	toml := filepath.Join(dir, "move.toml")
	if err := os.WriteFile(toml, []byte("maxsize = 5\n[profiles.small]\nmaxsize = 4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	special := map[string][]string{
		"config": {"--config", toml}, "profile": {"--profile", "small", "--config", toml},
		"authmech1": {"--authmech1", "PLAIN"}, "authmech2": {"--authmech2", "PLAIN"},
		"proxyauth1": {"--proxyauth1", "--authuser1", "a"}, "proxyauth2": {"--proxyauth2", "--authuser2", "a"},
		"passfile1": {"--passfile1", file}, "passfile2": {"--passfile2", file},
		"cafile1": {"--cafile1", ca}, "cafile2": {"--cafile2", ca},
		"mapfile": {"--mapfile", table}, "printmap": {"--printmap", "tsv"},
		"sslargs1": {"--sslargs1", "SSL_verify_mode=0"}, "sslargs2": {"--sslargs2", "SSL_verify_mode=0"},
		"ssl1_ssl_version": {"--ssl1_ssl_version", "TLSv1_3"}, "ssl2_ssl_version": {"--ssl2_ssl_version", "TLSv1_3"},
		"proxy1": {"--proxy1", "socks5://proxy.example.org"}, "proxy2": {"--proxy2", "socks5://proxy.example.org"},
		"f1f2":        {"--f1f2", "a=b"},
		"regextrans2": {"--regextrans2", "s/a/b/"}, "regexmess": {"--regexmess", "s/a/b/"}, "regexflag": {"--regexflag", "s/a/b/"},
		"skipmess": {"--skipmess", "m/a/"}, "delete2foldersonly": {"--delete2foldersonly", "/a/"}, "delete2foldersbutnot": {"--delete2foldersbutnot", "/a/"},
		"fetch_hash_set": {"--fetch_hash_set", "1:5"}, "delete2max": {"--delete2max", "7"},
		"maxlinelengthcmd": {"--maxlinelengthcmd", "cat", "--maxlinelength", "9"},
		"verify":           {"--verify", "sample=2.5%"},
		"strict":           {"--strict", "--verify", "full"}, "manifest": {"--manifest", "m.tsv", "--verify", "full"},
		"quarantine2": {"--quarantine2", "Q", "--delete2duplicates"},
		"excluderole": {"--excluderole", "sent"}, "provider1": {"--provider1", "gmail"}, "provider2": {"--provider2", "office365"},
		"waitday": {"--waitday", "--maxbytesperday1", "5"}, "between": {"--between", "22:00-6:30,12:00-24:00"},
		"sigexit": {"--sigexit", "HUP"}, "sigreconnect": {"--sigreconnect", "HUP"}, "sigignore": {"--sigignore", "HUP"},
		"emailreportfrom": {"--emailreportfrom", "a@example.org"},
		"buffersize":      {"--buffersize", "5000000"}, "var": {"--var", "a=b"},
		"dry1":             {"--dry", "--nodry1"},
		"metrics":          {"--metrics", ":9090"},
		"followuntil":      {"--followuntil", "2096-01-01T06:00"},
		"foldersizesatend": {"--nofoldersizesatend"}, "abletosearch1": {"--noabletosearch1"}, "abletosearch2": {"--noabletosearch2"},
	}
	for _, n := range []string{"1", "2"} {
		ms := []string{"--msclientid" + n, "id", "--mstenant" + n, "example.org", "--mssecretfile" + n, file}
		cert := append(slices.Clone(ms[:4]), "--mscertfile"+n, file, "--mskeyfile"+n, file)
		app := []string{"--oauthclientid" + n, "id", "--oauthtokenurl" + n, "https://login.example.org/t", "--oauthsecretfile" + n, file, "--oauthscope" + n, "imap"}
		for name, args := range map[string][]string{
			"secret": {"--password" + n, "", "--justconnect", "--secret" + n, "env:X"}, "fingerprint": {"--fingerprint" + n, "sha256:" + strings.Repeat("ab:", 31) + "ab"},
			"tlsmin": {"--tlsmin" + n, "1.3"}, "oauthrefreshcmd": {"--oauthaccesstoken" + n, "new", "--oauthrefreshcmd" + n, "true"},
			"tokenfile": {"--tokenfile" + n, file}, "googlekey": {"--googlekey" + n, file},
			"msclientid": ms, "mstenant": ms, "mssecretfile": ms, "mscertfile": cert, "mskeyfile": cert,
			"oauthclientid": app, "oauthtokenurl": app, "oauthsecretfile": app, "oauthscope": app,
		} {
			special[name+n] = args
		}
	}
	// Compared with the same arguments but the option itself.
	companions := map[string][]string{
		"secret1": {"--password1", "", "--justconnect"}, "secret2": {"--password2", "", "--justconnect"},
		"proxyauth1": {"--authuser1", "a"}, "proxyauth2": {"--authuser2", "a"},
		"maxlinelengthcmd": {"--maxlinelength", "9"}, "quarantine2": {"--delete2duplicates"},
		"strict": {"--verify", "full"}, "manifest": {"--verify", "full"},
		"waitday": {"--maxbytesperday1", "5"}, "dry1": {"--dry"},
		"noexclude": {"--office1"}, "nof1f2": {"--office2"}, "noregexmess": {"--exchange2"}, "noregexflag": {"--exchange2"},
		"cachedir": nil, "profile": {"--config", toml},
	}
	// These end the program, are told in notes, or belong to commands (proof_test.go).
	elsewhere := map[string]bool{
		"version": true, "help": true, "printplan": true, "tests": true, "testslive": true, "testslive6": true,
		"debugenv": true, "exchange1": false,
		"against": true, "againstflags": true, "tsv": true, "json": true,
		"probe": true, "writetest": true, "transcript": true,
	}
	for i := range Table {
		o := &Table[i]
		t.Run(o.Name, func(t *testing.T) {
			if elsewhere[o.Name] {
				return
			}
			args, ok := special[o.Name]
			if !ok {
				switch o.Kind {
				case Flag:
					args = append([]string{"--" + o.Name}, companions[o.Name]...)
				case Switch:
					args = []string{"--" + o.Name}
					if d := o.Default == "true"; d {
						args = []string{"--no" + o.Name}
					}
				case Int, Float:
					args = []string{"--" + o.Name, "7"}
				case Hash:
					args = []string{"--" + o.Name, "a=b"}
				default:
					args = []string{"--" + o.Name, "word"}
				}
			}
			base := planJSON(t, mustPlan(t, append(accounts, companions[o.Name]...)...))
			p, out := parse(append(accounts, args...)...)
			switch o.Status {
			case NoEffect:
				if out != nil {
					t.Fatalf("refused: %s", out.Stderr)
				}
				if diff := cmp.Diff(base, planJSON(t, p)); diff != "" {
					t.Errorf("it has an effect:\n%s", diff)
				}
				if !strings.Contains(strings.Join(p.Output.Notes, "\n"), "--"+o.Name+" has no effect here") {
					t.Errorf("nothing is said: %q", p.Output.Notes)
				}
			default:
				if out != nil {
					t.Fatalf("refused: %s", out.Stderr)
				}
				if base == planJSON(t, p) {
					t.Errorf("%q changes nothing in the plan", args)
				}
			}
		})
	}
}

func TestListValuesArriveUntouched(t *testing.T) {
	values := []string{"", "a,b", "a\r\nb", `"quoted"`, " blank ", "#", "\xff"}
	var args []string
	for _, v := range values {
		args = append(args, "--folder", v)
	}
	if diff := cmp.Diff(values, mustPlan(t, args...).Folders.Only); diff != "" {
		t.Error(diff)
	}
}
