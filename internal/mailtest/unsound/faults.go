package unsound

// Every says at which occasions a fault shows: at each n-th, counted over all
// connections; 0 never, 1 always.
type Every int

// Faults are the switches. The zero value is a sound server.
type Faults struct {
	// Hide are capabilities that are not offered: "UIDPLUS", "LITERAL+",
	// "LITERAL-", "MULTIAPPEND", ... Without UIDPLUS no UIDs are told.
	Hide []string

	// Strict refuses, with BAD and before the literal: system flags other than the
	// five of RFC 3501, \Recent, dates that are none, and those before 1970.
	Strict bool
	// Keywords, where not nil, are the only ones that are taken; others are refused
	// with BAD and before the literal (GNU mailutils).
	Keywords []string
	// Refuse answers APPEND with NO [OVERQUOTA] before the literal.
	Refuse Every
	// ArgumentLiterals refuses, with BAD, literals that nobody asked for and that
	// are not messages: names, passwords. After consent they are taken.
	ArgumentLiterals bool
	// Spill says after which refusals a literal that nobody asked for is not
	// swallowed, but read as commands. After NO this server also looks before the
	// literal whether the mailbox exists.
	Spill Spill

	// Drop says OK to a message and stores nothing.
	Drop Every
	// DropTold tells a UID for it, the one that it would have got.
	DropTold bool
	// Loses deletes a message after its OK, where the folder is not selected (GNU
	// mailutils with mbox).
	Loses Every
	// Forgets deletes a message after its OK, when the user's next command comes
	// that is no APPEND.
	Forgets Every
	// Halves stores the first half of a message and tells its UID, as a full disk does.
	Halves Every
	// Replaces stores a message of the server's own in place of one, and tells its UID.
	Replaces Every
	// Denies stores the messages of an APPEND and answers Denial, "" for NO: a time-out
	// or a filter strikes behind the store.
	Denies Every
	Denial string
	// Deliver stores a message of the server's own behind each that it dropped, lost
	// or forgot.
	Deliver bool
	// Recognises answers a message that the folder has, byte for byte, with its UID
	// and stores nothing (Gmail).
	Recognises bool

	// AppendUID is what is wrong with the UIDs told for APPEND; AppendUIDEvery says
	// how often, 0 is always.
	AppendUID      UIDFault
	AppendUIDEvery Every
	// CopyUID is what is wrong with those told for COPY and MOVE.
	CopyUID UIDFault

	// StaleStatus answers STATUS, and LIST with STATUS, for the selected folder with
	// the numbers at the time of its SELECT.
	StaleStatus bool

	// Noise is a line that is sent while a literal that nobody asked for is under
	// way; NoiseEvery says how often, 0 is always.
	Noise      string
	NoiseEvery Every

	// Changes are made to each message that is stored, one after the other.
	Changes []Change

	// Watch is no fault: Served then also tells of Again and Stale.
	Watch bool
}

// Spill is a set of refusals.
type Spill uint8

// The refusals after which a literal is read as commands.
const (
	AfterBAD Spill = 1 << iota // Dovecot
	AfterNO                    // Courier
)

// UIDFault is what is wrong with UIDs.
type UIDFault int

// The faults of APPENDUID and COPYUID.
const (
	Right         UIDFault = iota
	Missing                // none is told
	Exchanged              // UID and UIDVALIDITY stand in each other's place
	Repeated               // the UID that was told before
	OfAnother              // that of the folder's first message
	BelowNext              // one below the UIDNEXT before
	FarAbove               // a thousand too high
	WrongValidity          // another UIDVALIDITY
	TooFew                 // one UID less than messages; none for one message
	TooMany                // one more
	OneAbove               // each one too high, as UIDNEXT is
	OneBelow               // each one too low
	Unordered              // several in descending order
)

func (f UIDFault) String() string {
	return [...]string{
		"right", "missing", "exchanged", "repeated", "of another", "below UIDNEXT", "far above", "wrong UIDVALIDITY", "too few", "too many", "one above", "one below", "unordered",
	}[f]
}
