//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A run says where it is to who asks, by its number or its pid file, and goes on;
// a process that is no run is left alone.
func TestStatus(t *testing.T) {
	mute, err := newMuteServer()
	if err != nil {
		t.Fatal(err)
	}
	defer mute.close()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	port := strconv.Itoa(mute.port())
	cmd := exec.Command(os.Args[0],
		"--host1", "127.0.0.1", "--port1", port, "--user1", "a", "--password1", "geheim", "--nossl1", "--notls1",
		"--host2", "127.0.0.1", "--port2", port, "--user2", "b", "--password2", "geheim", "--nossl2", "--notls2",
		"--logdir", dir, "--logfile", "log.txt", "--pidfile", "run.pid")
	cmd.Args[0] = "imaphaul" // which program the test binary plays
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	<-mute.asked
	<-mute.asked
	pid := strconv.Itoa(cmd.Process.Pid)
	for _, which := range []string{pid, filepath.Join(dir, "run.pid")} {
		var out, errOut bytes.Buffer
		if code := showStatus(which, &out, &errOut); code != 0 {
			t.Fatalf("%s: code %d, %s", which, code, &errOut)
		}
		if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 5 || !strings.HasPrefix(lines[0], "Now:") {
			t.Errorf("%s: %q", which, lines)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "log.txt"))
	if err != nil || !bytes.Contains(log, []byte("\nNow: ")) {
		t.Errorf("nothing in the log (%v):\n%s", err, log)
	}
	// This process handles no such signal: it must not get one.
	for _, which := range []string{strconv.Itoa(os.Getpid()), filepath.Join(dir, "nothing.pid"), "0", "-5"} {
		var out, errOut bytes.Buffer
		if code := showStatus(which, &out, &errOut); code != 8 || out.Len() > 0 || errOut.Len() == 0 {
			t.Errorf("%s: code %d, %q, %q", which, code, &out, &errOut)
		}
	}
}
