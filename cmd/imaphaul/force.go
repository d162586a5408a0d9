package main

import (
	"fmt"
	"os"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// forceAfter is how long the process may take to end in good order after it was
// told to end at once.
const forceAfter = 2 * time.Second

// force ends the process by the signal, whatever any part of it does: computes,
// waits for a reader of its output, or for a lock. It returns at once. Nothing is
// lost by it: the journal settles what was under way, as after a loss of power.
func (r *runner) force(name string) {
	pidFile, page := r.pid.path(), r.page
	r.forceOnce.Do(func() {
		time.AfterFunc(forceAfter, func() {
			if pidFile != "" {
				_ = os.Remove(pidFile) // the process is over either way
			}
			page.abort()
			_, _ = fmt.Fprintln(os.Stderr, "Ended at once, with something still under way. Run the same command again: it goes on.")
			sig := signalsByName[name]
			dieBy(sig) // returns only where a process cannot end itself by it
			os.Exit(exitBy(sig, event.ExitBySignal))
		})
	})
}
