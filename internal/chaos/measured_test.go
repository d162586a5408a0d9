//go:build unix

package chaos

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// measuredBy, in the environment of this test binary, names the file into which it
// writes the memory of the program that it then starts in place of any test;
// measuredProgram names that program.
const (
	measuredBy      = "IMAPHAUL_CHAOS_MEASURED_BY"
	measuredProgram = "IMAPHAUL_CHAOS_PROGRAM"
)

func init() {
	if file := os.Getenv(measuredBy); file != "" {
		os.Exit(startMeasured(os.Getenv(measuredProgram), file))
	}
}

// measured has a fresh process of this binary start the program. On Linux a
// process inherits the peak of the one that forked it, also through execve(2): a
// test binary that has grown would be what is measured.
func measured(t *testing.T, file string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), measuredBy+"="+file, measuredProgram+"="+program)
	return cmd
}

// startMeasured runs the program with the arguments of this process, and returns
// its exit code.
func startMeasured(program, file string) int {
	cmd := exec.Command(program, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	memory := int64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) //nolint:unconvert // 32 bits elsewhere
	if runtime.GOOS != "darwin" {                                         // KiB elsewhere
		memory <<= 10
	}
	if err := os.WriteFile(file, strconv.AppendInt(nil, memory, 10), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return cmd.ProcessState.ExitCode()
}

// peakIn returns the bytes that a measured program left in a file.
func peakIn(t *testing.T, file string) int64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
