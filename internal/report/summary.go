package report

import (
	"strconv"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// summary says, behind imapsync's own text, which messages and folders are
// missing and why, what was not deleted, and how to go on.
func (t *Text) summary() {
	t.missing()
	if n := t.stats.Altered; n > 0 {
		t.linef("%d message(s) were altered on their way; the lines above say how.", n)
	}
	if n := t.stats.Warnings; n > 0 {
		t.linef("Gave %d warning(s), see the lines beginning with Warning.", n)
		for i, w := range t.stats.WarningTexts {
			t.linef("Warning %d/%d: %s", i+1, n, w)
		}
		if more := n - len(t.stats.WarningTexts); more > 0 {
			t.linef("%d more warnings are in the lines above only.", more)
		}
	}
	t.howToGoOn()
}

// leftUndone is the summary without what is no gap: changes on the way, and warnings
// told before.
func (t *Text) leftUndone() {
	t.missing()
	t.howToGoOn()
}

// missing says what host2 lacks, and what was not deleted.
func (t *Text) missing() {
	t.notCopied()
	if n := t.stats.SkippedBy[event.SkipReport].Messages; n > 0 {
		t.linef("Host1: %d message(s) are not copied, because they are reports that imaphaul had put there (--emailreport1).", n)
	}
	t.incompleteFolders()
	t.deletions()
}

// howToGoOn tells how to go on after a run that ended early.
func (t *Text) howToGoOn() {
	switch t.stats.Finished.Stopped {
	case "", event.StopSignal:
	case event.StopDay:
		t.linef("The limit of a day is reached; a warning above says whose.")
		t.resume()
	default:
		t.resume()
	}
}

// notCopied counts what host2 lacks by reason, then lists the first of it.
func (t *Text) notCopied() {
	s := t.stats
	if s.NotCopiedCount == 0 {
		return
	}
	t.linef("++++ Messages that are not on host2, by reason")
	for reason, a := range s.SkippedBy {
		if a.Messages > 0 && (event.NotCopied{Reason: event.Skip(reason)}).Missing() {
			t.amount(a, reasonOf(event.Skip(reason)))
		}
	}
	if s.Failed.Messages > 0 {
		t.amount(s.Failed, "an error, see the listing above")
	}
	shown := min(len(s.NotCopied), t.o.MissingMax)
	for _, n := range s.NotCopied[:shown] {
		t.linef("not on host2: %s", notCopiedLine(n))
	}
	if rest := s.NotCopiedCount - int64(shown); rest > 0 && shown > 0 {
		t.linef("... and %d more", rest)
	}
	switch {
	case t.o.SkippedFile != "":
		t.linef("All of them are listed in %s", t.o.SkippedFile)
	case s.NotCopiedCount > int64(shown):
		t.linef("Use --skippedfile FILE to have all of them listed in a file.")
	}
}

func (t *Text) amount(a event.Amount, why string) {
	t.linef("%9d message(s) %14s: %s", a.Messages, units.Bytes(a.Bytes), why)
}

// notCopiedLine names one message so that its owner can find it.
func notCopiedLine(n event.NotCopied) string {
	s := n.Folder.Bracketed() + " UID " + strconv.FormatUint(uint64(n.UID), 10) +
		", " + strconv.FormatInt(n.Bytes, 10) + " bytes"
	if n.MessageID != "" {
		s += ", " + n.MessageID
	}
	if n.Date != "" {
		s += ", " + n.Date
	}
	if n.Subject != "" {
		s += ", Subject:[" + n.Subject + "]"
	}
	return s + ": " + whyNotCopied(n)
}

// foldersShown is how many folders are named; their number is always told.
const foldersShown = 100

// incompleteFolders names the folders that failed, miss messages or were never
// reached. In a dry run it is no news that messages are missing.
func (t *Text) incompleteFolders() {
	s := t.stats
	var lines []string
	for _, f := range s.Incomplete {
		switch {
		case f.Failed:
			lines = append(lines, f.From.Bracketed()+" -> "+f.To.Bracketed()+": not completed")
		case !t.o.Dry:
			lines = append(lines, f.From.Bracketed()+" -> "+f.To.Bracketed()+": "+
				count(f.OnlyOn1)+" among "+count(f.Identified1)+" identified messages missing")
		}
	}
	for _, f := range s.LeftOut {
		lines = append(lines, f.Folder.Bracketed()+": left out, "+f.Why)
	}
	for _, f := range s.Unvisited {
		lines = append(lines, f.Bracketed()+": never visited")
	}
	nameless := max(0, s.NeverVisited()-len(s.Unvisited))
	if len(lines)+nameless == 0 {
		return
	}
	t.linef("++++ Folders that are not complete on host2: %d", len(lines)+nameless)
	shown := min(len(lines), foldersShown)
	for _, l := range lines[:shown] {
		t.linef("%s", l)
	}
	if rest := len(lines) - shown + nameless; rest > 0 && shown > 0 {
		t.linef("... and %d more", rest)
	}
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

// deletions says what was to be deleted and was not.
func (t *Text) deletions() {
	s := t.stats
	if s.RefusedDeletions > 0 {
		t.linef("++++ Deletions refused: %d message(s) stay", s.RefusedDeletions)
		for _, r := range s.Refusals {
			t.linef("Host%d %s: %d message(s): %s", r.Side, r.Folder.Bracketed(), r.Count, r.Why)
		}
	}
	for side := 1; side <= 2; side++ {
		if n := s.OnlyFlagged[side]; n > 0 {
			t.linef(`Host%d: %d message(s) are flagged \Deleted and not expunged.`, side, n)
		}
		if n := s.WouldDelete[side]; n > 0 {
			t.linef("Host%d: %d message(s) would be deleted without dry mode.", side, n)
		}
	}
}
