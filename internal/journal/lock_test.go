package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// children are what the test binary can do as another process: JOURNAL_TEST_CHILD
// names it, JOURNAL_TEST_DIR is its directory.
var children = map[string]func(dir string) error{"hold": hold}

func TestMain(m *testing.M) {
	name := os.Getenv("JOURNAL_TEST_CHILD")
	if name == "" {
		os.Exit(m.Run())
	}
	if err := children[name](os.Getenv("JOURNAL_TEST_DIR")); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// hold opens the journal, says so, and ends with its input, without Close: as if
// killed.
func hold(dir string) error {
	if _, err := Open(context.Background(), dir, pairA, Options{}); err != nil {
		return err
	}
	fmt.Println("open")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// holder starts a process that holds the journal of dir, and returns its number and
// how to end it.
func holder(t *testing.T, dir string) (pid int, release func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "JOURNAL_TEST_CHILD=hold", "JOURNAL_TEST_DIR="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "open\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	done := false
	release = func() {
		if !done {
			done = true
			_ = in.Close()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(release)
	return cmd.Process.Pid, release
}

func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	pid, release := holder(t, dir)
	for _, mode := range []Mode{ReadWrite, ReadOnly, DryRun} {
		_, err := Open(context.Background(), dir, pairA, Options{Mode: mode})
		var locked *LockedError
		if !errors.As(err, &locked) || !errors.Is(err, ErrLocked) || locked.PID != pid {
			t.Errorf("mode %d: %v, want the lock of %d", mode, err, pid)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, dir, pairA, Options{Wait: -1}); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting without end: %v", err)
	}
	other := pairA
	other.User1 = "bob@example.org"
	if j, err := Open(context.Background(), dir, other, Options{}); err != nil {
		t.Errorf("another pair: %v", err)
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}

	got := make(chan error, 1)
	go func() {
		j, err := Open(context.Background(), dir, pairA, Options{Wait: time.Minute})
		if err == nil {
			err = j.Close()
		}
		got <- err
	}()
	release()
	if err := <-got; err != nil {
		t.Errorf("after the other process ended: %v", err)
	}
}

func TestTwiceInOneProcess(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	_, err := Open(context.Background(), dir, pairA, Options{})
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("%v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	a, b := openMode(t, dir, ReadOnly), openMode(t, dir, DryRun) // readers share
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, pairA.location()+".lock")); err != nil || len(b) != 0 {
		t.Errorf("a released lock names %q, %v", b, err)
	}
}
