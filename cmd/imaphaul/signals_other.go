//go:build !unix

package main

import (
	"os"
	"syscall"
)

// signalsByName are the signals that a Go program gets here: Ctrl-C, and the
// end of the session.
var signalsByName = map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}

func ignoreBrokenPipe() {}

// dieBy does nothing: a process cannot end itself by a signal here.
func dieBy(os.Signal) {}
