// Package live is where a run is at a moment, for people who watch it: the two
// lines that stand under the scrolling text on a terminal, the line that breaks the
// silence elsewhere, and the page for who asks (SIGUSR1, "imaphaul status").
//
// State folds events beside event.Tally and keeps what a Tally has no use for: what
// is on its way, how fast it moves, what is waited for. It reads no clock: whoever
// asks says what time it is.
package live

import (
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// State is what is known of a run that goes on. It is not safe for concurrent use:
// its owner calls it where events are folded.
type State struct {
	stats   *event.Stats
	now     func() time.Time
	started time.Time

	phase     string
	folder    event.Folder
	index, of int
	// indexes are the places of folders in their order, by host1's raw name: several
	// are begun together, and their messages come one folder after the other.
	indexes map[string]int
	// copying is when the first bytes of messages moved, zero before.
	copying time.Time
	// total1 and total2 are what the first sizes table told.
	total1, total2 event.Size
	under          event.Underway
	wait           wait
	limited        wait // what the limits took lately, until when it is worth telling
	signalled      string
	endsBy         time.Time       // after a request to stop, zero before
	watching       *event.Watching // while nothing but news is waited for

	moving  meter
	coming  meter // what host1 sends
	listing meter
	// stirred is when something last moved on any line, told or counted.
	stirred time.Time
}

// wait is a pause: since when, until when, and why.
type wait struct {
	since, until time.Time
	side         event.Side
	why          string
}

// limitedFor is how long a limit that was waited for counts as what holds the run
// back.
const limitedFor = 3 * time.Second

// New returns the state of a run that begins; stats are those of the Tally that sees
// every event before the State does. now is the clock.
func New(stats *event.Stats, now func() time.Time) *State {
	s := &State{stats: stats, now: now, started: now(), indexes: make(map[string]int)}
	s.stirred = s.started
	return s
}

// phases are the words for the parts of a run.
var phases = map[string]string{
	"connect": "connecting", "list": "listing folders", "map": "mapping folders", "sizes": "counting",
	"copy": "copying", "delete": "finishing", "end": "finishing",
}

// Event folds one event. It is called for each message: it allocates nothing then.
func (s *State) Event(e event.Event) {
	now := s.now()
	switch e := e.(type) {
	case event.MessageCopied:
		s.stir(now)
		if s.copying.IsZero() && !e.Dry {
			s.copying = now
		}
		if e.From.Raw != s.folder.Raw {
			s.folder, s.index = e.From, s.indexes[e.From.Raw]
		}
		return
	case event.Underway:
		if e.Left > 0 && s.copying.IsZero() {
			s.copying = now
		}
		s.under = e
		s.stir(now)
	case event.Phase:
		s.phase = string(e.Name)
		s.stir(now)
	case event.FolderStart:
		s.folder, s.index, s.of = e.From, e.Index, e.Of
		s.indexes[e.From.Raw] = e.Index
		s.stir(now)
	case event.LoopEnd:
		s.folder, s.index = event.Folder{}, 0
	case event.SizesTotal:
		if !e.After {
			s.total1, s.total2 = e.Total1, e.Total2
		}
	case event.Throttled:
		if e.Over {
			s.limited = wait{since: now, until: now.Add(max(limitedFor, e.For)), side: e.Side, why: e.Why}
			return
		}
		s.pause(now, e.Side, e.For, e.Why)
	case event.Waiting:
		s.pause(now, e.Side, e.For, e.Why)
	case event.SignalReceived:
		if e.What == "last pass" {
			s.signalled = e.Signal
		}
		if strings.HasPrefix(e.What, "stop") {
			s.signalled, s.endsBy = e.Signal, now.Add(e.Within)
		}
	case event.Watching:
		s.watching = &e
	case event.PassBegun:
		s.watching = nil
		s.stir(now)
	case event.Debug:
	default:
		s.stir(now)
	}
}

// stir notes that the run goes on. A pause that is over by the clock is forgotten.
func (s *State) stir(now time.Time) {
	s.stirred = now
	if !s.wait.until.After(now) {
		s.wait = wait{}
	}
}

// pause begins a wait; the one that lasts longer counts.
func (s *State) pause(now time.Time, side event.Side, d time.Duration, why string) {
	if until := now.Add(d); until.After(s.wait.until) {
		s.wait = wait{since: now, until: until, side: side, why: why}
	}
}

// Sample notes how far the run is, for the rates; call it about twice a second.
func (s *State) Sample(now time.Time) {
	s.moving.add(now, s.moved(), s.stats.Transferred)
	s.coming.add(now, s.under.Line[1], 0)
	s.listing.add(now, s.under.Listed[1]+s.under.Listed[2], 0)
}

// Pending are the messages that are under way, and their bytes.
func (s *State) Pending() (messages, bytes int64) {
	return s.under.Pending, s.under.PendingBytes
}

// moved are the bytes of messages that are on host2 or left for it.
func (s *State) moved() int64 {
	return max(s.stats.BytesTransferred, s.under.Left)
}
