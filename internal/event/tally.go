package event

import (
	"fmt"
	"slices"
	"time"
)

// Tally folds the events of one run into figures. It is computed once, so that
// every printer shows the same ones. Feed it first, then the printers, from one
// Sink (see Serial); it is not safe for concurrent use.
type Tally struct {
	s   Stats
	now func() time.Time

	wanted  []Folder            // folders of the mapping table
	done    map[string]struct{} // raw names of wanted folders with a FolderDone
	present int64               // MessagesPresent since the last FolderStart

	folders map[string]*FolderFigures // by host1's raw name
	passes  bool                      // folders may be begun again
	last    *FolderFigures
}

// kept bounds what a Tally remembers one by one; everything is counted.
const (
	keptErrors    = 10_000
	keptNotCopied = 1_000
	keptRefusals  = 1_000
	keptWarnings  = 200
)

// NewTally returns an empty Tally for a run that began at started. now is the
// clock, time.Now when nil.
func NewTally(started time.Time, now func() time.Time) *Tally {
	if now == nil {
		now = time.Now
	}
	return &Tally{
		s:    Stats{Started: started, ByClass: map[Class]int{}},
		now:  now,
		done: map[string]struct{}{},

		folders: map[string]*FolderFigures{},
	}
}

// Stats gives the figures so far. The result is the Tally's own, kept up to
// date by Add: read it, do not change it.
func (t *Tally) Stats() *Stats { return &t.s }

// Ending gives the figures as they will be if fin ends the run now, for what is
// written before the end comes. Like those of Stats they are only read.
func (t *Tally) Ending(fin Finished) *Stats {
	then := *t
	then.finished(fin)
	return &then.s
}

// Add folds one event.
func (t *Tally) Add(e Event) {
	s := &t.s
	switch e := e.(type) {
	case MessageCopied:
		t.copied(e)
	case MessageShort:
		s.Short++
	case MessageMissing:
		t.missing(e)
	case MessageSkipped:
		t.skipped(e)
	case MessagesPresent:
		t.presentOnBoth(e.Folder, e.Count, e.Bytes)
	case Error:
		t.failed(e)
	case MessagesDoubtful:
		s.Doubtful += e.Count
	case FlagsChanged:
		if e.Dry {
			s.WouldChangeFlags += e.Count
		} else {
			s.FlagsChanged += e.Count
		}
	case MessagesDeleted:
		t.deleted(e)
	case FolderRemoved:
		t.folderRemoved(e)
	case DeletionRefused:
		t.refused(e)

	case Mapped:
		t.wanted = t.wanted[:0]
		for _, r := range e.Rows {
			t.wanted = append(t.wanted, r.From)
		}
		for _, w := range e.Warnings {
			t.warned(w)
		}
	case LoopStart:
		s.LoopStarted = t.now()
		s.FoldersWanted = e.Folders
	case FolderStart:
		t.present = 0
		t.begin(e)
	case FolderCreated:
		switch {
		case e.Already != "":
		case e.Dry:
			s.WouldCreate++
		default:
			s.FoldersCreated++
		}
	case FolderIgnored:
		t.warned(fmt.Sprintf("Host%d: ignoring folder %s because it %s.", e.Side, e.Folder.Raw, e.Why))
	case Connected:
		if e.Waived != "" {
			t.warned(fmt.Sprintf("Host%d: %s; it is accepted because host%d is this machine", e.Side, e.Waived, e.Side))
		}
		if e.Unverified {
			t.warned(fmt.Sprintf("Host%d: the server's certificate is not verified", e.Side))
		}
		if e.PlaintextLoginSent {
			t.warned(fmt.Sprintf("Host%d: the connection is not encrypted, the password travels in clear", e.Side))
		}
	case FolderSkipped:
		s.WouldTransfer += e.WouldCopy
		s.Processed += e.WouldCopy
		if e.LeavesMail() {
			s.LeftOut = append(s.LeftOut, e)
		}
	case FolderListed:
		s.Duplicates[side(e.Side)] += e.Duplicates
		s.NoHeader[side(e.Side)] += e.NoHeader
	case FolderDone:
		t.folderDone(e)

	case SizesTotal:
		t.sizes(e)
	case Quota:
		if e.Side == 2 && e.HasQuota {
			s.QuotaUsed, s.QuotaLimit = e.Used, e.Limit
		}
		if e.NearlyFull() {
			t.warned(fmt.Sprintf("Host%d: the mailbox is %.2f %% full", e.Side, 100*float64(e.Used)/float64(e.Limit)))
		}
	case Reconnected:
		s.Reconnections[side(e.Side)]++
	case Note:
		if e.Warn {
			t.warned(e.Text)
		}
	case PassBegun:
		t.nextPass()
	case PassEnded:
		s.Followed = true
	case Finished:
		t.finished(e)
	}
}

