package report

import (
	"time"
)

// Options is what the printers need to know besides the events.
type Options struct {
	Program string // "imaphaul"
	Version string
	// CalledAs is the program and version under whose name it was called, such as
	// "imapsync 2.229"; "" under its own.
	CalledAs string

	// Detail is how much of the text is printed.
	Detail Detail
	// Colour marks warnings, errors and the verdict, for a terminal.
	Colour bool

	Dry         bool
	JustFolders bool
	// UseUID: the user identified by UID, so imapsync's strictness verdict is left out.
	UseUID bool

	Delete2 bool // --delete2 was given
	// Headers are those of --useheader, which beat --addheader; empty for none.
	Headers []string

	ErrorsMax  int  // --errorsmax, shown beside the number of errors
	ErrorsDump bool // list the errors at the end
	// ExitWhenOver is --exitwhenover in bytes, for the advice that follows it.
	ExitWhenOver int64
	// Verified: a verification follows on the run, whose differences are errors too.
	Verified bool
	// Differences: both sizes tables were asked for.
	Differences bool
	// MissingMax is how many messages that host2 lacks are listed at the end.
	MissingMax int
	// SkippedFile is where all of them are listed, "" when nowhere.
	SkippedFile string
	// LogFile is the log's name, "" when there is none.
	LogFile string

	Host1, Host2 Account

	Process Process
	Machine Machine
	// Now is the clock, time.Now when nil. Its location is that of all dates.
	Now func() time.Time
}

// Account is how one side is named in the text.
type Account struct {
	Host string
	Port int // 0 when it was not given
	User string
}
