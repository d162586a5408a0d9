package mailtest

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// RealKinds are the servers every integration test runs on.
func RealKinds() []string { return []string{Dovecot, Cyrus, Courier, Mox} }

// usersPerServer is how many users a real server gets without the option users.
const usersPerServer = 30

// spare is how many free users a shared server must have left for another test.
const spare = 6

// shared are the real servers of this process by kind and options; the last one
// of a list takes new users.
var shared = struct {
	sync.Mutex
	byName map[string][]*Server
	all    []*Server
}{byName: make(map[string][]*Server)}

// Kinds returns those of the wanted kinds (default RealKinds) that can run here.
// For the others it says loudly why not; with CI=true that fails the test, and
// when none is left the test is skipped.
func Kinds(t testing.TB, wanted ...string) []string {
	t.Helper()
	if len(wanted) == 0 {
		wanted = RealKinds()
	}
	var kinds, reasons []string
	for _, kind := range wanted {
		if reason := leftOut(kind); reason != "" {
			reasons = append(reasons, kind+": "+reason)
			continue
		}
		kinds = append(kinds, kind)
	}
	if len(reasons) == 0 {
		return kinds
	}
	text := "servers left out: " + strings.Join(reasons, "; ")
	switch {
	case os.Getenv("CI") == "true":
		t.Fatal(text)
	case len(kinds) == 0:
		t.Skip(text)
	default:
		t.Log(text)
	}
	return kinds
}

// withoutServers is the environment variable that leaves out all real servers.
const withoutServers = "IMAPHAUL_NO_SERVERS"

var reasonOf sync.Map // kind -> func() string

// leftOut returns why a kind cannot run here, "" when it can.
func leftOut(kind string) string {
	once, _ := reasonOf.LoadOrStore(kind, sync.OnceValue(func() string {
		if os.Getenv(withoutServers) != "" {
			return withoutServers + " is set"
		}
		out, err := exec.Command(script(kind), "check").CombinedOutput()
		if err == nil {
			return ""
		}
		if text := string(bytes.TrimSpace(out)); text != "" {
			return text
		}
		return err.Error()
	}))
	return once.(func() string)()
}

// root is the directory of the checkout.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

func script(kind string) string { return filepath.Join(root(), "testdata", "servers", kind+".sh") }

// Real returns a running server of a kind. The servers of one process are
// shared by kind and options ("key=value", those of the script in
// testdata/servers, and users=N), so take a fresh User for every account.
// Hoodiecrow, whose users share one store, is started anew for each call.
//
// A server ends with the process; Main ends it in order.
func Real(t testing.TB, kind string, options ...string) *Server {
	t.Helper()
	if kind == Embedded {
		t.Fatal("the embedded server is started with StartEmbedded")
	}
	if reason := leftOut(kind); reason != "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s cannot run here: %s", kind, reason)
		}
		t.Skipf("%s is left out: %s", kind, reason)
	}
	if kind == Hoodiecrow {
		s := launch(t, kind, options)
		t.Cleanup(s.stop)
		return s
	}
	shared.Lock()
	defer shared.Unlock()
	name := strings.Join(append([]string{kind}, slices.Sorted(slices.Values(options))...), " ")
	if list := shared.byName[name]; len(list) > 0 {
		if last := list[len(list)-1]; last.free() >= spare {
			return last
		}
	}
	s := launch(t, kind, options)
	shared.byName[name] = append(shared.byName[name], s)
	shared.all = append(shared.all, s)
	return s
}

// Own starts a server for one test alone, which may Stop and Restart it.
func Own(t testing.TB, kind string, options ...string) *Server {
	t.Helper()
	if reason := leftOut(kind); reason != "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s cannot run here: %s", kind, reason)
		}
		t.Skipf("%s is left out: %s", kind, reason)
	}
	s := launch(t, kind, options)
	t.Cleanup(s.stop)
	return s
}

// Main runs the tests of a package and ends the servers they started:
//
//	func TestMain(m *testing.M) { os.Exit(mailtest.Main(m)) }
func Main(m *testing.M) int {
	defer func() {
		shared.Lock()
		defer shared.Unlock()
		var ending sync.WaitGroup
		for _, s := range shared.all {
			ending.Go(s.stop)
		}
		ending.Wait()
	}()
	return m.Run()
}

