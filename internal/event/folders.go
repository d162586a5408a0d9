package event

import "time"

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
	Automap bool
	Rows    []MapRow
	// Unused are pairs that the user gave for folders that host1 does not have.
	Unused   []MapRow
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
	// TooBig is how many bytes of host1 are messages that are larger than what is
	// copied; it is asked only when host2's quota looks too small.
	TooBig int64
	Spent  time.Duration
}

// FolderRemoved is the fate of a folder that --delete2folders or
// --delete1emptyfolders looked at.
type FolderRemoved struct {
	base
	Side   Side
	Folder Folder
	Dry    bool
	Kept   string // why it was kept; "" when it was deleted
	// Messages is how many went with it, or would; 0 when nobody told.
	Messages int64
	Err      error // the server's refusal
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

// WhyNoMail begins the reason of a folder in which a server keeps calendars, contacts
// or tasks, and does not give them as messages.
const WhyNoMail = "its items are no mail"

// FolderSkipped is a folder whose messages are not looked at.
type FolderSkipped struct {
	base
	Side   Side
	Folder Folder
	Why    string // "empty", "empty by search", "dry: does not exist", WhyNoMail, ...
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
