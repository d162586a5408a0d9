package event

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
	// Late: it was sent once more after its folder was done, see MessageMissing.
	Late bool
}

// MessageShort is a message of which host1 gave, twice, much less than it says that it
// has. It was copied as it came, and stays on host1.
type MessageShort struct {
	base
	Folder Folder
	UID    uint32 // on host1
	Bytes  int64  // that came
	Told   int64  // RFC822.SIZE of the message
	// Earlier: an earlier run copied it so; then Bytes may be 0, for unknown.
	Earlier bool
}

// MessageMissing says that host2 does not have a message after all, which a MessageCopied
// or a MessagesPresent has counted.
type MessageMissing struct {
	base
	From, To Folder
	UID      uint32 // on host1
	Bytes    int64  // as in MessageCopied
	// Late: the folder was done already.
	Late bool
	// Seen: it was there before this run, so that a MessagesPresent has counted it.
	Seen bool
}

// MessageSkipped is a message that is not copied, and why.
type MessageSkipped struct {
	base
	Side      Side
	Folder    Folder
	UID       uint32
	Bytes     int64
	Reason    Skip
	Detail    string // more about the reason, as "(300 exceeds maxsize limit 200 bytes)"
	ByHost2   bool   // host2 does not take it; no option leaves it out
	Line      string // the line as imapsync writes it, "" where it is made of these fields
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
	SkipUnsent    // its turn did not come: the run was stopped, or its folder given up
	SkipReport    // a report that an earlier run stored on host1 (--emailreport1)
	SkipShort     // copied, but host1 gave less of it than it says it has
	SkipNoMail    // an item of a calendar or of contacts, which host1 does not give as a message
	SkipMarked    // marked \Deleted on host1, and --expunge2 would take the copy
)

// MessagesPresent counts messages that are on both sides already.
type MessagesPresent struct {
	base
	Folder Folder
	Count  int64
	Bytes  int64
}

// MessagesDoubtful counts messages that count as present, though their content on host2
// is another one or is not known (docs/identity.md).
type MessagesDoubtful struct {
	base
	From, To Folder
	Count    int64
}

// FlagsChanged counts messages of host2 that got the flags of host1.
type FlagsChanged struct {
	base
	Folder Folder
	Count  int64
	Flags  string
	Dry    bool
}

// MessagesDeleted are messages that were deleted.
type MessagesDeleted struct {
	base
	Side      Side
	Folder    Folder
	UIDs      []uint32
	Duplicate bool
	Expunged  bool // false: only marked \Deleted
	Dry       bool
	MovedTo   string // the folder they were moved to (--quarantine2), "" for none
}

// DeletionRefused counts messages that were to be deleted and stay, and says why
// (docs/deletions.md).
type DeletionRefused struct {
	base
	Side   Side
	Folder Folder
	Count  int64
	Why    string
	// Ceiling: there were more than --delete2max allows, so the run ends with exit code 122.
	Ceiling bool
}

// Expunged is an EXPUNGE of a whole folder, which --expunge1 or --expunge2 asks for.
type Expunged struct {
	base
	Side   Side
	Folder Folder
	Dry    bool
}
