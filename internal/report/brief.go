package report

import (
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// What --summary and --quiet print in place of the whole text.

// Detail is how much of the text is printed.
type Detail string

// The details, from all to the least.
const (
	Whole Detail = ""
	// Summary leaves the lines of single messages out (--summary).
	Summary Detail = "summary"
	// Quiet leaves warnings, errors and the verdict (--quiet).
	Quiet Detail = "quiet"
)

// briefly prints what a briefer text has for e; false leaves it to the whole text.
func (t *Text) briefly(e event.Event) bool {
	if t.o.Detail == Quiet {
		t.quietly(e)
		return true
	}
	return t.summarily(e)
}

// summarily replaces the lines of single messages by those of their folder.
func (t *Text) summarily(e event.Event) bool {
	switch e := e.(type) {
	case event.MessageCopied, event.MessageSkipped:
		return true
	case event.MessagesDeleted:
		t.deletedInAll(e)
		return true
	case event.FolderDone:
		t.folderDone(e)
		t.folderFigures(e)
		return true
	}
	return false
}

// deletedInAll counts messages that the whole text names one by one.
func (t *Text) deletedInAll(e event.MessagesDeleted) {
	what := `flagged \Deleted`
	switch {
	case e.MovedTo != "":
		what = "moved to folder [" + e.MovedTo + "]"
	case e.Expunged:
		what = "deleted"
	}
	if e.Duplicate {
		what += " as duplicates"
	}
	t.linef("Host%d: folder [%s] %d message(s) %s %s", e.Side, e.Folder.Raw, len(e.UIDs), what, t.drySuffix(e.Dry))
}

// folderFigures tells what became of the messages of a folder.
func (t *Text) folderFigures(e event.FolderDone) {
	all := t.stats.Folders
	for i := len(all) - 1; i >= 0; i-- {
		f := all[i]
		if f.From.Raw != e.From.Raw {
			continue
		}
		t.linef("Host1: folder [%s] %d messages copied (%s), %d there already, %d left out, %d failed",
			f.From.Raw, f.Copied, units.Bytes(f.Bytes), f.Present, f.LeftOut, f.Failed)
		return
	}
}

// startQuietly prints what the preamble warns of.
func (t *Text) startQuietly(p Preamble) {
	for _, n := range p.Notes {
		if strings.HasPrefix(n, "Warning") {
			t.in(yellow, func() { t.linef("%s", n) })
		}
	}
}

// quietly prints e if it asks for attention.
func (t *Text) quietly(e event.Event) {
	switch e := e.(type) {
	case event.Note:
		if e.Warn {
			t.note(e)
		}
	case event.Connected:
		t.in(yellow, func() { t.connectionWarnings(e) })
	case event.Quota:
		t.in(yellow, func() { t.nearlyFull(e) })
	case event.Mapped:
		t.mappingWarnings(e)
	case event.FolderSkipped:
		if e.LeavesMail() {
			t.print(e)
		}
	case event.FolderDone:
		if e.Failed {
			t.print(e)
		}
	case event.FolderRemoved:
		if e.Err != nil {
			t.print(e)
		}
	case event.FolderSubscribed:
		if e.Err != nil {
			t.print(e)
		}
	case event.FolderIgnored, event.Error, event.DeletionRefused, event.MessageShort, event.MessageMissing, event.MessagesDoubtful:
		t.print(e)
	case event.SignalReceived:
		if e.What == "stop" || e.What == "stop now" {
			t.print(e)
		}
	case event.Finished:
		t.finishedQuietly(e)
	case event.Rehearsed:
		t.rehearsedQuietly(e)
	}
}

// finishedQuietly prints the verdict, and what is missing or not done. Warnings and
// errors were told when they came.
func (t *Text) finishedQuietly(e event.Finished) {
	s := t.stats
	loop := !s.LoopStarted.IsZero()
	if e.Stopped == "errorsmax" {
		t.errorsMax()
	}
	if e.Stopped == "signal" && !t.signalled {
		t.askedToTerminate(e.Signal)
	}
	if e.Fatal != nil && s.ErrorCount == 0 {
		t.linef("Failure: %s", strings.TrimPrefix(e.Fatal.Error(), "Failure: "))
	}
	if loop && !t.o.JustFolders {
		spent := s.Elapsed(t.now()).Round(time.Second)
		if t.o.Dry {
			t.linef("%d messages (%s) would be copied without --dry; looked at in %v.", s.WouldTransfer, units.Bytes(s.WouldTransferBytes), spent)
		} else {
			t.linef("Copied %d messages (%s) in %v.", s.Transferred, units.Bytes(s.BytesTransferred), spent)
		}
	}
	if loop {
		t.coloured(t.verdict)
	}
	if s.ErrorCount > 0 {
		c := s.MostFrequent()
		t.linef("Detected %d errors. The most frequent error is %s. %s", s.ErrorCount, c, t.advice(c))
	}
	if loop {
		t.leftUndone()
	}
	if e.Stopped == "signal" {
		t.endedBySignal(e.Signal)
	} else if e.Fatal == nil && e.Stopped == "" {
		t.shortRun(e.Mode)
	}
}
