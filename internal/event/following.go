package event

import "time"

// PassBegun tells that --follow begins another pass, a whole run on the same two accounts
// (docs/follow.md). The first pass has no such event.
type PassBegun struct {
	base
	// Number is 1 for the first pass.
	Number int
	// Why is what made it begin, for people.
	Why string
	// Last: --follow ends with this pass.
	Last bool
}

// PassEnded is the result of a pass.
type PassEnded struct {
	base
	Number int
	Why    string
	Last   bool
	// Code is the exit code that a run with this outcome has.
	Code int
	// Copied are messages that were copied, Bytes is their size.
	Copied, Bytes int64
	// Moved are those of them that host2 had in another folder, so that nothing was sent.
	Moved        int64
	FlagsChanged int64
	// Deleted are messages deleted on host2.
	Deleted        int64
	FoldersCreated int
	Errors         int
	// Untaken are messages of host1 that are not on host2 as they should be, or not for
	// certain, though no option that chooses messages leaves them out and no error tells of
	// them: larger than host2 takes, changed by a command that failed, given short by
	// host1, without an identifying header, on host2 with another content under the same
	// key, marked \Deleted on host1 with --expunge2.
	Untaken int64
	Took    time.Duration
	// Retry is the wait before a pass that failed is repeated, 0 for one that did not fail.
	Retry time.Duration
}

// Changes tells whether the pass changed anything, or failed.
func (p PassEnded) Changes() bool {
	return p.Copied > 0 || p.FlagsChanged > 0 || p.Deleted > 0 || p.FoldersCreated > 0 || p.Code != ExitOK
}

// Watching tells that host1 is watched, when a wait begins and then from time to time.
type Watching struct {
	base
	// How is "notify" where host1 tells of changes in all folders, "idle" where it does so
	// for INBOX, "rounds" where it has to be asked.
	How string
	// Round is how often host1 is asked about the folders of which it does not tell.
	Round time.Duration
	// Since is when --follow began, Last is when something was copied last, null before.
	Since, Last time.Time
	// Passes counts those that were made so far.
	Passes int
	// Copied are messages that the passes after the first one copied.
	Copied int64
	// Until is what --follow waits for to end, for people.
	Until string
	// Again: nothing changed since the last event of this kind.
	Again bool
}
