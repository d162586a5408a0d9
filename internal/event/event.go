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
	Name string // "connect", "list", "map", "sizes", "copy", "delete", "end"
}

// Note is an information without a type of its own; Warn asks for attention but
// is not counted as an error.
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

// ---- connection and login ----

// Probed is the outcome of the probe of port 993 (imapsync-cli.md section 3.3).
type Probed struct {
	base
	Side Side
	Host string
	Open bool
}

// Connecting precedes the connection.
type Connecting struct {
	base
	Side  Side
	Host  string
	Port  int
	User  string
	Login bool // false when the run only connects
}

// Connected follows the greeting, and STARTTLS if there was one.
type Connected struct {
	base
	Side               Side
	RemoteIP, LocalIP  string
	Banner             string
	Capabilities       string // as sent, before authentication
	TLS                string // "", or version and cipher
	StartTLS           bool
	Unverified         bool // certificate not checked, on the user's wish
	PlaintextLoginSent bool // the password will travel in clear
}

// Authenticating precedes the login.
type Authenticating struct {
	base
	Side       Side
	Host       string
	Mech       string
	Advertised bool
}

// LoggedIn follows a successful login.
type LoggedIn struct {
	base
	Side         Side
	Host, User   string
	Mech         string
	AfterFailure string // mechanism that failed before, "" for none
	Capabilities string // once authenticated
}

// Identified is the answer to ID; nil Fields when the server has no ID.
type Identified struct {
	base
	Side   Side
	Fields map[string]string
}

// Quota is the STORAGE quota of INBOX, in bytes; Limit 0 means none.
type Quota struct {
	base
	Side        Side
	HasQuota    bool
	Used, Limit int64
}

// SizeLimit tells the largest message that will be sent, bytes; 0: no limit.
type SizeLimit struct {
	base
	AppendLimit, MaxSize, Effective int64
}

// Compression tells whether DEFLATE is on.
type Compression struct {
	base
	Side Side
	On   bool
	Err  error
}

// Reconnected tells that a lost connection was opened again.
type Reconnected struct {
	base
	Side  Side
	Cause error
}

// ---- folders ----

// FoldersListed is one side's LIST; Lines are the server's own words.
type FoldersListed struct {
	base
	Side       Side
	Selectable int
	Folders    []Folder
	Subscribed []Folder
}

// Separator is how one side's hierarchy is written and why.
type Separator struct {
	base
	Side                       Side
	GuessSep, GuessPrefix      string
	NamespaceSep, NamespacePfx string
	FromNamespace              bool
	Sep, Prefix                string
	SepGiven, PrefixGiven      bool
}

// FoldersChosen is a step of the selection: Pattern "" means all folders.
type FoldersChosen struct {
	base
	Pattern string
	Exclude bool
	Folders []Folder
}

// FolderIgnored is a wanted folder that takes no part.
type FolderIgnored struct {
	base
	Side   Side
	Folder Folder
	Why    string // "is not in host1 whole folders list", "is not selectable"
}

// Role is a special-use folder found on one side.
type Role struct {
	base
	Side   Side
	Folder Folder
	Role   string // \Sent, \Trash...
	Source string // "SPECIAL-USE", "attribute", "XLIST", "name"
}

// MapRow is one line of the mapping table.
type MapRow struct {
	From, To Folder
	Why      string // "f1f2", "automap", "regextrans2", "same", ...
	Exists   bool   // on host2 already
	Created  bool   // will be created by this run
	Use      string // role it is created with
}

// Mapped is the whole mapping table, before the first byte of mail moves.
type Mapped struct {
	base
	Automap  bool
	Rows     []MapRow
	Extra    []Folder // in host2, not in host1
	Warnings []string
}

// SizesRow is one folder pair of a sizes table; a missing side has Exists false.
type SizesRow struct {
	base
	After            bool
	Index, Of        int
	From, To         Folder
	Exists1, Exists2 bool
	Size1, Size2     Size
}

// Size counts messages and their bytes as the server tells them. Biggest is
// UnknownSize where only a folder's sum is known (STATUS, RFC 8438).
type Size struct{ Messages, Bytes, Biggest int64 }

// UnknownSize is a number of bytes that nobody told.
const UnknownSize = -1

// SizesTotal ends a sizes table.
type SizesTotal struct {
	base
	After              bool
	Folders1, Folders2 int
	Total1, Total2     Size
	Known1, Known2     bool
	Spent              time.Duration
}

// FolderRemoved is the fate of a folder that --delete2folders or
// --delete1emptyfolders looked at.
type FolderRemoved struct {
	base
	Side   Side
	Folder Folder
	Dry    bool
	Kept   string // why it was kept; "" when it was deleted
	Err    error  // the server's refusal
}

// LoopStart and LoopEnd enclose the folder loop.
type LoopStart struct {
	base
	Folders int
}

// LoopEnd follows the last folder.
type LoopEnd struct{ base }

// FolderStart begins one folder pair.
type FolderStart struct {
	base
	Index, Of int
	From, To  Folder
}

// FolderSelected is the outcome of SELECT or EXAMINE.
type FolderSelected struct {
	base
	Side           Side
	Folder         Folder
	Messages       int64
	PermanentFlags string // as sent; "" when any flag may be kept
}

// FolderCreated is an attempt to create a host2 folder.
type FolderCreated struct {
	base
	Folder  Folder
	From    Folder
	Dry     bool
	Already string // "", "already exists", "already exists (--nomixfolders is not set)", ...
	Use     string
}