// instance is the process that holds a real server; see "run" in lib.sh.
type instance struct {
	kind      string
	dir       string
	arguments []string // PORT TLSPORT USERS key=value...
	release   []func() // of the ports
	front     *front   // before mox

	mu    sync.Mutex
	cmd   *exec.Cmd
	lease io.Closer // closing it ends the server
	said  *bytes.Buffer
}

// launch starts a server, on other ports if somebody took the chosen ones.
func launch(t testing.TB, kind string, options []string) *Server {
	t.Helper()
	s := &Server{Kind: kind, Host: "127.0.0.1", options: options, most: usersPerServer}
	s.Prefix, s.Separator = namespace(kind, options)
	var passed []string
	for _, o := range options {
		if n, ok := strings.CutPrefix(o, "users="); ok {
			most, err := strconv.Atoi(n)
			if err != nil {
				t.Fatalf("option %q: %v", o, err)
			}
			s.most = most
			continue
		}
		passed = append(passed, o)
	}
	users := s.most
	if kind == Dovecot {
		s.most = 0 // it lets in every name
	}
	var err error
	for range 3 {
		if err = s.try(users, passed); err == nil {
			return s
		}
	}
	t.Fatalf("%s: %v", s, err)
	return nil
}

// try makes one attempt on two free ports.
func (s *Server) try(users int, options []string) error {
	dir, err := os.MkdirTemp("", "imaphaul-"+s.Kind+"-")
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	in := &instance{kind: s.Kind, dir: dir}
	var ports [2]int
	for i := range ports {
		port, release, err := reservePort()
		if err != nil {
			in.end()
			return err
		}
		ports[i] = port
		in.release = append(in.release, release)
	}
	in.arguments = append([]string{fmt.Sprint(ports[0]), fmt.Sprint(ports[1]), fmt.Sprint(users)}, options...)
	if err := in.start(); err != nil {
		in.end()
		return err
	}
	s.Port, s.TLSPort = ports[0], ports[1]
	if s.Kind == Mox {
		if in.front, err = newFront(ports); err != nil {
			in.end()
			return err
		}
		s.Port, s.TLSPort = in.front.ports[0], in.front.ports[1]
	}
	s.instance = in
	return nil
}

// start runs the script and waits for its "ready".
func (in *instance) start() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.said = new(bytes.Buffer)
	in.cmd = exec.Command(script(in.kind), append([]string{"run", in.dir}, in.arguments...)...)
	in.cmd.Stderr = in.said
	lease, err := in.cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	in.lease = lease
	out, err := in.cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if err := in.cmd.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line == "ready\n" {
		return nil
	}
	lease.Close()
	if waited := in.cmd.Wait(); waited != nil {
		err = waited
	}
	return fmt.Errorf("start: %w: %s", err, strings.TrimSpace(in.said.String()))
}

// end closes the lease and waits until the server is gone.
func (in *instance) end() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.lease != nil {
		in.lease.Close()
		_ = in.cmd.Wait() // it was told to go
		in.lease = nil
	}
}

func (s *Server) stop() {
	in := s.instance
	if in.front != nil {
		in.front.close()
	}
	in.end()
	for _, release := range in.release {
		release()
	}
	_ = os.RemoveAll(in.dir)
}

// Stop ends a server of Own and keeps its mail for Restart. Open connections
// are lost, as in an outage.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.instance.dir, "keep"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.instance.end()
}

// Restart starts a stopped server again on the same ports.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.instance.start(); err != nil {
		t.Fatal(err)
	}
}

// Dir returns the directory of a real server; its mail lies below Dir/state,
// its log is Dir/log.
func (s *Server) Dir() string { return s.instance.dir }

// Certificates returns a pool with the certificate of the real servers.
func Certificates(t testing.TB) *x509.CertPool {
	t.Helper()
	cache := os.Getenv("IMAPHAUL_SERVERS")
	if cache == "" {
		cache = filepath.Join(root(), ".servers")
	}
	text, err := os.ReadFile(filepath.Join(cache, "tls", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal(errors.New("the servers' certificate is unreadable"))
	}
	return pool
}

// namespace returns the prefix and separator that a kind has with its options.
func namespace(kind string, options []string) (prefix, separator string) {
	switch kind {
	case Courier:
		prefix, separator = "INBOX.", "."
	default:
		separator = "/"
	}
	for _, o := range options {
		if v, ok := strings.CutPrefix(o, "sep="); ok {
			separator = v
			if kind == Cyrus && v == "." {
				prefix = "INBOX."
			}
		}
		if v, ok := strings.CutPrefix(o, "prefix="); ok {
			prefix = v
		}
	}
	return prefix, separator
}
