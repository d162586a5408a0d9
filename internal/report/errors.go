package report

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// errorLine prints the line as it will be listed again at the end, then what to do.
func (t *Text) errorLine(e event.Error) {
	t.linef("%s", strings.TrimRight(e.Text, "\r\n"))
	for hint := range strings.Lines(e.Hint) {
		t.linef("hint: %s", strings.TrimRight(hint, "\r\n"))
	}
}

// errorsListing is imapsync's (--errorsdump); nothing without errors.
func (t *Text) errorsListing() {
	s := t.stats
	if s.ErrorCount == 0 {
		return
	}
	if t.o.ErrorsDump {
		t.linef("++++ Listing %d errors encountered during the sync ( avoid this listing with --noerrorsdump ).",
			s.ErrorCount)
		for i, e := range s.Errors {
			t.linef("Err %d/%d: %s", i+1, s.ErrorCount, strings.TrimRight(e.Text, "\r\n"))
		}
		if n := s.ErrorCount - len(s.Errors); n > 0 {
			t.linef("%d more errors are in the lines above only.", n)
		}
	}
	c := s.MostFrequent()
	t.linef("The most frequent error is %s. %s", c, t.advice(c))
}

// whatToDo repeats the remedy behind lists that may be long: who looks at the last
// lines finds it there.
func (t *Text) whatToDo() {
	if t.stats.ErrorCount == 0 {
		return
	}
	if advice := t.advice(t.stats.MostFrequent()); advice != "" {
		t.linef("What to do: %s", advice)
	}
}

// errorsMax is the line of a run that --errorsmax ended.
func (t *Text) errorsMax() {
	t.linef("Maximum number of errors %[1]d reached ( you can change %[1]d to any value,"+
		" for example 100 with --errorsmax 100 ). Exiting.", t.o.ErrorsMax)
}

// advice is what follows the most frequent class, "" when there is none.
func (t *Text) advice(c event.Class) string {
	o := &t.o
	switch c {
	case event.ErrAuthUser1:
		return fmt.Sprintf("Check the credentials for %s.", o.Host1.User)
	case event.ErrAuthUser2:
		return fmt.Sprintf("Check the credentials for %s.", o.Host2.User)
	case event.ErrConnection1:
		return wrongServer(1, o.Host1)
	case event.ErrConnection2:
		return wrongServer(2, o.Host2)
	case event.ErrAuthMechanism:
		return "Check the mechanism of --authmech1 and --authmech2, and the password it takes."
	case event.ErrTLS:
		return "Check the certificate of the server and the name you reach it by."
	case event.ErrAppendSize:
		return "The destination refuses messages of that size. Leave them out with --maxsize," +
			" or see --truncmess."
	case event.ErrOverquota:
		return "The destination mailbox is full: make room there, then run the same command again."
	case event.ErrCreate:
		return "Give the folders other names with --f1f2 or --regextrans2, or leave them out with --exclude."
	case event.ErrSelect:
		return "Look at these folders with another mail program, or leave them out with --exclude."
	case event.ErrFetch:
		return "Run the same command again; messages that host1 cannot give are listed with --skippedfile."
	case event.ErrAppend:
		return "See the hints above: --repair alters such messages, --skippedfile lists them."
	case event.ErrAppendVirus:
		return "The destination takes these messages for a virus: they stay on host1."
	case event.ErrDeletion:
		return "Nothing of it was copied or lost by this: see the server's words above."
	case event.ErrFlags:
		return "The destination refuses flags. Run again with --noresyncflags, or see --regexflag."
	case event.ErrTransferExceeded:
		limit := ""
		if o.ExitWhenOver > 0 {
			limit = " (over " + units.Bytes(o.ExitWhenOver) + ")"
		}
		return "The most that one run may transfer is reached" + limit + ". Run again to sync more."
	case event.ErrFolder, event.ErrSubfolder1:
		return "See the names of the folders with --justfolderlists."
	case event.ErrListing:
		return "Folders that could not be listed are as they were; nothing was deleted in them. Run again."
	case event.ErrRefused:
		return "Look at what would be deleted, with --dry; then allow it with --delete2max."
	case event.ErrReport:
		return "The mail is not concerned: only the report about it is missing."
	case event.ErrLost:
		return "Run the same command again: it goes on where this run ended."
	}
	return ""
}

func wrongServer(side int, a Account) string {
	port := ""
	if a.Port != 0 {
		port = fmt.Sprintf(" on port %d", a.Port)
	}
	return fmt.Sprintf("Check that host%d %s%s is the right IMAP server for the mailbox.", side, a.Host, port)
}
