//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

var signalsByName = map[string]os.Signal{
	"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT,
	"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "TERM": syscall.SIGTERM,
}

func ignoreBrokenPipe() { signal.Ignore(syscall.SIGPIPE) }

// dieBy ends the process by the signal, as if it had never been handled. The
// runtime answers an unhandled QUIT with a stack dump: that one is left to an
// exit code.
func dieBy(sig os.Signal) {
	number, ok := sig.(syscall.Signal)
	if !ok || number == syscall.SIGQUIT {
		return
	}
	signal.Reset(sig)
	if err := syscall.Kill(os.Getpid(), number); err != nil {
		return
	}
	// The signal is delivered before long; a process that shields itself from it
	// goes on to its exit code.
	<-time.After(time.Second)
}
