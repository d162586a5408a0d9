//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package signals

import "syscall"

// Ctrl-T asks a program where it is.
func init() { ByName["INFO"] = syscall.SIGINFO }
