package pidfile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary play another process: with PIDFILE_HOLD set it
// acquires that file, says so, and stays until its input ends or a signal comes.
func TestMain(m *testing.M) {
	path := os.Getenv("PIDFILE_HOLD")
	if path == "" {
		os.Exit(m.Run())
	}
	if _, err := Acquire(path, "other.log", false); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	os.Exit(0)
}

// holder starts another process that owns path.
func holder(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PIDFILE_HOLD="+path)
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
	done := make(chan struct{})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("holder: %q, %v", line, err)
	}
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() { _ = in.Close(); <-done })
	return cmd
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// deadPID is the number of a process that ended.
func deadPID(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

func TestAcquire(t *testing.T) {
	me := strconv.Itoa(os.Getpid())
	for _, tc := range []struct {
		name, before string
		locking      bool
		held         bool
		note         string
		// old: the file was written before this process began, where that can be told.
		old   bool
		nolog bool
	}{
		{name: "absent"},
		{name: "absent, locking", locking: true},
		{name: "imapsync's, alive", before: me + "\nlog\n", note: "is replaced"},
		{name: "imapsync's, alive, locking", before: me + "\nlog\n", locking: true, held: true},
		{name: "imapsync's, dead, locking", before: strconv.Itoa(deadPID(t)) + "\nlog\n", locking: true, note: "not running any more"},
		{name: "number of a process that began later", before: me + "\nlog\n", old: true, locking: true, note: "not running any more"},
		{name: "of an earlier version, lock free", before: me + "\nlog\nimaphaul\n", locking: true, note: "not running any more"},
		{name: "garbage", before: "hello\n", note: "no process number"},
		{name: "garbage, locking", before: "hello\n", locking: true, held: true},
		{name: "empty, locking", before: "\n", locking: true, held: true},
		{name: "negative number", before: "-1\n", locking: true, held: true},
		{name: "huge number", before: "99999999999\n", note: "no process number"},
		{name: "no log", nolog: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.pid")
			if tc.before != "" {
				write(t, path, tc.before)
			}
			if tc.old {
				if _, ok := startOf(os.Getpid()); !ok {
					t.Skip("the start of a process is not known here")
				}
				long := time.Now().Add(-24 * 365 * 20 * time.Hour)
				if err := os.Chtimes(path, long, long); err != nil {
					t.Fatal(err)
				}
			}
			log, content := "the.log", me+"\nthe.log\n"
			if tc.nolog {
				log, content = "", me+"\n"
			}
			p, err := Acquire(path, log, tc.locking)
			if tc.held {
				if !errors.Is(err, ErrHeld) {
					t.Fatalf("error %v, want ErrHeld", err)
				}
				if got, _ := os.ReadFile(path); string(got) != tc.before {
					t.Errorf("the file was changed: %q", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(p.Note(), tc.note) || (tc.note == "") != (p.Note() == "") {
				t.Errorf("note %q, want %q in it", p.Note(), tc.note)
			}
			got, err := os.ReadFile(path)
			if err != nil || string(got) != content {
				t.Errorf("content %q, %v", got, err)
			}
			if removed, err := p.Remove(); err != nil || !removed {
				t.Errorf("Remove = %v, %v", removed, err)
			}
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("still there: %v", err)
			}
		})
	}
}

func TestOnlyTheOwnerRemoves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pid")
	first, err := Acquire(path, "", false)
	if err != nil {
		t.Fatal(err)
	}
	other := holder(t, path) // replaces ours
	if removed, err := first.Remove(); err != nil || removed {
		t.Errorf("Remove = %v, %v; the file belongs to the other process", removed, err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(got), strconv.Itoa(other.Process.Pid)+"\n") {
		t.Errorf("content %q, %v; want the other's", got, err)
	}
}

func TestLockingAgainstALiveProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pid")
	holder(t, path)
	if _, err := Acquire(path, "", true); !errors.Is(err, ErrHeld) {
		t.Errorf("error %v, want ErrHeld", err)
	}
}

func TestOneOfManyWins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pid")
	const many = 16
	results := make(chan error, many)
	for range many {
		go func() {
			_, err := Acquire(path, "", true)
			results <- err
		}()
	}
	won := 0
	for range many {
		if err := <-results; err == nil {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d of %d acquired the file", won, many)
	}
}

func TestAcquireUnwritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "such", "x.pid")
	if _, err := Acquire(path, "", false); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names %s", err, path)
	}
}

func TestLinkIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "x.pid")
	write(t, victim, "precious")
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(path, "", false); err == nil {
		t.Error("a link was taken for a pid file")
	}
	if got, _ := os.ReadFile(victim); string(got) != "precious" {
		t.Errorf("the link's target was changed: %q", got)
	}
}

func TestAbort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pid")
	other := holder(t, path)
	var said []string
	if err := Abort(t.Context(), path, func(s string) { said = append(said, s) }); err != nil {
		t.Fatal(err)
	}
	if running(other.Process.Pid) {
		t.Error("the process still runs")
	}
	pid := strconv.Itoa(other.Process.Pid)
	want := []string{"Sending signal QUIT to PID " + pid + " ", "Process PID " + pid + " ended."}
	if !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestAbortByFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pid")
	other := holder(t, path)
	if err := AbortByFile(path, func(string) {}); err != nil {
		t.Fatal(err)
	}
	name := AbortFile(path, other.Process.Pid)
	if _, err := os.Stat(name); err != nil {
		t.Errorf("no abort file: %v", err)
	}
	found := make(chan struct{})
	Watch(t.Context(), name, nil, func() { close(found) })
	<-found
}

func TestAbortFindsNothing(t *testing.T) {
	dead := strconv.Itoa(deadPID(t))
	sleeper := exec.Command("sleep", "1000")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() }()
	for name, tc := range map[string]struct{ content, says string }{
		"absent":          {"", "Can not read pidfile"},
		"empty":           {"\n", "No process to abort"},
		"garbage":         {"x\n", "is not a pid number"},
		"dead":            {dead + "\n", "is not running"},
		"another program": {strconv.Itoa(sleeper.Process.Pid) + "\n", "another program"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.pid")
			if tc.content != "" {
				write(t, path, tc.content)
			}
			var said []string
			if err := Abort(t.Context(), path, func(s string) { said = append(said, s) }); err != nil {
				t.Fatal(err)
			}
			if len(said) != 1 || !strings.Contains(said[0], tc.says) {
				t.Errorf("said %q, want %q", said, tc.says)
			}
		})
	}
}

func TestWatchEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	Watch(ctx, filepath.Join(t.TempDir(), "never"), make(chan time.Time), func() { t.Error("found") })
}
