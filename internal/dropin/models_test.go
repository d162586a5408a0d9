package dropin

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/models"
	"github.com/imaphaul/imaphaul/internal/mailtest/utf7"
)

var update = flag.Bool("update", false, "write the table of docs/providers.md anew")

const (
	providersPage = "../../docs/providers.md"
	person        = "alice@example.org"
	key           = "correct horse"
)

// differs says why the mailboxes that both programs leave are not the same, by model and
// direction; each is a row of the table in docs/providers.md.
var differs = map[string]string{
	"domino as source":      `imapsync takes the quoted separator for two backslashes, so Work/2019 is Work\2019`,
	"domino as destination": `imapsync takes the quoted separator for two backslashes, so Work/2019 is Work\\2019`,
}

// modelled is what came of a model in one direction.
type modelled struct {
	same     bool
	codes    [2]int
	down, up [2]int64
	text     [2]string
	first    []string
}

// TestModels moves a small account to the model of each provider and back, with imapsync
// and with imaphaul, each on servers of its own. What both leave on host2 is
// compared message by message: bytes, flags, date, folder. Nothing but the accounts is
// on the command line.
func TestModels(t *testing.T) {
	imapsync := os.Getenv("IMAPSYNC")
	if imapsync == "" {
		t.Skip("IMAPSYNC names no imapsync, so no model was run with both programs: make dropin IMAPSYNC=path/to/imapsync")
	}
	var mu sync.Mutex
	found := make(map[string]modelled)
	t.Run("both", func(t *testing.T) {
		for _, m := range models.All() {
			for _, direction := range []string{"source", "destination"} {
				name := m.Name + " as " + direction
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					got := holdAgainst(t, m.Name, direction, [2][]string{{"perl", imapsync}, {program}})
					switch why := differs[name]; {
					case !got.same && why == "":
						t.Errorf("%s\nimapsync, exit code %d:\n%s\nimaphaul, exit code %d:\n%s", strings.Join(got.first, "\n"), got.codes[0], got.text[0], got.codes[1], got.text[1])
					case got.same && why != "":
						t.Errorf("no difference any more: %s", why)
					}
					mu.Lock()
					defer mu.Unlock()
					found[name] = got
				})
			}
		}
	})
	if all := 2 * len(models.All()); len(found) < all {
		t.Logf("%d of %d were run, so the table of docs/providers.md is not compared", len(found), all)
	} else if !t.Failed() || *update {
		compareTable(t, found)
	}
}

// holdAgainst runs both programs with a model.
func holdAgainst(t *testing.T, name, direction string, commands [2][]string) (out modelled) {
	t.Helper()
	var left [2]map[string]int
	for i, command := range commands {
		m, _ := models.Find(name)
		one, two := m, models.Ordinary()
		if direction == "destination" {
			one, two = two, one
		}
		from, port1 := listen(t, one)
		to, port2 := listen(t, two)
		fillModel(t, from, one)
		dir := t.TempDir()
		args := append(slices.Clone(command[1:]), "--host1", "127.0.0.1", "--port1", port1, "--user1", person, "--password1", key, "--nossl1", "--notls1",
			"--host2", "127.0.0.1", "--port2", port2, "--user2", person, "--password2", key, "--nossl2", "--notls2",
			"--nodockercontext", "--pidfile", filepath.Join(dir, "run.pid"), "--tmpdir", dir, "--noreleasecheck", "--nolog")
		if name == "qq" || name == "163" {
			args = append(args, "--id") // they open no folder without
		}
		cmd := exec.Command(command[0], args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "IMAPSYNC_PASSWORD1=", "IMAPSYNC_PASSWORD2=", "XDG_STATE_HOME="+dir, "SERVER_SOFTWARE=")
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Fatal(err)
		}
		out.codes[i], out.text[i] = cmd.ProcessState.ExitCode(), said.String()
		out.down[i], out.up[i] = from.Used(person).Down, to.Used(person).Up
		left[i] = contents(to)
	}
	out.same = maps.Equal(left[0], left[1])
	for _, x := range []struct {
		a, b map[string]int
		word string
	}{{left[0], left[1], "only imapsync"}, {left[1], left[0], "only imaphaul"}} {
		for line, n := range x.a {
			if n > x.b[line] {
				out.first = append(out.first, fmt.Sprintf("%s: %d of %s", x.word, n-x.b[line], line))
			}
		}
	}
	slices.Sort(out.first)
	return out
}

func listen(t *testing.T, m *models.Model) (*models.Server, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := models.Start(m, ln)
	t.Cleanup(s.Close)
	if err := s.AddUser(person, key, "en"); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return s, port
}

// fillModel gives an account folders of its own and messages in these and in INBOX; on
// Gmail one of them has two labels.
func fillModel(t *testing.T, s *models.Server, m *models.Model) {
	t.Helper()
	small := box()
	for _, f := range small.Folders {
		name := m.Prefix + strings.Join(encoded(f.Path), m.Sep)
		if f.Path[0] == "INBOX" {
			name = "INBOX"
		}
		s.Folder(person, name, true)
		for i, msg := range f.Messages {
			in := []string{name}
			if m.Labels && name == "INBOX" && i == 0 {
				in = append(in, "Second label")
				s.Folder(person, in[1], true)
			}
			if err := s.Put(person, msg, in...); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func encoded(path []string) []string {
	out := make([]string, len(path))
	for i, p := range path {
		out[i] = utf7.Encode(p)
	}
	return out
}

// contents are the messages of an account, each as a line.
func contents(s *models.Server) map[string]int {
	out := make(map[string]int)
	for folder, list := range s.State(person) {
		for _, m := range list {
			out[fmt.Sprintf("%s: (%s) %s %x", folder, strings.Join(m.Flags, " "), m.Date.UTC().Format(time.DateTime), sha256.Sum256(m.Body))]++
		}
	}
	return out
}

// compareTable holds the table of docs/providers.md against what was found.
func compareTable(t *testing.T, found map[string]modelled) {
	t.Helper()
	var b strings.Builder
	b.WriteString("| provider | as | host2 afterwards | exit codes | fetched, bytes | uploaded, bytes |\n|---|---|---|---|---|---|\n")
	for _, m := range models.All() {
		for _, direction := range []string{"source", "destination"} {
			name := m.Name + " as " + direction
			f := found[name]
			after := "the same"
			if why := differs[name]; why != "" {
				after = why
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %d, %d | %d, %d | %d, %d |\n", m.Title, direction, after, f.codes[0], f.codes[1], f.down[0], f.down[1], f.up[0], f.up[1])
		}
	}
	page, err := os.ReadFile(providersPage)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- imapsync -->\n", "<!-- end of imapsync -->\n"
	text := string(page)
	i, j := strings.Index(text, begin), strings.Index(text, end)
	if i < 0 || j < i {
		t.Fatalf("%s has no place for the table", providersPage)
	}
	text = text[:i+len(begin)] + b.String() + text[j:]
	switch {
	case text == string(page):
	case !*update:
		t.Errorf("docs/providers.md does not show what was measured; run this test with -update:\n%s", b.String())
	default:
		if err := os.WriteFile(providersPage, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
