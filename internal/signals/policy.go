// Package signals is what signals do to a run: which of them end it in good order, which
// at once, and how a process dies by one so that its parent can tell.
package signals

import (
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// TwinWithin is the time in which two equal signals are one: GNU timeout sends its
// signal to the process, and again to the group that the process is in.
const TwinWithin = 200 * time.Millisecond

// Policy says what each signal does (imapsync: --sigexit, --sigreconnect, --sigignore). A
// signal that ends the run lets what is in flight be finished; imapsync
// reconnects at the first Ctrl-C, and then sends messages twice.
type Policy struct {
	Run plan.Run
	// Finish asks the run to end in good order, Now ends it at once.
	Finish, Now func()
	// Force is called with the signal before Now, for a process that does not end
	// by itself; nil for none.
	Force func(name string)
	Emit  func(event.SignalReceived)
	// Debug takes the lines of --debugsig; nil without it.
	Debug func(line string)

	mu    sync.Mutex
	count map[string]int
	// last is the signal that ended the run, and when it came.
	last   string
	lastAt time.Time
}

// handled are the names of the signals that the policy wants to hear of.
func (s *Policy) handled() []string {
	names := []string{"HUP", "USR1", "INFO"}
	for _, list := range [][]string{s.Run.SigExit, s.Run.SigReconnect, s.Run.SigIgnore} {
		for _, n := range list {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// Answers reports whether a signal is only told, so that it may ask where the run is.
func (s *Policy) Answers(name string) bool {
	return !slices.Contains(s.Run.SigExit, name) && !slices.Contains(s.Run.SigReconnect, name) && !slices.Contains(s.Run.SigIgnore, name)
}

// AsksStatus reports whether a signal asks where the run is.
func AsksStatus(signal string) bool { return signal == "USR1" || signal == "INFO" }

// received handles one signal that came at the given time.
func (s *Policy) received(name string, at time.Time) {
	s.mu.Lock()
	if twin := s.last == name && at.Sub(s.lastAt) < TwinWithin; twin {
		s.mu.Unlock()
		if s.Debug != nil {
			s.Debug(fmt.Sprintf("%s came again within %v: it counts as one", name, TwinWithin))
		}
		return
	}
	if s.count == nil {
		s.count = make(map[string]int)
	}
	s.count[name]++
	e := event.SignalReceived{Signal: name, Count: s.count[name], What: "print"}
	ends := slices.Contains(s.Run.SigExit, name) || slices.Contains(s.Run.SigReconnect, name)
	switch {
	case slices.Contains(s.Run.SigIgnore, name):
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

	if e.What == "stop now" && s.Force != nil {
		// First: what follows may wait for somebody who is stuck.
		s.Force(name)
	}
	s.explain(e, before, at.Sub(beforeAt))
	s.Emit(e)
	switch e.What {
	case "stop":
		s.Finish()
	case "stop now":
		s.Now()
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
func (s *Policy) explain(e event.SignalReceived, before string, since time.Duration) {
	if s.Debug == nil {
		return
	}
	why := ""
	if before != "" && e.What != "ignore" && e.What != "print" {
		why = fmt.Sprintf(" (%s came %.1f s before)", before, since.Seconds())
	}
	s.Debug(fmt.Sprintf("%s came, number %d of its kind: %s%s", e.Signal, e.Count, deeds[e.What], why))
}

// Outlook tells what each signal of this system would do to process pid, for
// --debugsig.
func (s *Policy) Outlook(pid int) []string {
	handled := s.handled()
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(ByName)) {
		deed := deeds["print"]
		switch {
		case !slices.Contains(handled, name):
			deed = "it is not handled: the system does what it does by default"
		case slices.Contains(s.Run.SigIgnore, name):
			deed = deeds["ignore"]
		case slices.Contains(s.Run.SigExit, name), slices.Contains(s.Run.SigReconnect, name):
			deed = fmt.Sprintf("%s; a second one: %s", deeds["stop"], deeds["stop now"])
		}
		lines = append(lines, fmt.Sprintf("kill -%s %d: %s", name, pid, deed))
	}
	return lines
}

// Ended is the name of the signal that ended the run, "" for none.
func (s *Policy) Ended() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Listen has the policy receive the signals of the process until the returned function is called.
func (s *Policy) Listen() (done func()) {
	byNumber := make(map[os.Signal]string)
	ch := make(chan os.Signal, 16)
	for _, name := range s.handled() {
		if sig, ok := ByName[name]; ok {
			byNumber[sig] = name
			signal.Notify(ch, sig)
		}
	}
	quit, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case sig := <-ch:
				s.received(byNumber[sig], time.Now())
			case <-quit:
				return
			}
		}
	}()
	return func() {
		signal.Stop(ch)
		close(quit)
		<-over
	}
}

// numbers are the numbers by which a shell reports a death by signal.
var numbers = map[string]int{"HUP": 1, "INT": 2, "QUIT": 3, "USR1": 10, "USR2": 12, "TERM": 15}

// ExitBy is the exit code of a process that could not end by the signal itself.
func ExitBy(sig os.Signal, code int) int {
	if n, ok := numbers[Name(sig)]; ok {
		return 128 + n
	}
	return code
}

// Name is the name under which options know a signal.
func Name(sig os.Signal) string {
	for name, s := range ByName {
		if s == sig {
			return name
		}
	}
	return ""
}
