//go:build unix

package transform

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// shellCommand prepares a command line for /bin/sh, in a process group of its
// own: the end of ctx ends whatever the command started.
func shellCommand(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// signalText names the signal that ended a process, as imapsync does.
func signalText(s *os.ProcessState) string {
	if s == nil {
		return ""
	}
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return fmt.Sprintf(" signal %d and", w.Signal())
	}
	return ""
}
