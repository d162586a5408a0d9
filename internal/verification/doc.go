// Package verification holds both accounts of a plan against each other after a run,
// and tells every difference.
//
// It believes nothing of what the run believed. What should be where follows from
// the plan alone: mapping, selection, changes, flags. Both accounts are read anew
// (package mailread). The journal is asked for two things only: what host2 is known
// to do to messages, and what was on host2 before the first run; that explains
// differences and hides none.
//
// Folder after folder of host2 is read, and the folders of host1 that lead there.
// Messages are paired by content, then by what is the same but for the form of the
// header, then by the identifying headers (imapsync's key); what is left on host1 is
// missing, what is left on host2 is extra. A second look at the headers of what
// differs finds the words for it. Time grows with the messages; memory is about 150
// bytes for each message of the folder in work, and bodies are digested while they
// arrive.
//
// docs/verify.md is the page for users.
package verification

// Mark is the first character of a row.
type Mark byte

// The marks.
const (
	Equal     Mark = '='
	Differs   Mark = '*'
	Missing   Mark = '-'
	Extra     Mark = '+'
	Unread    Mark = '!'
	Explained Mark = '~' // a difference that host2's habits explain
)

// Row is one difference, of a message or of a folder (both UIDs are 0); or a folder
// in which all is equal.
type Row struct {
	Mark Mark
	// Counts says that it is a difference: neither equal nor explained.
	Counts bool
	// Folder1 and Folder2 are names for people, "" where there is none.
	Folder1, Folder2 string
	UID1, UID2       uint32
	MessageID        string
	Subject          string
	// Differs are the things that are not equal: "body", "header", "size", "date",
	// "flags", "subscription", "role", "name".
	Differs []string
	// Reason says why, Remedy what to do; Remedy may be "".
	Reason, Remedy string
}

// Summary is what a verification found.
type Summary struct {
	Depth string
	// Folders and Messages are those of host1 that were to be on host2, Bytes their
	// size. Equal are messages found equal, Explained rows that are explained.
	Folders, Messages, Equal int64
	Bytes                    int64
	// Compared are messages whose whole content was compared.
	Compared int64
	// Rows counts rows by mark, Counted those that are differences.
	Rows      map[string]int64
	Counted   int64
	Explained int64
	// Habits are what host2 is known to do to messages, and how often that was seen.
	Habits []string
	// Commands are those that were sent, by name, of side 1 and 2; Run are those of
	// the run before it, nil for none.
	Commands [3]map[string]int64
	Run      [3]map[string]int64
	// Own says which folders the program's own client had to read, and why; the first
	// few.
	Own      []string
	OwnCount int
	// Sides are both accounts, 1 and 2.
	Sides [3]Side
	// Notes are things to know about the result.
	Notes []string
	// Incomplete: it ended before everything was compared, so that what was found equal
	// proves nothing of the rest.
	Incomplete bool
}

// OK reports whether all was compared, and is equal or explained.
func (s *Summary) OK() bool { return s.Counted == 0 && !s.Incomplete }

// Side is an account and the server that it is on, as it was found.
type Side struct {
	Host, User, Greeting, TLS, RemoteIP string
}
