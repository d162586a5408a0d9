//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package main

import "syscall"

// Ctrl-T asks a program where it is.
func init() { signalsByName["INFO"] = syscall.SIGINFO }
