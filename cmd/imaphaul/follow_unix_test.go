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
	"syscall"
	"testing"
)

// A second process with the same command line and --tail prints the whole log of
// the first one, until it ended, in whatever way, and exits with 0. It does not
// touch that log, nor the pid file.
func TestTail(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			mute, err := newMuteServer()
			if err != nil {
				t.Fatal(err)
			}
			defer mute.close()
			dir := t.TempDir()
			port := strconv.Itoa(mute.port())
			run := func(from string) *exec.Cmd {
				cmd := exec.Command(os.Args[0],
					"--host1", "127.0.0.1", "--port1", port, "--user1", "a", "--password1", "geheim", "--nossl1", "--notls1",
					"--host2", "127.0.0.1", "--port2", port, "--user2", "b", "--password2", "geheim", "--nossl2", "--notls2",
					"--log", "--logdir", "", "--logfile", "run.log", "--pidfile", filepath.Join(dir, "run.pid"), "--tmpdir", dir, "--pidfilelocking", "--tail")
				cmd.Args[0] = "imaphaul" // which program the test binary plays
				cmd.Dir = filepath.Join(dir, from)
				if err := os.MkdirAll(cmd.Dir, 0o755); err != nil {
					t.Fatal(err)
				}
				return cmd
			}
			first := run("first")
			first.Stdout = io.Discard
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = first.Process.Kill() }()
			<-mute.asked
			<-mute.asked

			second := run("second") // another directory
			out, err := second.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := second.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = second.Process.Kill() }()
			var text bytes.Buffer
			buf := make([]byte, 4096)
			for !strings.Contains(text.String(), "Following its log file ") || !strings.Contains(text.String(), "\nHost2: ") {
				n, err := out.Read(buf)
				text.Write(buf[:n])
				if err != nil {
					t.Fatalf("%v after:\n%s", err, &text)
				}
			}
			if err := first.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if sig != syscall.SIGKILL { // the servers stay mute: a second one is needed
				if err := first.Process.Signal(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
			}
			_ = first.Wait() // ended by a signal
			rest, err := io.ReadAll(out)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(rest)
			if err := second.Wait(); err != nil {
				t.Fatalf("the follower ended with %v:\n%s", err, &text)
			}
			log, err := os.ReadFile(filepath.Join(dir, "first", "run.log"))
			if err != nil {
				t.Fatal(err)
			}
			if len(log) == 0 || !strings.Contains(text.String(), string(log)) {
				t.Errorf("the log is not in what was printed\nlog:\n%s\nprinted:\n%s", log, &text)
			}
			end := "Process " + strconv.Itoa(first.Process.Pid) + " has ended.\nExiting with return value 0 (EX_OK: successful termination)\n"
			if !strings.HasSuffix(text.String(), end) {
				t.Errorf("the end is missing:\n%s", &text)
			}
			if _, err := os.Stat(filepath.Join(dir, "second", "run.log")); !os.IsNotExist(err) {
				t.Errorf("the follower made a log of its own: %v", err)
			}
			if strings.Contains(text.String(), "geheim") {
				t.Error("the password is shown")
			}
			if _, err := os.Stat(filepath.Join(dir, "run.pid")); os.IsNotExist(err) != (sig == syscall.SIGTERM) {
				t.Errorf("pid file: %v", err)
			}
		})
	}
}
