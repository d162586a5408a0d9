package event

import "time"

// Rehearsed is the page at the end of a rehearsal (--dry): what the same command line
// without --dry would do, as far as reading alone can tell. It follows Finished.
type Rehearsed struct {
	base
	// Complete: every folder was gone through. Otherwise the figures are of a part,
	// and Incomplete says why.
	Complete   bool
	Incomplete string
	// Blind are sentences about effects of options that a rehearsal cannot foretell.
	Blind []string

	// Rows are the whole mapping.
	Rows []MapRow
	// Unused are pairs that the user gave for folders that host1 does not have.
	Unused   []MapRow
	Warnings []string // of the mapping
	Folders  []RehearsedFolder

	Create  []Folder        // host2 folders, parents included
	Remove  []FolderRemoval // folders that would be deleted
	Kept    []FolderRemoval // folders that were candidates and stay, with the reason
	Copy    Amount
	Skip    []SkipAmount
	Flags   int64    // messages of host2 whose flags would change
	Delete  [3]int64 // messages that would be deleted
	Refused int64    // deletions that the guard would refuse

	// Unfit is what host2 will not take.
	Unfit []Unfit
	// Duplicates are messages that repeat another one of their folder.
	Duplicates [3]int64
	// CrossDuplicates are messages of host1 that another folder of host2 has.
	CrossDuplicates int64

	Duration RehearsedTime
	Exit     RehearsedExit

	// Delivery is where new mail arrives; its domain is "" if that was not asked.
	Delivery     Delivery
	Certificates []Certificate
	Tokens       []TokenScope
}

// RehearsedFolder is what would happen to one folder pair.
type RehearsedFolder struct {
	From, To Folder
	// Copy would be copied, Present is on host2 already.
	Copy    Amount
	Present Amount
	Skip    []SkipAmount
	Flags   int64 // messages of host2 whose flags would change
	// Delete are messages that would be deleted, by side.
	Delete [3]int64
	// Rules are what the guard said of deletions in the folder.
	Rules []GuardRule
	// Create: host2 does not have the folder. Failed: it was not gone through.
	Create, Failed bool
	// NotLooked says why its messages were not looked at, "" when they were.
	NotLooked string
}

// SkipAmount are messages that would not be copied for one reason.
type SkipAmount struct {
	Reason   Skip
	Messages int64
	Bytes    int64
}

// GuardRule is what the guard keeps on a side, and why.
type GuardRule struct {
	Side  Side
	Count int64
	Why   string
	// Ceiling: the refusal makes the exit code 122.
	Ceiling bool
}

// FolderRemoval is a folder that would be deleted, or stays for the reason Why.
type FolderRemoval struct {
	Side     Side
	Folder   Folder
	Messages int64
	Why      string
}

// Unfit is something that host2 will not take.
type Unfit struct {
	// What is "message size", "quota" or "folder name".
	What     string
	Folder   Folder
	Messages int64
	Bytes    int64 // of the messages; for a quota what host2 would hold
	Limit    int64 // in bytes; 0 for a name
	Text     string
}

// RehearsedTime is how long the run would take, if it began now.
type RehearsedTime struct {
	// Known: there is a rate to reckon with, or nothing to copy.
	Known bool
	// Least: host2 or the days may make it longer, and nothing is known of that.
	Least bool
	// Look is what connecting, listing and comparing took now; Copy what copying
	// will take while it goes on; Total from the first to the last moment, with the
	// waits that limits a day make.
	Look, Copy, Total time.Duration
	Done              time.Time
	// Rates are those that were reckoned with, by side; Source "" for unknown.
	Rates [3]Rate
	// Days is what goes through on each day under limits of bytes a day; empty
	// where the first day is enough. Limits are those limits.
	Days   []DayShare
	Limits []DayLimit
	// Basis says in one sentence what the figure is made of.
	Basis string
}

// Rate is how fast a side was in this run or an earlier one, for the forecast.
type Rate struct {
	base
	Side Side
	// Source is "probe" (messages read now), "limit" (an option) or "journal" (an
	// earlier run), "" for unknown.
	Source   string
	Messages int64
	Bytes    int64
	Took     time.Duration
	At       time.Time
}

// BytesPerSecond is the rate, 0 for unknown.
func (r Rate) BytesPerSecond() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Bytes) / r.Took.Seconds()
}

// DayLimit is a limit of bytes in any 24 hours.
type DayLimit struct {
	base
	Side  Side
	Limit int64
	// Used are the bytes of each of the last 24 hours, the present one last.
	Used []int64
	// Option is the option that sets the limit. "" is a limit of the provider that no
	// option keeps; Why says whose it is, Source where that is written.
	Option string
	Why    string
	Source string
	// Waits: the run goes on by itself when there is room again (--waitday).
	Waits bool
}

// DayShare is what goes through from From to To.
type DayShare struct {
	From, To time.Time
	Bytes    int64
}

// RehearsedExit is the exit code that the run would give.
type RehearsedExit struct {
	Code int
	Name string
	Why  string
	// Unless are codes that only writing, or reading whole messages, can tell.
	Unless []ExitUnless
}

// ExitUnless is a code that the run gives instead, in the case that When tells.
type ExitUnless struct {
	Code int
	Name string
	When string
}

// Delivery is where mail for user2 arrives, by the MX in the DNS.
type Delivery struct {
	base
	// Domain is the part of user2 behind "@"; "" where it was not asked.
	Domain string
	// Hosts are the MX, the preferred ones first.
	Hosts []string
	// TTL is how long resolvers may keep the answer, 0 where that is not known.
	TTL time.Duration
	// AtHost2: one of the MX belongs to host2.
	AtHost2 bool
	Err     error
}

// Certificate is how long a server's certificate is valid.
type Certificate struct {
	Side    Side
	Expires time.Time
	Days    int64 // whole days left; below 0 when it has expired
}

// TokenScope is what the OAuth token of a side allows.
type TokenScope struct {
	base
	Side   Side
	Scopes []string
	// Granted: the provider named the Scopes with the token. Otherwise they are those that
	// were asked for.
	Granted bool
	Expires time.Time // when the token expires, null if that is not known
}
