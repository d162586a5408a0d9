//go:build unix

package signals

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// ByName are the signals under the names that options know.
var ByName = map[string]os.Signal{
	"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT,
	"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "TERM": syscall.SIGTERM,
}

// IgnoreBrokenPipe has a write to a reader that went away fail instead of ending the
// process.
func IgnoreBrokenPipe() { signal.Ignore(syscall.SIGPIPE) }

// DieBy ends the process by the signal, as if it had never been handled. The
// runtime answers an unhandled QUIT with a stack dump: that one is left to an
// exit code.
func DieBy(sig os.Signal) {
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
