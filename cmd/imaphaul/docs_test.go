//go:build linux || freebsd

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/docpages"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
)

// The passwords of all accounts of the pages, in the files secret1 and secret2.
const (
	pagesSecret1 = "the old password"
	pagesSecret2 = "the new password"
)

// site is a server of a page: a model of a provider, or the embedded server.
type site struct {
	name, model, password string
	// users have an account, those of filled with mail in it.
	users  []string
	filled bool
}

var (
	oldHost  = site{name: "imap.old.example.org", password: pagesSecret1, users: []string{"alice", "bob", "carol"}, filled: true}
	newHost  = site{name: "imap.new.example.org", password: pagesSecret2, users: []string{"alice", "bob", "carol"}}
	gmail    = site{name: "imap.gmail.com", model: "gmail", password: pagesSecret1, users: []string{"alice@example.org"}, filled: true}
	office   = site{name: "outlook.office365.com", model: "office365", password: pagesSecret1, users: []string{"alice@example.org"}, filled: true}
	toOffice = site{name: "outlook.office365.com", model: "office365", password: pagesSecret2, users: []string{"alice@example.org"}}
	cpanel   = site{name: "mail.example.net", model: "cpanel", password: pagesSecret1, users: []string{"alice@example.net"}, filled: true}
	dotted   = site{name: "imap.new.example.org", model: "cpanel", password: pagesSecret2, users: []string{"alice", "alice@example.org"}}
)

// sites are the servers of the pages with commands; those not named have oldHost and
// newHost.
var sites = map[string][]site{
	"gmail.md":        {gmail, newHost},
	"microsoft365.md": {office, newHost},
	"cpanel.md":       {cpanel, toOffice},
	"guide.md":        {gmail, dotted},
}

// TestPages does what the pages of docs/ and README.md say: their commands are run as
// they stand there, against servers inside this test that have the names of the page.
// The package docpages tells how a page is written; what comes before a block is
//
//	<!-- do: mail HOST USER FOLDER -->   a new message arrives
func TestPages(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, path := range append(pages, "../../README.md") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := docpages.Blocks(string(data))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		run := false
		for _, b := range blocks {
			run = run || b.Language == "sh" && b.File == "" && b.Shown == ""
		}
		if run {
			t.Run(filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				newPage(t, filepath.Base(path)).run(blocks)
			})
		}
	}
}

// page is a page under test.
type page struct {
	t       *testing.T
	dir     string
	environ []string
	arrive  map[string]func(user, folder string, m corpus.Message) error // by host
	arrived int
}

func newPage(t *testing.T, name string) *page {
	p := &page{t: t, dir: t.TempDir(), arrive: make(map[string]func(string, string, corpus.Message) error)}
	here := newNames(t)
	list, ok := sites[name]
	if !ok {
		list = []site{oldHost, newHost}
	}
	for _, s := range list {
		here.add(s.name, p.start(s))
	}
	ca := filepath.Join(p.dir, ".ca.pem")
	for file, text := range map[string]string{ca: string(here.ca), filepath.Join(p.dir, "secret1"): pagesSecret1 + "\n", filepath.Join(p.dir, "secret2"): pagesSecret2 + "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "GO") {
			p.environ = append(p.environ, v)
		}
	}
	p.environ = append(p.environ, "PATH="+p.program()+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+p.dir, "TMPDIR="+p.dir, "LC_ALL=C.UTF-8", "SSL_CERT_FILE="+ca, "ALL_PROXY=socks5h://"+here.ln.Addr().String())
	return p
}

// program is a directory with the program that TestMain puts into PATH, but for
// "imaphaul cutover", which asks a name server of this test.
func (p *page) program() string {
	real, err := exec.LookPath("imaphaul")
	if err != nil {
		p.t.Fatal(err)
	}
	dns := nameServer(p.t, "example.org. 3600 IN MX 10 imap.new.example.org.", "example.org. 3600 IN TXT \"v=spf1 mx -all\"")
	dir := p.t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" = cutover ]; then exec %[1]s \"$@\" --resolver %[2]s; fi\nexec %[1]s \"$@\"\n", real, dns)
	if err := os.WriteFile(filepath.Join(dir, "imaphaul"), []byte(script), 0o700); err != nil {
		p.t.Fatal(err)
	}
	return dir
}

