package mailtest

import (
	"bytes"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/memory"
)

// RealKinds are the servers every integration test runs on.
func RealKinds() []string { return []string{Dovecot, Cyrus, Courier, Mox} }

// usersPerServer is how many users a real server gets without the option users.
const usersPerServer = 40

// spare is how many free users a shared server must have left for another test:
// several tests may find the same server before any of them takes its users.
const spare = 20

// shared are the real servers of this process by kind and options.
var shared = struct {
	sync.Mutex
	byName map[string]*alike
}{byName: make(map[string]*alike)}

// alike are servers of one kind with the same options; the last one takes new users.
// The lock is held while one starts: servers of other kinds start meanwhile.
type alike struct {
	sync.Mutex
	servers []*Server
}

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

// root is the directory of the checkout, found from where the program was started: a test
// in its package, a measurement anywhere within. The binary itself does not know it, so
// that what is built in one checkout serves another one.
var root = sync.OnceValue(func() string {
	started, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := started; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return started
		}
	}
})

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
	name := strings.Join(append([]string{kind}, slices.Sorted(slices.Values(options))...), " ")
	shared.Lock()
	these := shared.byName[name]
	if these == nil {
		these = new(alike)
		shared.byName[name] = these
	}
	shared.Unlock()
	these.Lock()
	defer these.Unlock()
	if n := len(these.servers); n > 0 && these.servers[n-1].free() >= spare {
		return these.servers[n-1]
	}
	s := launch(t, kind, options)
	these.servers = append(these.servers, s)
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

// Main runs the tests of a package, with their temporary files in memory where
// there is room, and ends the servers they started:
//
//	func TestMain(m *testing.M) { os.Exit(mailtest.Main(m)) }
func Main(m *testing.M) int {
	memory.Use()
	defer func() {
		shared.Lock()
		defer shared.Unlock()
		var ending sync.WaitGroup
		for _, these := range shared.byName {
			for _, s := range these.servers {
				ending.Go(s.stop)
			}
		}
		ending.Wait()
	}()
	return m.Run()
}

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
