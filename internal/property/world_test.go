package property

import (
	"os"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

func TestMain(m *testing.M) { os.Exit(mailtest.Main(m)) }

// world is the servers that cases are played on.
type world struct {
	one, two *mailtest.Server
	dir      string
}

// realServer is the kind of real server to play on, "" for the embedded one.
func realServer() string { return os.Getenv("IMAPHAUL_PROPERTY_REAL") }

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{dir: inMemory(t)}
	if kind := realServer(); kind != "" {
		// A case that fails takes two or three users each time that it is made smaller.
		w.one, w.two = mailtest.Real(t, kind, "users=150"), mailtest.Real(t, kind, "users=150")
		return w
	}
	w.one = mailtest.StartEmbedded(t, embedded.Options{})
	w.two = mailtest.StartEmbedded(t, embedded.Options{})
	return w
}

// account is a new account: 1 and 3 on host1, 2 on host2.
func (w *world) account(t testing.TB, side int) *account {
	t.Helper()
	a := &account{server: w.one, host: "old.example.org"}
	if side == 2 {
		a.server, a.host = w.two, "new.example.org"
	}
	a.user, a.password = a.server.User(t)
	return a
}

// inMemory is a directory for journals, where there can be one in memory: some ten
// thousand of them are written, and none is to survive a crash of the machine.
func inMemory(t testing.TB) string {
	t.Helper()
	for _, parent := range []string{"/dev/shm", ""} {
		if dir, err := os.MkdirTemp(parent, "imaphaul-property-"); err == nil {
			t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a leftover is the system's to clean
			return dir
		}
	}
	return t.TempDir()
}
