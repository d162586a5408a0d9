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
	// Late: it was sent again after its folder was done, see MessageMissing.
	Late bool
}

// MessageShort says that what host1 gave of a message, twice, is much less than what
// it says the message has. It was copied as it came, and stays on host1.
type MessageShort struct {
	base
	Folder Folder
	UID    uint32 // on host1
	Bytes  int64  // that came
	Told   int64  // RFC822.SIZE
	// Earlier: a run before this one copied it so; Bytes is 0 where nobody knows them
	// any more.
	Earlier bool
}

// MessageMissing takes a MessageCopied or a part of a MessagesPresent back: host2 does
// not have the message after all.
type MessageMissing struct {
	base
	From, To Folder
	UID      uint32 // on host1
	Bytes    int64  // as MessageCopied told them
	// Late: the folder was done already. Seen: it was there before this run, and is
	// gone.
	Late, Seen bool
}

// MessageSkipped is a message that is not copied, and why.
type MessageSkipped struct {
	base
	Side      Side
	Folder    Folder
	UID       uint32
	Bytes     int64
	Reason    Skip
	Detail    string // what the reason leaves out, e.g. "(300 exceeds maxsize limit 200 bytes)"
	Line      string // imapsync's line of it; "" for one made of the fields here
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
)

// MessagesPresent counts messages found on both sides, in one go.
type MessagesPresent struct {
	base
	Folder Folder
	Count  int64
	Bytes  int64
}

// MessagesDoubtful counts messages that count as present though their content on
// host2 is another one, or is not known: see docs/identity.md.
type MessagesDoubtful struct {
	base
	From, To Folder
	Count    int64
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
