package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/batchrun"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// heard is standard output that can be waited on.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
	came chan struct{}
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text.Write(b)
	select {
	case h.came <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (h *heard) count(word string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Count(h.text.String(), word)
}

// All rows of a batch are followed at once, however few passes may go on at the same
// time, and each ends with a last pass.
func TestBatchFollows(t *testing.T) {
	const rows = 4
	b := newBatchBench(t, rows)
	var lines []string
	for i := range rows {
		lines = append(lines, b.row(i, ""))
	}
	abort := filepath.Join(b.dir, "until")
	out := &heard{came: make(chan struct{}, 1)}
	args := []string{"batch", b.list(lines...), "--follow", "--jobs", "1", "--json", "-",
		"--port1", fmt.Sprint(b.from.Port), "--nossl1", "--notls1", "--port2", fmt.Sprint(b.to.Port), "--nossl2", "--notls2",
		"--logdir", filepath.Join(b.dir, "log"), "--cachedir", filepath.Join(b.dir, "journal"), "--pidfile", abort}
	_, outcome := cli.Parse(cli.Input{Args: args, Now: time.Now()})
	if outcome.Batch == nil {
		t.Fatal(outcome.Stderr)
	}
	stop := make(chan func(), 1)
	batchrun.FollowStarted = func(end func()) { stop <- end }
	defer func() { batchrun.FollowStarted = nil }()
	done := make(chan int, 1)
	var failed bytes.Buffer
	go func() {
		code, _ := batchrun.Run(outcome.Batch, os.Environ(), out, &failed)
		done <- code
	}()
	late := time.After(60 * time.Second)
	wait := func(what string, holds func() bool) {
		t.Helper()
		for !holds() {
			select {
			case <-out.came:
			case <-late:
				t.Fatalf("%s: not after a minute\n%s", what, out.text.String())
			case code := <-done:
				t.Fatalf("it ended with %d\n%s%s", code, out.text.String(), failed.String())
			}
		}
	}
	wait("all rows are watched", func() bool { return out.count(`"watching"`) >= rows })
	for i := range rows {
		mailtest.Fill(t, b.from, b.users[i][0], corpus.Generate(corpus.Options{Seed: 77 + uint64(i), Messages: 1, Folders: 1}))
	}
	wait("what came is carried over", func() bool { return out.count(`"pass_ended"`) >= 2*rows })
	(<-stop)()
	if code := <-done; code != 0 {
		t.Errorf("code %d\n%s", code, failed.String())
	}
	for i := range rows {
		x, y := mailtest.Snapshot(t, b.from, b.users[i][0]), mailtest.Snapshot(t, b.to, b.users[i][1])
		for _, d := range mailtest.Diff(x, y, mailtest.Known(b.from, b.to)) {
			t.Errorf("row %d: %s", i+1, d)
		}
	}
}

// Rows that write one account cannot be followed together.
func TestBatchFollowsNoAccountTwice(t *testing.T) {
	b := newBatchBench(t, 2)
	b.users[1][1] = b.users[0][1]
	if code, said := b.call(b.list(b.row(0, ""), b.row(1, "")), "--follow"); code != 64 || !strings.Contains(said, "rows 1 and 2") {
		t.Errorf("%d %s", code, said)
	}
	if code, said := b.call(b.list(b.row(0, "--follow"))); code != 64 || !strings.Contains(said, "behind the list") {
		t.Errorf("%d %s", code, said)
	}
}
