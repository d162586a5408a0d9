// Command testrun runs `go test` with the arguments it is given, and shows what
// go test would show, with these differences:
//
//   - No limit of time for a package: a run ends when no test of it has moved on
//     for -silence. A slow machine is no failure, a test that hangs is one.
//   - The running tests are named then, before their goroutines are printed.
//   - The slowest tests are listed at the end, with a word about those above
//     -slow.
//   - What was skipped is named with its reason.
//   - The processor time of all is told, and of the packages that took the most: on a
//     busy machine it can be compared, as the time on the wall cannot.
//   - With -list the tests and parts of tests that ran are written to a file, and
//     with -before held against such a file of an earlier run.
//   - Temporary files of the tests are in memory where there is room, and programs
//     with the race detector end at once instead of after a second.
//
// Options of testrun stand before "--", all behind it is for go test.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/memory"
)

func main() {
	if len(os.Args) > 3 && os.Args[1] == spend {
		os.Exit(startTests(os.Args[2], os.Args[3:]...))
	}
	code, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
	}
	os.Exit(code)
}

// settings are the options.
type settings struct {
	goTool  string
	dir     string
	silence time.Duration
	build   time.Duration
	slowest int
	slow    time.Duration
	list    string
	before  string
}

// run returns the exit code of go test; 1 with an error if it did not run, 2 for
// options that are wrong.
func run(args []string, out, errout io.Writer) (int, error) {
	var s settings
	flags := flag.NewFlagSet("testrun", flag.ContinueOnError)
	flags.SetOutput(errout)
	flags.StringVar(&s.goTool, "go", "go", "the go command")
	flags.StringVar(&s.dir, "C", "", "the directory to test in (default: this one)")
	flags.DurationVar(&s.silence, "silence", 10*time.Minute, "end the run when no test has begun, ended or printed for so long")
	flags.DurationVar(&s.build, "build", 100*time.Minute, "end the run when no test has begun for so long: until then packages are built, which takes a busy machine long")
	flags.IntVar(&s.slowest, "slowest", 10, "how many of the slowest tests are listed")
	flags.DurationVar(&s.slow, "slow", 20*time.Second, "tests above it are called too slow")
	flags.StringVar(&s.list, "list", "", "a file to write the names of all tests and parts of tests to")
	flags.StringVar(&s.before, "before", "", "a file that -list wrote: what ran then and not now is told, and the reverse; needs -list")
	if err := flags.Parse(args); err != nil {
		return 2, nil // flag has said what is wrong
	}
	if s.before != "" && s.list == "" {
		return 2, errors.New("-before is compared with what -list writes: name a file with -list")
	}
	left, err := os.MkdirTemp("", "testrun-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(left) }()
	measured, err := execFlag(left)
	if err != nil {
		return 1, err
	}
	cmd := exec.Command(s.goTool, append([]string{"test", "-json", "-timeout", "0", measured}, flags.Args()...)...)
	cmd.Dir = s.dir
	cmd.Stderr = errout // of the build, and of the go command itself
	cmd.Env = os.Environ()
	if os.Getenv("GORACE") == "" {
		// Every program waits a second at its end for reports of other threads
		// (go.dev/doc/articles/race_detector); those of the tests are through by then,
		// and some tests start a hundred programs.
		cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0")
	}
	forget, err := inMemory(cmd)
	if err != nil {
		return 1, err
	}
	defer forget()
	inOwnGroup(cmd)
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 1, err
	}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	defer passOnSignals(cmd)()
	p := newProgress(out)
	hung := s.watch(cmd, events, p)
	err = cmd.Wait()
	p.close()
	p.tellSkipped()
	p.tellSlowest(s.slowest, s.slow)
	packages, spentErr := readSpent(left)
	if spentErr != nil {
		return 1, spentErr
	}
	p.tellSpent(spent{cmd.ProcessState.UserTime(), cmd.ProcessState.SystemTime()}, packages, s.dir, s.slowest)
	if listErr := s.lists(p); listErr != nil {
		return 1, listErr
	}
	var exit *exec.ExitError
	switch {
	case hung:
		return 1, fmt.Errorf("no test moved on for %v", s.silence)
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1), nil
	case err != nil:
		return 1, err
	}
	return 0, nil
}

// lists writes the list of tests, and compares it.
func (s *settings) lists(p *progress) error {
	if s.list == "" {
		return nil
	}
	if err := p.writeList(s.list); err != nil {
		return err
	}
	if s.before == "" {
		return nil
	}
	return p.tellChanges(s.before, s.list)
}

// inMemory puts the temporary files of the tests into memory, if there is room, but
// not those of the build, which are large. The returned function deletes what the
// tests have left of them.
func inMemory(cmd *exec.Cmd) (forget func(), err error) {
	parent := memory.Dir()
	if parent == "" {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp(parent, "imaphaul-tests-")
	if err != nil {
		return nil, err
	}
	// Servers run as other users and have their files in there.
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // as /tmp
		return nil, err
	}
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
	if os.Getenv("GOTMPDIR") == "" {
		cmd.Env = append(cmd.Env, "GOTMPDIR="+os.TempDir())
	}
	return func() { _ = os.RemoveAll(dir) }, nil // what is left is gone with the next start of the machine
}

// watch follows the events until their end. When there are none for too long it
// names the running tests, has their processes print their goroutines and end,
// and reports so.
func (s *settings) watch(cmd *exec.Cmd, events io.Reader, p *progress) (hung bool) {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		r := bufio.NewReader(events)
		for {
			line, err := r.ReadBytes('\n')
			if len(line) > 0 {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	silent := time.NewTimer(s.build)
	defer silent.Stop()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return hung
			}
			p.take(line)
			silent.Reset(s.silence)
		case <-silent.C:
			p.tellRunning(s.silence)
			if hung {
				killGroup(cmd) // goroutines did not come out of it
			} else {
				dumpGroup(cmd)
			}
			hung = true
			silent.Reset(30 * time.Second)
		}
	}
}
