package follow

import (
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// toldBound bounds how many errors are remembered that were told already.
const toldBound = 2000

// teller passes on what is worth telling of a pass.
type teller struct {
	loud, figures event.Sink
	// first: the pass is told whole; last: what is wrong is told again.
	first, last bool
	fin         *event.Finished // held back until following ends
	sum         event.Finished
	pass        *event.Tally // the figures of this pass alone
	told        map[event.Error]bool
	// warned is what the pass before warned of, warns what this one does.
	warned, warns map[string]bool
}

// begin begins a pass.
func (t *teller) begin(first, last bool) {
	t.first, t.last, t.fin = first, last, nil
	t.warned, t.warns = t.warns, make(map[string]bool)
	t.pass = event.NewTally(time.Now(), nil)
}

// again reports whether the pass before warned of the same.
func (t *teller) again(e event.Event) bool {
	key := fmt.Sprintf("%T %+v", e, e)
	if len(t.warns) < toldBound {
		t.warns[key] = true
	}
	return t.warned[key] && !t.last
}

// event is the sink of a pass.
func (t *teller) event(e event.Event) {
	if t.pass != nil { // else it is between two passes
		t.pass.Add(e)
	}
	if fin, ok := e.(event.Finished); ok {
		t.finished(fin)
		return
	}
	if worth := t.worth(e); t.first || worth {
		t.loud(e)
		return
	}
	t.figures(e)
}

// worth reports whether an event of a later pass is told: what changes something or
// went wrong, and that once.
func (t *teller) worth(e event.Event) bool {
	switch e := e.(type) {
	case event.MessageCopied, event.MessageMissing, event.MessagesDeleted, event.FlagsChanged, event.FolderCreated,
		event.FolderSubscribed, event.Throttled, event.Reconnected, event.Debug:
		return true
	case event.MessageShort, event.DeletionRefused:
		return !t.again(e)
	case event.FolderRemoved:
		return e.Kept == "" || !t.again(e)
	case event.Note:
		return e.Warn && (t.pass == nil || !t.again(e))
	case event.Error:
		key := event.Error{Class: e.Class, Text: e.Text, Folder: e.Folder, UID: e.UID}
		if t.told[key] && !t.last {
			return false
		}
		if t.told == nil || len(t.told) >= toldBound {
			t.told = make(map[event.Error]bool)
		}
		t.told[key] = true
		return true
	}
	return false
}

// finished adds what a pass moved to what all did.
func (t *teller) finished(e event.Finished) {
	for n := range e.BytesIn {
		e.BytesIn[n] += t.sum.BytesIn[n]
		e.BytesOut[n] += t.sum.BytesOut[n]
		e.Reconnections[n] += t.sum.Reconnections[n]
		e.Commands[n] += t.sum.Commands[n]
		if was := t.sum.CommandNames[n]; len(was) > 0 {
			names := make(map[string]int64, len(was))
			for name, k := range was {
				names[name] = k
			}
			for name, k := range e.CommandNames[n] {
				names[name] += k
			}
			e.CommandNames[n] = names
		}
	}
	t.sum, t.fin = e, &e
}
