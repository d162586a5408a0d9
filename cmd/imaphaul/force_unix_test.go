//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Nobody reads standard output: the run goes on all the same, and the log has
// everything. It could not end in good order, since its last lines find no reader;
// two signals end it.
func TestNobodyReadsTheOutput(t *testing.T) {
	mute, err := newMuteServer()
	if err != nil {
		t.Fatal(err)
	}
	defer mute.close()
	dir := t.TempDir()
	port := strconv.Itoa(mute.port())
	cmd := exec.Command(os.Args[0],
		"--host1", "127.0.0.1", "--port1", port, "--user1", "a", "--password1", "geheim", "--nossl1", "--notls1",
		"--host2", "127.0.0.1", "--port2", port, "--user2", "b", "--password2", "geheim", "--nossl2", "--notls2",
		"--logfile", "log.txt", "--logdir", dir, "--pidfile", "run.pid", "--tmpdir", dir)
	for range 20 {
		// The command line is printed: more than a pipe holds.
		cmd.Args = append(cmd.Args, "--exclude", strings.Repeat("a", 10_000))
	}
	cmd.Args[0] = "imaphaul"
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	<-mute.asked
	<-mute.asked
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		// The log has what the terminal has not.
		if b, err := os.ReadFile(filepath.Join(dir, "log.txt")); err == nil && bytes.Contains(b, []byte("Finishing what is under way")) {
			break
		}
	}
	defer insist(t, cmd.Process, syscall.SIGTERM)()
	state, err := cmd.Process.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if status := state.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("ended with %v", state)
	}
	if _, err := os.Stat(filepath.Join(dir, "run.pid")); !os.IsNotExist(err) {
		t.Errorf("the pid file is left: %v", err)
	}
}
