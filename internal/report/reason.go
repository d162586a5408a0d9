package report

import (
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
)

// reasonWords says in a few words why a message was not copied.
var reasonWords = map[event.Skip]string{
	event.SkipPresent:        "on host2 already",
	event.SkipDuplicate:      "same message twice in its folder",
	event.SkipCrossDuplicate: "copied from another folder already (--skipcrossduplicates)",
	event.SkipNoHeader:       "none of the headers that identify a message",
	event.SkipTooBig:         "larger than host2 or --maxsize allows",
	event.SkipTooSmall:       "not larger than --minsize",
	event.SkipLongLine:       "a line longer than --maxlinelength",
	event.SkipShortLine:      "longest line shorter than --minmaxlinelength",
	event.SkipByRule:         "left out by --skipmess",
	event.SkipTransform:      "--regexmess or --pipemess failed on it",
	event.SkipResurrect:      "moved or deleted on host2 after it was delivered (--noresurrect)",
	event.SkipVanished:       "gone from host1 during the run",
	event.SkipUnsent:         "its turn did not come",
	event.SkipShort:          "copied short: host1 gave less of it than it says it has",
	event.SkipNoMail:         "an item of a calendar or of contacts, which host1 does not give as a message",
	event.SkipMarked:         "marked \\Deleted on host1, so that --expunge2 would remove the copy at once",
	event.SkipReport:         "a report that imaphaul had put there (--emailreport1)",
}

// reasonOf never returns an empty text.
func reasonOf(s event.Skip) string {
	if w, ok := reasonWords[s]; ok {
		return w
	}
	return "no reason given"
}

// whyNotCopied is the reason with its numbers, for lists.
func whyNotCopied(n event.NotCopied) string {
	if n.Class != "" {
		return "error: " + strings.TrimRight(n.Detail, "\r\n")
	}
	return reasonOf(n.Reason) + spaced(n.Detail)
}