// start starts a server and returns its address.
func (p *page) start(s site) string {
	fatal := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatalf("%s: %v", s.name, err)
		}
	}
	if s.model == "" {
		server, err := embedded.Start(embedded.Options{})
		fatal(err)
		p.t.Cleanup(server.Close)
		for _, user := range s.users {
			fatal(server.AddUser(user, s.password))
			if s.filled {
				fatal(server.Fill(user, pagesMail(user)))
			}
		}
		p.arrive[s.name] = func(user, folder string, m corpus.Message) error {
			return server.Fill(user, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{folder}, Messages: []corpus.Message{m}}}})
		}
		return fmt.Sprintf("%s:%d", server.Host, server.Port)
	}
	m, ok := models.Find(s.model)
	if !ok {
		p.t.Fatalf("no model %q", s.model)
	}
	m.Limits.Empty, m.Limits.Throttled = 0, 0 // what comes right by waiting
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	server := models.Start(m, ln)
	p.t.Cleanup(server.Close)
	for _, user := range s.users {
		fatal(server.AddUser(user, s.password, "en"))
		if !s.filled {
			continue
		}
		for _, f := range pagesMail(user).Folders {
			name := f.Path[0]
			if name != "INBOX" {
				name = m.Prefix + strings.Join(f.Path, m.Sep)
				server.Folder(user, name, true)
			}
			for _, message := range f.Messages {
				fatal(server.Put(user, message, name))
			}
		}
	}
	p.arrive[s.name] = func(user, folder string, m corpus.Message) error { return server.Put(user, m, folder) }
	return ln.Addr().String()
}

// pagesMail is a small mailbox.
func pagesMail(user string) corpus.Mailbox {
	n := 0
	folder := func(path ...string) corpus.Folder {
		f := corpus.Folder{Path: path}
		for range 3 {
			n++
			f.Messages = append(f.Messages, pagesMessage(fmt.Sprintf("%s.%d", user, n), n))
		}
		return f
	}
	return corpus.Mailbox{Folders: []corpus.Folder{folder("INBOX"), folder("Clients"), folder("Clients", "2025"), folder("Travel")}}
}

func pagesMessage(id string, n int) corpus.Message {
	id = strings.ReplaceAll(id, "@", ".")
	return corpus.Message{
		Body:  fmt.Appendf(nil, "Message-ID: <%s@mail.example.org>\r\nFrom: carol@example.org\r\nDate: Mon, 2 Mar 2020 10:11:12 +0000\r\nSubject: number %d\r\n\r\ntext %d\r\n", id, n, n),
		Flags: []imap.Flag{imap.FlagSeen},
		Date:  time.Date(2020, 3, n%28+1, 4, 5, 6, 0, time.UTC),
	}
}

func (p *page) run(blocks []docpages.Block) {
	for _, b := range blocks {
		for _, words := range b.Do {
			p.do(b, words)
		}
		switch {
		case b.File != "":
			path := filepath.Join(p.dir, filepath.FromSlash(b.File))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(b.Text), 0o600)); err != nil {
				p.t.Fatal(err)
			}
		case b.Language == "sh" && b.Shown == "":
			p.commands(b)
		}
		if p.t.Failed() {
			return
		}
	}
}

// do is what happens before a block.
func (p *page) do(b docpages.Block, words string) {
	f := strings.Fields(words)
	if len(f) != 4 || f[0] != "mail" || p.arrive[f[1]] == nil {
		p.t.Fatalf("line %d: %q", b.Line, words)
	}
	p.arrived++
	if err := p.arrive[f[1]](f[2], f[3], pagesMessage(fmt.Sprintf("late%d", p.arrived), 20+p.arrived)); err != nil {
		p.t.Fatalf("line %d: %v", b.Line, err)
	}
}

func (p *page) commands(b docpages.Block) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // for a test that hangs
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", b.Text)
	cmd.Dir, cmd.Env = p.dir, p.environ
	said, err := cmd.CombinedOutput()
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		p.t.Fatal(err)
	}
	if code != b.Exit {
		p.t.Errorf("line %d: exit code %d, want %d\n%s\n%s", b.Line, code, b.Exit, b.Text, said)
	}
	for _, text := range b.Says {
		if !strings.Contains(string(said), text) {
			p.t.Errorf("line %d does not say %q:\n%s\n%s", b.Line, text, b.Text, said)
		}
	}
	for _, password := range []string{pagesSecret1, pagesSecret2} {
		if strings.Contains(string(said), password) && !strings.Contains(b.Text, password) {
			p.t.Errorf("line %d prints a password:\n%s\n%s", b.Line, b.Text, said)
		}
	}
}
