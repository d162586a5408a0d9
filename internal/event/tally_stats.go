package event

import (
	"fmt"
	"strings"
	"time"
)

// Stats are the figures of a run: what imapsync's statistics block shows
// ("++++ Statistics") and what a truthful verdict needs beyond it.
// Arrays of three are indexed by Side; element 0 is unused. Bytes are as host1
// tells them, or as sent for messages that were copied.
type Stats struct {
	Started     time.Time
	LoopStarted time.Time // zero when the run never reached the folder loop
	Ended       time.Time // zero until Finished

	// FoldersSynced were gone through without a failure; FoldersFailed were not.
	// What is left of FoldersWanted was never visited.
	FoldersWanted, FoldersSynced, FoldersFailed int
	FoldersCreated, WouldCreate                 int
	// Incomplete are the folders that failed or miss messages, Unvisited those
	// never reached (known once Finished, by name when there was a Mapped).
	Incomplete []FolderDone
	Unvisited  []Folder
	// Unlisted says that a server did not list all its folders: there may be others.
	Unlisted bool
	// LeftOut are folders skipped with their mail in them.
	LeftOut []FolderSkipped
	// Folders are those that were begun, in their order.
	Folders []*FolderFigures

	Transferred                       int64
	BytesTransferred, Biggest         int64
	WouldTransfer, WouldTransferBytes int64 // in a dry run
	Altered                           int64 // copied, but not byte for byte
	Skipped, BytesSkipped             int64
	SkippedBy                         [skipReasons]Amount
	Failed                            Amount // not copied because of an error
	// ByHost2 were skipped since host2 does not take them, by its APPENDLIMIT.
	ByHost2 int64
	// Followed: these are the figures of passes (docs/follow.md).
	Followed bool
	// Lost are messages that host2 had, or said so, and does not have at the end.
	Lost int64
	// Short are messages of which host1 gave less than it says they have.
	Short int64
	// Doubtful count as present though nothing proves it.
	Doubtful int64
	// NotCopied lists the first of the NotCopiedCount messages that host2 does
	// not have in any folder after this run.
	NotCopied      []NotCopied
	NotCopiedCount int64

	Duplicates [3]int64
	NoHeader   [3]int64

	// Identified and OnlyOn are sums over folder pairs, not imapsync's global
	// sets, so that a message missing in one folder is missing even when another
	// folder has it.
	Identified1, Identified2 int64
	OnlyOn1, OnlyOn2         int64

	FlagsChanged     int64
	Deleted          [3]int64 // confirmed by the server
	OnlyFlagged      [3]int64 // of these: flagged \Deleted, not expunged
	WouldDelete      [3]int64 // in a dry run, as the next two
	WouldChangeFlags int64
	RefusedDeletions int64
	Refusals         []DeletionRefused
	CeilingRefused   bool

	Reconnections [3]int

	// Processed counts the host1 messages whose fate is decided, each once; Total
	// is how many there are, from the first sizes table.
	Processed  int64
	Total      int64
	TotalKnown bool

	Bytes1         int64      // of host1 by the first sizes table
	AtStart, AtEnd Difference // host2 minus host1, by the sizes tables
	TooBig         int64      // bytes of host1 that are larger than what is copied; see SizesTotal

	QuotaUsed, QuotaLimit int64 // of host2, bytes; a limit of 0 is none

	Warnings     int
	WarningTexts []string // the first of them
	ErrorCount   int
	ByClass      map[Class]int
	Errors       []Error // the first of them

	Finished Finished // zero until it came
}

// skipReasons is the number of Skip values.
const skipReasons = int(SkipMarked) + 1

// Amount is a number of messages and their bytes.
type Amount struct{ Messages, Bytes int64 }

// Difference is host2 minus host1; not Known when a side could not be sized.
type Difference struct {
	Known           bool
	Messages, Bytes int64
}

