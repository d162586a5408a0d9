package follow

import "github.com/imaphaul/imaphaul/internal/event"

// toldBound bounds how many errors are remembered that were told already.
const toldBound = 2000

// teller passes on what is worth telling of a pass.
type teller struct {
	loud, figures event.Sink
	// first: the pass is told whole.
	first bool
	fin   *event.Finished // held back until following ends
	sum   event.Finished
	pass  *event.Tally // the figures of this pass alone
	told  map[event.Error]bool
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
	if t.first || t.worth(e) {
		t.loud(e)
		return
	}
	t.figures(e)
}

// worth reports whether an event of a later pass is told: what changes something or
// went wrong, and that once.
func (t *teller) worth(e event.Event) bool {
	switch e := e.(type) {
	case event.MessageCopied, event.MessageMissing, event.MessageShort, event.MessagesDeleted, event.FlagsChanged, event.FolderCreated,
		event.FolderSubscribed, event.FolderRemoved, event.DeletionRefused, event.Throttled, event.Reconnected, event.Debug:
		return true
	case event.Note:
		return e.Warn
	case event.Error:
		key := event.Error{Class: e.Class, Text: e.Text, Folder: e.Folder, UID: e.UID}
		if t.told[key] {
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
