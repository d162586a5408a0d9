package batchrun

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
)

// All that is wrong with a row for a hub is told at once, what it lacks in the words of a hub.
func TestAllFaultsOfARowForAHub(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.csv")
	list := "user1,secret1,user2,secret2,options\na,a.old,b,,--pipemess cat --nonsense --maxsize x\nc,,d,x y,\ne,e.old,f,,--password2 geheim\n"
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out := cli.Parse(cli.Input{Args: []string{"batch", file, "--hub", "nats://192.0.2.1", "--host1", "192.0.2.1", "--host2", "192.0.2.2"}, Now: time.Now()})
	if out.Batch == nil {
		t.Fatal(out.Stderr)
	}
	faults, err := newRun(out.Batch, nil, io.Discard, io.Discard).readList()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Unknown option: nonsense", "Value \"...\"", "--pipemess in a row for a hub", "no password for user2. Give the row secret2",
		"--secret2 in a row for a hub: it is no name", "no password for user1. Give the row secret1",
		"--password2 in a row for a hub",
	}
	for i, f := range faults {
		if i >= len(want) || !strings.HasPrefix(f.Text, want[i]) || strings.Contains(f.Text, "geheim") {
			t.Errorf("row %d: %s", f.Row, f.Text)
		}
	}
	if len(faults) != len(want) {
		t.Errorf("%d faults, not %d", len(faults), len(want))
	}
}