// Elapsed is the time from the start to the end, or to now while there is none.
func (s *Stats) Elapsed(now time.Time) time.Duration {
	if !s.Ended.IsZero() {
		now = s.Ended
	}
	return now.Sub(s.Started)
}

// Left is how many host1 messages are still to be decided, never negative.
func (s *Stats) Left() int64 { return max(0, s.Total-s.Processed) }

// Remaining is the expected time to the end: the time the folder loop took so
// far for each decided message, times the messages left. imapsync divides by
// copied messages only, so that its second runs announce days.
func (s *Stats) Remaining(now time.Time) time.Duration {
	if s.LoopStarted.IsZero() {
		return 0
	}
	spent := now.Sub(s.LoopStarted)
	return time.Duration(float64(spent) / float64(max(1, s.Processed)) * float64(s.Left()))
}

// QuotaShort tells how many bytes host2 would hold if all that the first sizes
// table found missing were copied, but for what is too large, and whether its quota is too small for that.
func (s *Stats) QuotaShort() (need int64, short bool) {
	if s.QuotaLimit <= 0 || !s.AtStart.Known {
		return 0, false
	}
	need = s.QuotaUsed + max(0, -s.AtStart.Bytes-s.TooBig)
	return need, need > s.QuotaLimit
}

// LeavesMail tells whether the skipped folder may hold messages that host2 lacks
// after the run: it was not empty, is not one of items that are no mail, and not
// skipped only because the run is dry.
func (f FolderSkipped) LeavesMail() bool {
	return f.Why != "empty" && f.Why != "empty by search" && !strings.HasPrefix(f.Why, WhyNoMail) && !strings.HasPrefix(f.Why, "dry") &&
		f.WouldCopy == 0
}

// NotCopied is a host1 message that this run did not copy though it looked at
// it, or meant to.
type NotCopied struct {
	Folder    Folder
	UID       uint32
	Bytes     int64
	MessageID string
	Subject   string
	Date      string
	// Reason holds when Class is empty; otherwise an error is the reason.
	Reason Skip
	Class  Class
	// Detail is the rest of the reason: numbers, or the error's text.
	Detail string
}

// Missing tells whether host2 lacks the message after the run. Repeated
// messages are there under another UID, vanished ones are nowhere, reports
// belong where they are, and items of calendars are no messages.
func (n NotCopied) Missing() bool {
	if n.Class != "" {
		return true
	}
	switch n.Reason {
	case SkipPresent, SkipDuplicate, SkipCrossDuplicate, SkipVanished, SkipReport, SkipShort, SkipNoMail:
		return false
	}
	return true
}

// AsNotCopied gives the message that an event left uncopied. The second result
// is false for every other event, and for messages that host2 has already.
func AsNotCopied(e Event) (NotCopied, bool) {
	switch e := e.(type) {
	case MessageShort:
		detail := fmt.Sprintf("copied short: host1 says %d bytes and gives %d", e.Told, e.Bytes)
		if e.Earlier {
			detail = fmt.Sprintf("copied short by an earlier run: host1 says %d bytes", e.Told)
		}
		return NotCopied{Folder: e.Folder, UID: e.UID, Bytes: e.Bytes, Reason: SkipShort, Detail: detail}, true
	case MessageSkipped:
		if e.Side == 2 || e.Reason == SkipPresent {
			return NotCopied{}, false
		}
		return NotCopied{
			Folder: e.Folder, UID: e.UID, Bytes: e.Bytes,
			MessageID: e.MessageID, Subject: e.Subject, Date: e.Date,
			Reason: e.Reason, Detail: e.Detail,
		}, true
	case Error:
		if e.UID == 0 || e.Class == ErrFlags || e.Class == ErrDeletion || e.Class == ErrRefused {
			return NotCopied{}, false
		}
		return NotCopied{
			Folder: e.Folder, UID: e.UID, Bytes: e.Bytes,
			MessageID: e.MessageID, Subject: e.Subject, Date: e.Date,
			Class: e.Class, Detail: e.Text,
		}, true
	}
	return NotCopied{}, false
}
