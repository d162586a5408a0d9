package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// twinWithin is the time in which two equal signals are one: GNU timeout sends its
// signal to the process, and again to the group that the process is in.
const twinWithin = 200 * time.Millisecond

// signalPolicy says what each signal does (imapsync: --sigexit,
// --sigreconnect, --sigignore). A
// signal that ends the run lets what is in flight be finished; imapsync
// reconnects at the first Ctrl-C, and then sends messages twice.
type signalPolicy struct {
	run plan.Run
	// finish asks the run to end in good order, now ends it at once.
	finish, now func()
	// force is called with the signal before now, for a process that does not end
	// by itself; nil for none.
	force func(name string)
	emit  func(event.SignalReceived)
	// debug takes the lines of --debugsig; nil without it.
	debug func(line string)

	mu    sync.Mutex
	count map[string]int
	// last is the signal that ended the run, and when it came.
	last   string
	lastAt time.Time
}

// handled are the names of the signals that the policy wants to hear of.
func (s *signalPolicy) handled() []string {
	names := []string{"HUP", "USR1", "INFO"}
	for _, list := range [][]string{s.run.SigExit, s.run.SigReconnect, s.run.SigIgnore} {
		for _, n := range list {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// answers reports whether a signal is only told, so that it may ask where the run is.
func (s *signalPolicy) answers(name string) bool {
	return !slices.Contains(s.run.SigExit, name) && !slices.Contains(s.run.SigReconnect, name) && !slices.Contains(s.run.SigIgnore, name)
}

// received handles one signal that came at the given time.
func (s *signalPolicy) received(name string, at time.Time) {
	s.mu.Lock()
	if twin := s.last == name && at.Sub(s.lastAt) < twinWithin; twin {
		s.mu.Unlock()
		if s.debug != nil {
			s.debug(fmt.Sprintf("%s came again within %v: it counts as one", name, twinWithin))
		}
		return
	}
	if s.count == nil {
		s.count = make(map[string]int)
	}
	s.count[name]++
	e := event.SignalReceived{Signal: name, Count: s.count[name], What: "print"}
	ends := slices.Contains(s.run.SigExit, name) || slices.Contains(s.run.SigReconnect, name)
	switch {
	case slices.Contains(s.run.SigIgnore, name):
		e.What = "ignore"
	case ends && s.last != "":
		e.What = "stop now"
	case ends:
		e.What = "stop"
	}
	before, beforeAt := s.last, s.lastAt
	if ends && e.What != "ignore" {
		s.last, s.lastAt = name, at
	}
	s.mu.Unlock()

	if e.What == "stop now" && s.force != nil {
		// First: what follows may wait for somebody who is stuck.
		s.force(name)
	}
	s.explain(e, before, at.Sub(beforeAt))
	s.emit(e)
	switch e.What {
	case "stop":
		s.finish()
	case "stop now":
		s.now()
	}
}

// deeds are the words for what is done about a signal.
var deeds = map[string]string{
	"stop":     "what is under way is finished, then the run ends",
	"stop now": "the run ends at once",
	"ignore":   "it is ignored, by --sigignore",
	"print":    "it is reported, and changes nothing",
}

// explain is --debugsig's line about a signal that came: before is the one that
// asked the run to end earlier, "" for none, and since the time from there.
func (s *signalPolicy) explain(e event.SignalReceived, before string, since time.Duration) {
	if s.debug == nil {
		return
	}
	why := ""
	if before != "" && e.What != "ignore" && e.What != "print" {
		why = fmt.Sprintf(" (%s came %.1f s before)", before, since.Seconds())
	}
	s.debug(fmt.Sprintf("%s came, number %d of its kind: %s%s", e.Signal, e.Count, deeds[e.What], why))
}

// outlook tells what each signal of this system would do to process pid, for
// --debugsig.
func (s *signalPolicy) outlook(pid int) []string {
	handled := s.handled()
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(signalsByName)) {
		deed := deeds["print"]
		switch {
		case !slices.Contains(handled, name):
			deed = "it is not handled: the system does what it does by default"
		case slices.Contains(s.run.SigIgnore, name):
			deed = deeds["ignore"]
		case slices.Contains(s.run.SigExit, name), slices.Contains(s.run.SigReconnect, name):
			deed = fmt.Sprintf("%s; a second one: %s", deeds["stop"], deeds["stop now"])
		}
		lines = append(lines, fmt.Sprintf("kill -%s %d: %s", name, pid, deed))
	}
	return lines
}

// ended is the name of the signal that ended the run, "" for none.
func (s *signalPolicy) ended() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// signalNumbers are the numbers by which a shell reports a death by signal.
var signalNumbers = map[string]int{"HUP": 1, "INT": 2, "QUIT": 3, "USR1": 10, "USR2": 12, "TERM": 15}

// exitBy is the exit code of a process that could not end by the signal itself.
func exitBy(sig os.Signal, code int) int {
	if n, ok := signalNumbers[signalName(sig)]; ok {
		return 128 + n
	}
	return code
}
