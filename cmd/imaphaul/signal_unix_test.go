//go:build unix

package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
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

// Other commands that a signal ends die by it, too.
func TestCommandsDieBySignal(t *testing.T) {
	for _, command := range [][]string{{"verify"}, {"cutover", "example.org", "--resolver", "127.0.0.1:1"}} {
		t.Run(command[0], func(t *testing.T) {
			t.Parallel()
			mute, err := newMuteServer()
			if err != nil {
				t.Fatal(err)
			}
			defer mute.close()
			dir := t.TempDir()
			port := strconv.Itoa(mute.port())
			cmd := exec.Command(os.Args[0], append(command, //nolint:gosec // the test itself
				"--host1", "127.0.0.1", "--port1", port, "--user1", "a", "--password1", "geheim", "--nossl1", "--notls1",
				"--host2", "127.0.0.1", "--port2", port, "--user2", "b", "--password2", "geheim", "--nossl2", "--notls2",
				"--nolog", "--cachedir", dir)...)
			cmd.Args[0] = "imaphaul" // which program the test binary plays
			cmd.Dir = dir
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill() }()
			<-mute.asked
			defer insist(t, cmd.Process, syscall.SIGTERM)()
			_ = cmd.Wait() // the state says it all
			if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
				t.Errorf("ended with %v", cmd.ProcessState)
			}
		})
	}
}

// An undo that a signal ends dies by it, and what it left unfinished is finished by the
// next one.
func TestUndoDiesBySignal(t *testing.T) {
	b := newBatchBench(t, 1)
	before := mailtest.Snapshot(t, b.to, b.users[0][1])
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	var stall atomic.Bool
	stalled := make(chan struct{})
	go stalling(ln, net.JoinHostPort(b.to.Host, strconv.Itoa(b.to.Port)), "UID EXPUNGE", &stall, stalled)
	imaphaul := func(args ...string) *exec.Cmd {
		cmd := exec.Command(os.Args[0], append(args, //nolint:gosec // the test itself
			"--host1", b.from.Host, "--port1", strconv.Itoa(b.from.Port), "--user1", b.users[0][0], "--password1", mailtest.Password(b.users[0][0]), "--nossl1", "--notls1",
			"--host2", "127.0.0.1", "--port2", strconv.Itoa(ln.Addr().(*net.TCPAddr).Port), "--user2", b.users[0][1], "--password2", mailtest.Password(b.users[0][1]), "--nossl2", "--notls2",
			"--nolog", "--cachedir", filepath.Join(b.dir, "journal"), "--pidfile", filepath.Join(b.dir, "pid"))...)
		cmd.Args[0] = "imaphaul" // which program the test binary plays
		cmd.Stderr = os.Stderr
		return cmd
	}
	if err := imaphaul().Run(); err != nil {
		t.Fatal(err)
	}
	stall.Store(true)
	cmd := imaphaul("undo", "--run", "1", "--yes")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // the state says it all
	select {
	case <-stalled:
	case <-ended:
		t.Fatalf("ended with %v", cmd.ProcessState)
	}
	end := insist(t, cmd.Process, syscall.SIGINT)
	<-ended
	end()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("ended with %v", cmd.ProcessState)
	}
	stall.Store(false)
	if err := imaphaul("undo", "--run", "1", "--yes").Run(); err != nil {
		t.Errorf("once more: %v", err)
	}
	if d := mailtest.Diff(before, mailtest.Snapshot(t, b.to, b.users[0][1]), mailtest.Rules{}); len(d) > 0 {
		t.Errorf("host2 is not as it was: %v", d)
	}
}

// stalling passes connections on to a server. With on a line that has some text, and what
// follows it, stays behind, and seen is closed.
func stalling(ln net.Listener, to, text string, on *atomic.Bool, seen chan struct{}) {
	var once sync.Once
	for {
		client, err := ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", to)
		if err != nil {
			_ = client.Close()
			return
		}
		go func() { _, _ = io.Copy(client, server) }()
		go func() {
			defer func() { _, _ = server.Close(), client.Close() }()
			lines := bufio.NewReader(client)
			stuck := false
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				if on.Load() && strings.Contains(line, text) {
					stuck = true
					once.Do(func() { close(seen) })
				}
				if !stuck {
					_, _ = io.WriteString(server, line)
				}
			}
		}()
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
