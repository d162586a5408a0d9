//go:build !unix

package signals

import (
	"os"
	"syscall"
)

// ByName are the signals that a Go program gets here: Ctrl-C, and the
// end of the session.
var ByName = map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}

// IgnoreBrokenPipe does nothing: there is no such signal here.
func IgnoreBrokenPipe() {}

// DieBy does nothing: a process cannot end itself by a signal here.
func DieBy(os.Signal) {}
