package report

import (
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// signalReceived prints what imapsync prints when a signal comes in
// ("Got a signal"), and what it will lead to here.
func (t *Text) signalReceived(e event.SignalReceived) {
	switch e.What {
	case "stop":
		t.askedToTerminate(e.Signal)
		t.finishing(e)
	case "last pass":
		t.askedToTerminate(e.Signal)
		t.linef("One last pass follows. Another signal ends the run at once.")
	case "stop now":
		t.linef("Got a second signal, %s. Exiting...", e.Signal)
		if !t.signalled {
			t.askedToTerminate(e.Signal)
		}
	case "reconnect":
		t.gotSignal(e.Signal, ")")
		t.linef("Reconnecting to both imap servers. Hit 2 ctr-c within 2 seconds to exit the program")
	default:
		t.blank()
		t.linef("Got a signal %s (my PID is %d my PPID is %d). Received %d %s signals so far. Thanks!",
			e.Signal, t.o.Process.PID, t.o.Process.PPID, e.Count, e.Signal)
		if e.What == "ignore" && !t.stats.LoopStarted.IsZero() {
			t.statistics()
		}
	}
}

// finishing says what is under way, and how long that may take.
func (t *Text) finishing(e event.SignalReceived) {
	what := "Finishing what is under way first"
	if e.Messages > 0 {
		what += fmt.Sprintf(": %d message(s), %s", e.Messages, units.Bytes(e.Bytes))
	}
	if e.Within > 0 {
		what += fmt.Sprintf("; it is waited for %s s at most", seconds(e.Within))
	}
	t.linef("%s. Another signal ends the run at once.", what)
}

func (t *Text) gotSignal(name, end string) {
	t.blank()
	t.linef("Got a signal %s (my PID is %d my PPID is %d%s", name, t.o.Process.PID, t.o.Process.PPID, end)
}

func (t *Text) askedToTerminate(name string) {
	t.signalled = true
	t.gotSignal(name, "). Asked to terminate")
}

// endedBySignal ends the text of a run that a signal ended; the process then
// ends by the same signal, so that its parent can tell.
func (t *Text) endedBySignal(name string) {
	t.linef("Ended by a signal %s (my PID is %d my PPID is %d). Messages and whole folders may still be missing on host2.",
		name, t.o.Process.PID, t.o.Process.PPID)
	t.resume()
	t.linef("The process now ends by signal %s", name)
}

// resume tells how to go on.
func (t *Text) resume() {
	t.linef("To go on, run the same command line again: what arrived is recognised and is not copied twice.")
}
