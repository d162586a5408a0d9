package event

import "time"

// FoldersListed is one side's answer to LIST and LSUB.
type FoldersListed struct {
	base
	Side       Side
	Selectable int
	Folders    []Folder
	Subscribed []Folder
}

// Separator is the hierarchy separator and the prefix of one side: guessed from the
// folders, told by NAMESPACE, and those that count, which options may give.
type Separator struct {
	base
	Side                       Side
	GuessSep, GuessPrefix      string
	NamespaceSep, NamespacePfx string
	FromNamespace              bool
	Sep, Prefix                string
	SepGiven, PrefixGiven      bool
}

// FoldersChosen is a step of the selection of folders, by an option with this Pattern;
// "" stands for all folders.
type FoldersChosen struct {
	base
	Pattern string
	Exclude bool
	Folders []Folder
}

// FolderIgnored is a folder that an option names and that takes no part.
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

// SizesRow is one folder pair in the table of sizes before or After the copy.
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

// SizesTotal ends a table of sizes.
type SizesTotal struct {
	base
	After              bool
	Folders1, Folders2 int
	Total1, Total2     Size
	Known1, Known2     bool
	// TooBig is the sum of those messages of host1 that are too large to be copied. It is
	// asked for only when host2's quota looks too small.
	TooBig int64
	Spent  time.Duration
}

// FolderRemoved is a folder that --delete2folders or --delete1emptyfolders deleted or
// kept.
type FolderRemoved struct {
	base
	Side   Side
	Folder Folder
	Dry    bool
	Kept   string // why it was kept; "" when it was deleted
	// Messages is how many messages are deleted with it; 0 when that is not known.
	Messages int64
	Err      error // the server's refusal
}

// LoopStart comes before the first folder.
type LoopStart struct {
	base
	Folders int
}

// LoopEnd follows the last folder.
type LoopEnd struct{ base }

// FolderStart comes before all other events of a folder pair.
type FolderStart struct {
	base
	Index, Of int
	From, To  Folder
}

// FolderSelected tells that a folder was opened (SELECT or EXAMINE).
type FolderSelected struct {
	base
	Side           Side
	Folder         Folder
	Messages       int64
	PermanentFlags string // as sent; "" when the folder keeps any flag
}

// FolderCreated tells that a folder of host2 was created, or why it was not.
type FolderCreated struct {
	base
	Folder  Folder
	From    Folder
	Dry     bool
	Already string // "", "already exists", "already exists (--nomixfolders is not set)"...
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

// FolderSkipped is a folder pair whose messages are not looked at.
type FolderSkipped struct {
	base
	Side   Side
	Folder Folder
	Why    string // "empty", "empty by search", "dry: does not exist", "its items are no mail"...
	// WouldCopy is how many messages a run would copy, in a dry run.
	WouldCopy int64
}

// FolderListing precedes the reading of the headers of a folder.
type FolderListing struct {
	base
	Side     Side
	Folder   Folder
	Messages int64
}

// FolderListed tells how many messages take part, how many of these repeat another one,
// and how many have none of the headers that identify. Each message that is left out for
// one of these reasons has a MessageSkipped as well.
type FolderListed struct {
	base
	Side       Side
	Folder     Folder
	Selected   int64
	Duplicates int64
	NoHeader   int64
}

// FolderDone ends one folder pair. Every folder that takes part has one: without it the
// folder counts as never visited, and the run as not finished.
type FolderDone struct {
	base
	From, To Folder
	// Unchanged: by the journal nothing happened since the last run, so it was not even
	// opened. Its messages count as present, without a MessagesPresent.
	Unchanged bool
	// Identified1 and Identified2 are the messages of each side that can be recognised,
	// after the folder's copies and deletions; in a dry run as they were found.
	Identified1, Identified2 int64
	// OnlyOn1 and OnlyOn2 are those of them that are on one side only.
	OnlyOn1, OnlyOn2 int64
	Failed           bool
}
