//go:build !unix

package transform

import (
	"context"
	"os"
	"os/exec"
)

// shellCommand prepares a command line for the command interpreter.
func shellCommand(ctx context.Context, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "cmd.exe", "/C", command)
}

// signalText is empty: there are no signals.
func signalText(*os.ProcessState) string { return "" }
