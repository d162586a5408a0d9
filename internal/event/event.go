// Package event is what happened, as typed values: the engine's only output.
//
// The engine emits events, printers in package report turn them into text, and
// Tally folds them into the statistics that every printer shows. An event holds
// facts, no wording; wording that imapsync's users grep for belongs to report.
package event

import "time"

// Event is one fact about the run. The set is closed: every type is here.
type Event interface{ event() }

// Sink receives events one after the other, never two at a time. It must not
// keep slices of an event after it returned.
type Sink func(Event)

// Side is 1 for the source (host1) and 2 for the destination (host2).
type Side int

// Folder is a folder's name: Raw goes on the wire, Text is for people (decoded
// modified UTF-7; equal to Raw when there is nothing to decode).
type Folder struct{ Raw, Text string }

// Bracketed is the name as imapsync lists it: [X], or [X] = [Y] with the decoded
// name Y when the two differ.
func (f Folder) Bracketed() string {
	if f.Text == "" || f.Text == f.Raw {
		return "[" + f.Raw + "]"
	}
	return "[" + f.Raw + "] = [" + f.Text + "]"
}

// base makes a type an Event.
type base struct{}

func (base) event() {}

// Phase tells that a new part of the run began.
type Phase struct {
	base
	Name PhaseName
}

// PhaseName names a part of a run.
type PhaseName string

// The parts of a run, in their order.
const (
	PhaseConnect PhaseName = "connect"
	PhaseList    PhaseName = "list"
	PhaseMap     PhaseName = "map"
	PhaseSizes   PhaseName = "sizes"
	PhaseCopy    PhaseName = "copy"
	PhaseDelete  PhaseName = "delete"
)

// Note is any other information. Warn is true for a warning, which is not counted as an
// error.
type Note struct {
	base
	Text string
	Warn bool
}

// Debug is a line that only a --debug option asked for.
type Debug struct {
	base
	Topic string // the option's name without "debug", "" for --debug
	Text  string
}

// Throttled tells of a pause that a limit or a server asks for, before it begins. Many
// short pauses are told together after the last one, with their sum: then Over is true.
type Throttled struct {
	base
	Side Side
	For  time.Duration
	Why  string
	Over bool
}

// Error is a counted error. Class decides the exit code, Text is the line as imapsync
// writes it, Hint is what to do next.
type Error struct {
	base
	Class  Class
	Text   string
	Hint   string
	Folder Folder
	UID    uint32
	// If UID is not 0 it is a message that is not copied because of the error, and this
	// is its size.
	Bytes     int64
	MessageID string // of that message, as are the next two; each may be empty
	Subject   string
	Date      string
}

// SignalReceived tells that the process got a signal, Count times so far, and what it
// does: "stop" (what is under way is finished first), "last pass" (the same for
// --follow), "stop now", "reconnect", "print" or "ignore".
type SignalReceived struct {
	base
	Signal string // "INT", "TERM"...
	Count  int
	What   string
	// Messages and Bytes are under way when the run is to stop; Within is how long they
	// are waited for.
	Messages int64
	Bytes    int64
	Within   time.Duration
}

// StopReason says why a run ended before its work was done, "" when it did not.
type StopReason string

// The reasons.
const (
	StopErrors StopReason = "errorsmax"    // too many errors (--errorsmax)
	StopOver   StopReason = "exitwhenover" // enough was copied (--exitwhenover)
	StopSignal StopReason = "signal"       // a signal asked for it
	StopFile   StopReason = "file"         // a file asked for it (--abortbyfile)
	StopLost   StopReason = "connection"   // no connection to a host could be had
	StopQuota  StopReason = "quota"        // host2 is full
	StopDay    StopReason = "day budget"   // nothing more goes through today
	StopLease  StopReason = "lease"        // the right to change the accounts is over
)

// Finished ends the run itself. Only Rehearsed and exit may follow.
type Finished struct {
	base
	Stopped StopReason // why it ended early: "errorsmax", "signal"...; "" when it did not
	Signal  string     // the name of the signal, if Stopped is "signal"
	Mode    string
	Fatal   error // why the run could not go on at all
	// ResumeIn is after how long a limit of bytes a day leaves room again, if Stopped is
	// "day budget"; 0 when that is not known.
	ResumeIn time.Duration
	// BytesIn are bytes received from each side.
	BytesIn [3]int64
	// BytesOut are bytes sent to it.
	BytesOut      [3]int64
	Reconnections [3]int
	Commands      [3]int64
	// CommandNames is how often each command was sent, by its name in upper case.
	CommandNames [3]map[string]int64
}
