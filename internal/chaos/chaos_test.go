package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// program is the built program.
var program string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "imaphaul-chaos-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "imaphaul")
	build := exec.Command("go", "build", "-o", program, "../../cmd/imaphaul")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
		return 1
	}
	return mailtest.Main(m)
}

// account is a user on a server; port leads there, perhaps by a detour.
type account struct {
	s              *mailtest.Server
	user, password string
	port           int
}

func newAccount(t *testing.T, kind string, options ...string) account {
	t.Helper()
	var s *mailtest.Server
	if kind == mailtest.Embedded {
		s = mailtest.StartEmbedded(t, embedded.Options{})
	} else {
		mailtest.Kinds(t, kind)
		s = mailtest.Real(t, kind, options...)
	}
	user, password := s.User(t)
	return account{s: s, user: user, password: password, port: s.Port}
}

// pair is a migration that is done over and over.
type pair struct {
	a, b    account
	dir     string
	options []string
}

func newPair(t *testing.T, a, b account, options ...string) *pair {
	t.Helper()
	return &pair{a: a, b: b, dir: t.TempDir(), options: options}
}

// cache is where the journal is.
func (p *pair) cache() string { return filepath.Join(p.dir, "journal") }

// start starts the program.
func (p *pair) start(t *testing.T) *process {
	t.Helper()
	var args []string
	for i, x := range []account{p.a, p.b} {
		n := strconv.Itoa(i + 1)
		args = append(args, "--host"+n, x.s.Host, "--port"+n, strconv.Itoa(x.port), "--user"+n, x.user, "--password"+n, x.password,
			"--nossl"+n, "--notls"+n, "--nocompress"+n)
	}
	args = append(args, "--nolog", "--pidfile", "", "--tmpdir", p.dir, "--cachedir", p.cache())
	c := &process{cmd: exec.Command(program, append(args, p.options...)...), over: make(chan struct{})}
	c.cmd.Dir = p.dir
	c.cmd.Env = append(os.Environ(), "IMAPSYNC_PASSWORD1=", "IMAPSYNC_PASSWORD2=", "XDG_STATE_HOME="+p.dir)
	c.cmd.Stdout, c.cmd.Stderr = &c.said, &c.said
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.over)
		c.err = c.cmd.Wait()
	}()
	return c
}

// run runs the program to its end, and expects an exit code.
func (p *pair) run(t *testing.T, code int) string {
	t.Helper()
	c := p.start(t)
	c.await(t)
	if got := c.code(); got != code {
		t.Fatalf("exit code %d, want %d\n%s", got, code, c.text())
	}
	return c.text()
}

// same expects both accounts to hold the same mail, once.
func (p *pair) same(t *testing.T) {
	t.Helper()
	for _, line := range mailtest.Diff(mailtest.Snapshot(t, p.a.s, p.a.user), mailtest.Snapshot(t, p.b.s, p.b.user), mailtest.Known(p.a.s, p.b.s)) {
		t.Error(line)
	}
}

// process is the program at work.
type process struct {
	cmd  *exec.Cmd
	said output
	over chan struct{}
	err  error
}

// await waits for its end; it is killed when it hangs.
func (c *process) await(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	select {
	case <-c.over:
	case <-ctx.Done():
		_ = c.cmd.Process.Kill()
		<-c.over
		t.Fatalf("the program hangs\n%s", c.text())
	}
}

// kill ends it at once, and reports whether it was still at work.
func (c *process) kill(t *testing.T) bool {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	<-c.over
	return c.cmd.ProcessState.ExitCode() < 0
}

// code is the exit code, -1 after a signal.
func (c *process) code() int { return c.cmd.ProcessState.ExitCode() }

func (c *process) text() string { return c.said.String() }

// output collects what a process prints, readable meanwhile.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
	// heard is closed when want was said.
	want  string
	heard chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.b.Write(p)
	o.check()
	return n, err
}

func (o *output) check() {
	if o.heard != nil && strings.Contains(o.b.String(), o.want) {
		close(o.heard)
		o.heard = nil
	}
}

// listen returns a channel that is closed as soon as text was printed.
func (o *output) listen(text string) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	heard := make(chan struct{})
	o.want, o.heard = text, heard
	o.check()
	return heard
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// tapped puts a counting proxy before an account.
func tapped(t *testing.T, a account) (account, *proxy.Proxy) {
	t.Helper()
	p, err := proxy.Start(proxy.Options{Target: fmt.Sprintf("%s:%d", a.s.Host, a.port)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	a.port = p.Port()
	return a, p
}