// side guards the arrays against a Side that is neither 1 nor 2.
func side(s Side) Side {
	if s < 0 || s > 2 {
		return 0
	}
	return s
}

func (t *Tally) deleted(e MessagesDeleted) {
	s, n := &t.s, int64(len(e.UIDs))
	if e.Dry {
		s.WouldDelete[side(e.Side)] += n
		return
	}
	s.Deleted[side(e.Side)] += n
	if !e.Expunged && e.MovedTo == "" {
		s.OnlyFlagged[side(e.Side)] += n
	}
}

// folderRemoved counts the messages that went with a folder.
func (t *Tally) folderRemoved(e FolderRemoved) {
	switch {
	case e.Kept != "" || e.Err != nil:
	case e.Dry:
		t.s.WouldDelete[side(e.Side)] += e.Messages
	default:
		t.s.Deleted[side(e.Side)] += e.Messages
	}
}

// warned counts a warning, and keeps it to be repeated at the end.
func (t *Tally) warned(text string) {
	s := &t.s
	if t.passes && slices.Contains(s.WarningTexts, text) {
		return // a pass before warned of it
	}
	s.Warnings++
	if len(s.WarningTexts) < keptWarnings {
		s.WarningTexts = append(s.WarningTexts, text)
	}
}

func (t *Tally) refused(e DeletionRefused) {
	s := &t.s
	s.RefusedDeletions += e.Count
	s.CeilingRefused = s.CeilingRefused || e.Ceiling
	if len(s.Refusals) < keptRefusals {
		s.Refusals = append(s.Refusals, e)
	}
}

func (t *Tally) folderDone(e FolderDone) {
	s := &t.s
	t.done[e.From.Raw] = struct{}{}
	s.Identified1 += e.Identified1
	s.Identified2 += e.Identified2
	s.OnlyOn1 += e.OnlyOn1
	s.OnlyOn2 += e.OnlyOn2
	if e.Unchanged {
		t.presentOnBoth(e.From, max(0, e.Identified1-e.OnlyOn1-t.present), 0)
	}
	if f := t.folder(e.From); f != nil {
		f.Done, f.Broken = true, e.Failed
	}
	t.present = 0
	if e.Failed {
		s.FoldersFailed++
	} else {
		s.FoldersSynced++
	}
	if e.Failed || e.OnlyOn1 > 0 {
		s.Incomplete = append(s.Incomplete, e)
	}
}

func (t *Tally) sizes(e SizesTotal) {
	s := &t.s
	diff := Difference{
		Known:    e.Known1 && e.Known2,
		Messages: e.Total2.Messages - e.Total1.Messages,
		Bytes:    e.Total2.Bytes - e.Total1.Bytes,
	}
	if e.After {
		s.AtEnd = diff
		return
	}
	s.AtStart, s.TooBig = diff, e.TooBig
	s.Total, s.TotalKnown, s.Bytes1 = e.Total1.Messages, e.Known1, e.Total1.Bytes
}

func (t *Tally) finished(e Finished) {
	s := &t.s
	s.Ended = t.now()
	s.Finished = e
	for i := range s.Reconnections {
		// The connections know better than the events when one was not told.
		s.Reconnections[i] = max(s.Reconnections[i], e.Reconnections[i])
	}
	for _, f := range t.wanted {
		if _, ok := t.done[f.Raw]; !ok {
			s.Unvisited = append(s.Unvisited, f)
		}
	}
}