// FolderSubscribed follows SUBSCRIBE.
type FolderSubscribed struct {
	base
	Folder Folder
	Dry    bool
	Err    error
}

// FolderSkipped is a folder whose messages are not looked at.
type FolderSkipped struct {
	base
	Side   Side
	Folder Folder
	Why    string // "empty", "empty by search", "dry: does not exist", ...
	// WouldCopy counts its messages in a dry run.
	WouldCopy int64
}

// FolderListing precedes the reading of headers of n messages.
type FolderListing struct {
	base
	Side     Side
	Folder   Folder
	Messages int64
}

// FolderListed follows it: how many take part, how many of them repeat another
// one, and how many have none of the headers that identify. A message that is
// left out for one of these reasons gets a MessageSkipped as well.
type FolderListed struct {
	base
	Side       Side
	Folder     Folder
	Selected   int64
	Duplicates int64
	NoHeader   int64
}

// FolderDone ends one folder pair. Every wanted folder gets one: a folder
// without it counts as never visited, and then no sync looks good.
type FolderDone struct {
	base
	From, To Folder
	// Unchanged: known from the journal, not even selected. Its identified
	// messages count as present, without a MessagesPresent of their own.
	Unchanged bool
	// What the verdict is made of: how many messages with an identity each side
	// has, and how many of them are on one side only, after the folder's copies
	// and deletions (in a dry run: as found).
	Identified1, Identified2 int64
	OnlyOn1, OnlyOn2         int64
	Failed                   bool
}

// ---- messages ----

// MessageCopied is a message that host2 confirmed.
type MessageCopied struct {
	base
	From   Folder
	UID    uint32
	Bytes  int64
	To     Folder
	NewUID uint32 // 0 when the server did not tell
	Dry    bool   // it would have been copied
	// Altered says what was changed, "" for an exact copy.
	Altered string
}

// MessageSkipped is a message that is not copied, and why.
type MessageSkipped struct {
	base
	Side      Side
	Folder    Folder
	UID       uint32
	Bytes     int64
	Reason    Skip
	Detail    string // the rest of the line, e.g. "(300 exceeds maxsize limit 200 bytes)"
	MessageID string
	Subject   string
	Date      string
}

// Skip is the reason why a message is not copied.
type Skip int

// The reasons. SkipPresent is the ordinary one: it is there already.
const (
	SkipPresent Skip = iota
	SkipDuplicate
	SkipCrossDuplicate
	SkipNoHeader
	SkipTooBig
	SkipTooSmall
	SkipLongLine
	SkipShortLine
	SkipByRule    // --skipmess
	SkipTransform // --regexmess or --pipemess failed, or left nothing
	SkipResurrect // the user moved or deleted it on host2 after delivery
	SkipVanished  // gone from host1 during the run
	SkipUnsent    // the run was stopped before its turn
	SkipReport    // a report that an earlier run stored on host1 (--emailreport1)
)

// MessagesPresent counts messages found on both sides, in one go.
type MessagesPresent struct {
	base
	Folder Folder
	Count  int64
	Bytes  int64
}

// FlagsChanged is a group of host2 messages whose flags were made equal.
type FlagsChanged struct {
	base
	Folder Folder
	Count  int64
	Flags  string
	Dry    bool
}

// MessagesDeleted is a group of messages deleted, or that would be.
type MessagesDeleted struct {
	base
	Side      Side
	Folder    Folder
	UIDs      []uint32
	Duplicate bool
	Expunged  bool // false: only flagged \Deleted
	Dry       bool
	MovedTo   string // --quarantine2
}

// DeletionRefused is what the guard kept, and why.
type DeletionRefused struct {
	base
	Side   Side
	Folder Folder
	Count  int64
	Why    string
	// Fatal refusals (the ceiling) give the run exit code 122.
	Ceiling bool
}

// Expunged is a whole-folder EXPUNGE the user asked for.
type Expunged struct {
	base
	Side   Side
	Folder Folder
	Dry    bool
}

// Throttled tells of a pause that a limit or the server asked for.
type Throttled struct {
	base
	Side Side
	For  time.Duration
	Why  string
}

// Error is a counted error. Class decides the exit code; Text is the line as
// imapsync writes it, Hint what to do next.
type Error struct {
	base
	Class  Class
	Text   string
	Hint   string
	Folder Folder
	UID    uint32
	// The message that is not copied because of the error, when there is one
	// (UID is not 0); each may be empty.
	Bytes     int64
	MessageID string
	Subject   string
	Date      string
}

// SignalReceived tells that the process got a signal, Count times so far. What
// is "stop" (work in flight is finished first), "stop now", "reconnect", "print"
// or "ignore".
type SignalReceived struct {
	base
	Signal string // "INT", "TERM"...
	Count  int
	What   string
}

// Finished is the last event of the engine.
type Finished struct {
	base
	// Stopped says why the run ended early: "", "errorsmax", "exitwhenover",
	// "signal", "file" (--abortbyfile), "connection", "quota", "day budget".
	Stopped string
	Signal  string
	Mode    string
	Fatal   error // the run could not go on at all
	// BytesIn and BytesOut are bytes on the wire, per side.
	BytesIn, BytesOut [3]int64
	Reconnections     [3]int
	Commands          [3]int64
}
