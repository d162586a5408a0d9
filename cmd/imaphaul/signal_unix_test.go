//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/signals"
)

// A second signal ends the run at once; the process removes
// its pid file, and dies by the signal, so that its parent can tell.
func TestTwoSignalsStopNow(t *testing.T) {
	for _, tc := range []struct {
		first, second syscall.Signal
		signal        syscall.Signal // 0: by exit code
		code          int
	}{
		{first: syscall.SIGINT, second: syscall.SIGINT, signal: syscall.SIGINT},
		{first: syscall.SIGINT, second: syscall.SIGTERM, signal: syscall.SIGTERM},
		{first: syscall.SIGTERM, second: syscall.SIGQUIT, code: 131},
	} {
		t.Run(signals.Name(tc.first)+" "+signals.Name(tc.second), func(t *testing.T) {
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
				"--nolog", "--pidfile", "run.pid", "--tmpdir", dir)
			cmd.Args[0] = "imaphaul" // which program the test binary plays
			cmd.Dir = dir
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill() }()
			// Both sides are logged in and wait for an answer.
			<-mute.asked
			<-mute.asked
			if _, err := os.Stat(filepath.Join(dir, "run.pid")); err != nil {
				t.Error(err)
			}
			if err := cmd.Process.Signal(tc.first); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(out)
			var text strings.Builder
			for !strings.Contains(text.String(), "Finishing what is under way") {
				line, err := lines.ReadString('\n')
				text.WriteString(line)
				if err != nil {
					t.Fatalf("%v after:\n%s", err, &text)
				}
			}
			defer insist(t, cmd.Process, tc.second)()
			rest, err := io.ReadAll(lines)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(rest)
			_ = cmd.Wait() // the state says it all
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if tc.signal != 0 && (!status.Signaled() || status.Signal() != tc.signal) || tc.signal == 0 && status.ExitStatus() != tc.code {
				t.Errorf("ended with %v, want signal %v or code %d", cmd.ProcessState, tc.signal, tc.code)
			}
			for _, want := range []string{
				"\nEnded by a signal " + signals.Name(tc.second) + " ",
				"\nExiting with return value 6 (EXIT_BY_SIGNAL) ",
				"\nRemoving pidfile run.pid\n",
			} {
				if !strings.Contains(text.String(), want) {
					t.Errorf("%q is not in\n%s", want, &text)
				}
			}
			if strings.Contains(text.String(), "geheim") {
				t.Error("the password is shown")
			}
			if _, err := os.Stat(filepath.Join(dir, "run.pid")); !os.IsNotExist(err) {
				t.Errorf("the pid file is left: %v", err)
			}
		})
	}
}

// insist sends a signal again and again, since two equal ones may count as one, until
// the function it returns is called.
func insist(t *testing.T, p *os.Process, sig os.Signal) (end func()) {
	t.Helper()
	if err := p.Signal(sig); err != nil {
		t.Fatal(err)
	}
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(signals.TwinWithin)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = p.Signal(sig) // it may have ended
			case <-over:
				return
			}
		}
	}()
	return func() {
		close(over)
		<-done
	}
}
