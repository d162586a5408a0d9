//go:build unix

package oauth

import (
	"context"
	"os/exec"
	"syscall"
)

// shellCommand prepares a command line for /bin/sh in a process group of its own,
// which the end of ctx ends as a whole.
func shellCommand(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
