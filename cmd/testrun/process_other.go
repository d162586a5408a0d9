//go:build !unix

package main

import (
	"os"
	"os/exec"
)

var endings = []os.Signal{os.Interrupt}

// Without signals there are no goroutines to see, and Ctrl-C reaches all programs
// of a console by itself.

func inOwnGroup(*exec.Cmd) {}

func dumpGroup(cmd *exec.Cmd) { killGroup(cmd) }

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func passOnSignals(*exec.Cmd) (stop func()) { return func() {} }
