//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// start runs the program itself on a list.
func (b *batchBench) start(list string, options ...string) (*exec.Cmd, *bufio.Scanner) {
	b.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"batch", list,
		"--port1", fmt.Sprint(b.from.Port), "--nossl1", "--notls1", "--port2", fmt.Sprint(b.to.Port), "--nossl2", "--notls2",
		"--logdir", "log", "--cachedir", filepath.Join(b.dir, "journal"), "--pidfile", "pid"}, options...)...)
	cmd.Args[0] = "imaphaul" // which program the test binary plays
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "IMAPSYNC_PASSWORD1=", "IMAPSYNC_PASSWORD2=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// Whatever ends a batch, the next call finishes exactly what was left, and no message
// is there twice.
func TestBatchGoesOnAfterItsEnd(t *testing.T) {
	for _, end := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(end.String(), func(t *testing.T) {
			b := newBatchBench(t, 9)
			var rows []string
			for i := range b.users {
				rows = append(rows, b.row(i, ""))
			}
			list := b.list(rows...)
			cmd, lines := b.start(list, "--jobs", "2", "--maxmessagespersecond", "20")
			finished := map[string]bool{}
			for lines.Scan() {
				if strings.Contains(lines.Text(), ": 0 (EX_OK") {
					finished[strings.Fields(lines.Text())[1]] = true
					if len(finished) == 3 {
						if err := cmd.Process.Signal(end); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			_ = cmd.Wait() // it ended by a signal
			if len(finished) == len(rows) {
				t.Fatal("nothing was left")
			}
			again, lines := b.start(list)
			told := map[string]bool{}
			for lines.Scan() {
				if strings.Contains(lines.Text(), ": 0 (EX_OK") {
					told[strings.Fields(lines.Text())[1]] = true
				}
			}
			if err := again.Wait(); err != nil {
				t.Error(err)
			}
			for n := range told {
				if finished[n] {
					t.Errorf("row %s was run again", n)
				}
			}
			if len(told)+len(finished) != len(rows) {
				t.Errorf("%d and %d rows of %d", len(finished), len(told), len(rows))
			}
			for i := range b.users {
				b.moved(i)
				if n := mailtest.Snapshot(t, b.to, b.users[i][1]).Count(); n != b.boxes[i].Count() {
					t.Errorf("row %d: %d messages of %d", i+1, n, b.boxes[i].Count())
				}
			}
		})
	}
}
