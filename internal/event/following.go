package event

import "time"

// PassBegun tells that a pass of following begins: a whole run on the same two accounts
// (docs/follow.md). The first is not told.
type PassBegun struct {
	base
	// Number counts the passes from 1.
	Number int
	// Why is what made it begin, for people.
	Why string
	// Last: following ends with it.
	Last bool
}

// PassEnded is what a pass came to.
type PassEnded struct {
	base
	Number int
	Why    string
	Last   bool
	// Code is the exit code that a run with this outcome has.
	Code int
	// Copied are messages that were copied, and Bytes their bytes; Moved are those of
	// them that host2 had in another folder, so that nothing was sent.
	Copied, Bytes, Moved int64
	FlagsChanged         int64
	// Deleted are messages of host2.
	Deleted        int64
	FoldersCreated int
	Errors         int
	Took           time.Duration
	// Retry is after how long a pass that failed is repeated, 0 for one that did not.
	Retry time.Duration
}

// Changes tells whether the pass changed anything, or failed.
func (p PassEnded) Changes() bool {
	return p.Copied > 0 || p.FlagsChanged > 0 || p.Deleted > 0 || p.FoldersCreated > 0 || p.Code != ExitOK
}

// Watching tells that host1 is watched, when a wait begins and then from time to time.
type Watching struct {
	base
	// How host1 tells of changes: "notify" in all folders, "idle" in INBOX, or
	// "rounds" when it is asked.
	How string
	// Round is how often it is asked of what it does not tell.
	Round time.Duration
	// Since is when following began, Last when something was carried over last; zero
	// while nothing was.
	Since, Last time.Time
	// Passes so far, and the messages that those after the first copied.
	Passes int
	Copied int64
	// Until says what following ends with, for people.
	Until string
	// Again: it is only told once more.
	Again bool
}
