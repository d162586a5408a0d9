package signals

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// forceAfter is how long the process may take to end in good order after it was
// told to end at once.
const forceAfter = 2 * time.Second

// Force ends a process that does not end by itself.
type Force struct {
	// PidFile names the pid file, "" for none.
	PidFile func() string
	// Abort leaves nothing behind that is half done; nil for nothing.
	Abort func()

	once sync.Once
}

// End ends the process by the signal, whatever any part of it does: computes,
// waits for a reader of its output, or for a lock. It returns at once. Nothing is
// lost by it: the journal settles what was under way, as after a loss of power.
func (f *Force) End(name string) {
	pidFile := f.PidFile()
	f.once.Do(func() {
		time.AfterFunc(forceAfter, func() {
			if pidFile != "" {
				_ = os.Remove(pidFile) // the process is over either way
			}
			if f.Abort != nil {
				f.Abort()
			}
			_, _ = fmt.Fprintln(os.Stderr, "Ended at once, with something still under way. Run the same command again: it goes on.")
			sig := ByName[name]
			DieBy(sig) // returns only where a process cannot end itself by it
			os.Exit(ExitBy(sig, event.ExitBySignal))
		})
	})
}
