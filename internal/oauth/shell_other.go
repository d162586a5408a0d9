//go:build !unix

package oauth

import (
	"context"
	"os/exec"
)

// shellCommand prepares a command line for the system's shell.
func shellCommand(ctx context.Context, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "cmd.exe", "/C", command)
}
