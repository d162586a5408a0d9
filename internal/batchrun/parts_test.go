package batchrun

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
)

// A part without rows tells of which list it is, as the others do: parts of two states of a
// list never make a whole one, also where none of them has a row.
func TestPartsWithoutRows(t *testing.T) {
	dir := t.TempDir()
	list := filepath.Join(dir, "users.csv")
	// ended runs a part of a list of these users, all with success, and returns how many ran.
	ended := func(part int, users ...string) int {
		t.Helper()
		var text strings.Builder
		for _, u := range users {
			fmt.Fprintf(&text, "%s;x;%s;x\n", u, u)
		}
		if err := os.WriteFile(list, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		_, out := cli.Parse(cli.Input{Args: []string{"batch", list, "--host1", "192.0.2.1", "--host2", "192.0.2.2", "--shard", fmt.Sprintf("%d/2", part)}, Now: time.Now()})
		if out.Batch == nil {
			t.Fatal(out.Stderr)
		}
		b := newRun(out.Batch, nil, io.Discard, io.Discard)
		if faults, err := b.readList(); err != nil || len(faults) > 0 {
			t.Fatal(faults, err)
		}
		b.choose()
		for i := range b.jobs {
			res := b.unbegun(b.jobs[i].Row.Number)
			res.code, res.state = event.ExitOK, batch.StateDone
			b.results[res.number] = res
		}
		if _, err := b.writeResults(); err != nil {
			t.Fatal(err)
		}
		return len(b.jobs)
	}
	merge := func() (int, string) {
		var said bytes.Buffer
		code := Merge(&cli.Merge{Dirs: []string{dir}, Out: filepath.Join(dir, "merged")}, &said, &said)
		return code, said.String()
	}
	var of [2][]string // users of each part
	for i := 0; len(of[0]) < 2 || len(of[1]) < 2; i++ {
		u := fmt.Sprintf("u%d", i)
		n := 1 - ended(1, u)
		of[n] = append(of[n], u)
	}
	tell := filepath.Join(dir, "users.shard2of2.empty.json")
	for name, c := range map[string]struct {
		one, two []string // the list when a part ran
		code     int
		says     string
	}{
		"one list":          {of[0][:1], of[0][:1], event.ExitOK, "1 of 1 row is finished"},
		"both without rows": {of[1][:1], of[0][:1], event.ExitUsage, "two states of the list"},
		"one without":       {of[0][:1], of[0][1:2], event.ExitUsage, "two states of the list"},
	} {
		ended(1, c.one...)
		ended(2, c.two...)
		if code, said := merge(); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: code %d\n%s", name, code, said)
		}
	}
	// Results that do not tell are those of nothing.
	ended(1, of[1][0])
	ended(2, of[0][0])
	for _, name := range []string{tell, strings.Replace(tell, "shard2", "shard1", 1)} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if code, said := merge(); code != event.ExitErrors || !strings.Contains(said, "None of the parts has a row") {
		t.Errorf("code %d\n%s", code, said)
	}
	// What is said of a part without rows goes with its first row.
	ended(2, of[0][0])
	if _, err := os.Stat(tell); err != nil {
		t.Error(err)
	}
	ended(2, of[1][0])
	if _, err := os.Stat(tell); err == nil {
		t.Error("a part with rows is said to have none")
	}
}
