// Package plan holds the sync plan: one validated value that says everything
// about a run before the first connection is made.
//
// The command line builds it, the engine obeys it, and --printplan prints it.
// Every default is visible in it; nothing in it is looked up later. A Plan is
// never changed after it was built: those who receive one only read it.
package plan

import (
	"time"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// Plan is everything a run needs to know.
type Plan struct {
	// CommandLine is what the user typed, secrets masked, for the log.
	CommandLine []string
	Mode        Mode
	// Missing names the options (--host1...) without which the run can only
	// connect; Mode is then ModeJustConnect and the end of the run says so.
	Missing []string
	// Dry simulates: both connections are sealed against writing commands.
	Dry bool
	// Dry1 also leaves bodies unread in a dry run (imapsync's --dry1, on with
	// --dry; --dry --nodry1 fetches and transforms but does not append).
	Dry1 bool

	Host1, Host2 Account

	Folders   Folders
	Selection Selection
	Identity  Identity
	Transform Transform
	Flags     Flags
	Deletion  Deletion
	Transfer  Transfer
	Limits    Limits
	Journal   Journal
	Output    Output
	View      View
	Debug     Debug
	Run       Run
	Follow    Follow
	Proof     Proof
	Doctor    Doctor
}

// Accounts names the pair of accounts, as in "alice@imap.example.org -> bob@mail.example.org".
func (p *Plan) Accounts() string {
	return p.Host1.User + "@" + p.Host1.Host + " -> " + p.Host2.User + "@" + p.Host2.Host
}

// Mode says how far a run goes (imapsync: --dry, --justlogin, --justfolders...).
type Mode string

// The modes, from the shortest run to the whole one.
const (
	ModeJustBanner      Mode = "justbanner"
	ModeJustConnect     Mode = "justconnect"
	ModeJustLogin       Mode = "justlogin"
	ModeJustFolderLists Mode = "justfolderlists"
	ModeJustAutomap     Mode = "justautomap"
	ModeJustFolderSizes Mode = "justfoldersizes"
	ModeJustFolders     Mode = "justfolders"
	ModeSync            Mode = "sync"
	// ModeVerify and ModeDoctor belong to the commands of these names: nothing is
	// carried out.
	ModeVerify Mode = "verify"
	ModeDoctor Mode = "doctor"
	// ModeBatch is what the options for all rows of a batch make.
	ModeBatch Mode = "batch"
)

// EndsEarly names the option with which the run of a plan ends before it looks at the
// messages of all folders, "" for none.
func (p *Plan) EndsEarly() string {
	switch {
	case p.Mode != ModeSync:
		return string(p.Mode)
	case p.Folders.PrintMap != "":
		return "printmap"
	case p.Run.Abort:
		return "abort"
	}
	return ""
}

// Folders says which folders take part, under which names they arrive, and
// what happens to folders as such (docs/folders.md).
type Folders struct {
	// Only holds --folder, Recursive --folderrec, as typed (raw or UTF-8).
	Only, Recursive []string
	Subscribed      bool
	// Include and Exclude keep the order of the command line.
	Include, Exclude []*perlexpr.Expr
	First, Last      []string

	Subfolder1, Subfolder2 string
	// nil means: ask the server (NAMESPACE), else guess.
	Prefix1, Prefix2, Sep1, Sep2 *string
	Map                          []MapPair // --f1f2, in order; the last one for a name wins
	Automap                      bool
	// Trans holds --regextrans2: user rules, then those of presets. The rules of
	// --subfolder2 and of the INBOX spelling are the mapping's own.
	Trans []*perlexpr.Expr
	// TransPresets and ExcludePresets are how many of these, the last ones, come
	// from presets; MapPresets is the same for Map, of which they are the first ones.
	TransPresets, ExcludePresets int
	MapPresets                   int
	FixSlash2                    bool
	FixInbox                     bool
	// MixFolders false: a host2 folder that exists under another case is skipped.
	MixFolders bool

	SkipEmpty bool
	// CheckExist drops wanted folders that host1 does not list (--checkfoldersexist).
	CheckExist bool
	// CheckSelectable: nil is imapsync's automatic (always on here: LIST told already).
	CheckSelectable *bool

	// ExcludeRoles are roles of host1 folders that take no part, as attributes.
	// AllMailLast: Gmail's All Mail comes last and gives only what lies in no other
	// folder that takes part.
	ExcludeRoles []string
	AllMailLast  bool

	Subscribe, SubscribeAll bool
	SyncACLs                bool

	SizesBefore, SizesAfter bool

	Delete2Folders                   bool
	Delete2Only, Delete2ButNot       *perlexpr.Expr
	Delete1EmptyFolders              bool
	PrintMap                         string // "", "tsv" or "json"
	MapFile                          string // an edited mapping table to read back
	MapFilePairs                     []MapPair
	GmailPreset1, GmailPreset2       bool
	OfficePreset1, OfficePreset2     bool
	ExchangePreset1, ExchangePreset2 bool
	DominoPreset1, DominoPreset2     bool
}

// Preset reports whether an option for a kind of server was given for a side, other
// than --providerN.
func (f *Folders) Preset(side int) bool {
	if side == 1 {
		return f.GmailPreset1 || f.OfficePreset1 || f.ExchangePreset1 || f.DominoPreset1
	}
	return f.GmailPreset2 || f.OfficePreset2 || f.ExchangePreset2 || f.DominoPreset2
}

// MapPair is one explicit mapping of a host1 folder to a host2 folder.
type MapPair struct{ From, To string }

// Selection says which messages take part (docs/options.md).
type Selection struct {
	// MaxSize and MinSize in bytes of RFC822.SIZE; a message is skipped when it
	// is larger than MaxSize, or not larger than MinSize. nil: no limit.
	MaxSize, MinSize *int64
	// AppendLimit overrides host2's APPENDLIMIT capability, bytes.
	AppendLimit *int64
	// MaxAge and MinAge in days before Now.
	MaxAge, MinAge *float64
	// Now is the start of the run: ages are counted from it.
	Now time.Time
	// Search1 and Search2 are raw SEARCH criteria, "" for ALL.
	Search1, Search2             string
	AbleToSearch1, AbleToSearch2 bool
	CheckAbleToSearch            bool
	// CheckAbleToSearchGiven: the check was asked for, beyond what is counted anyway.
	CheckAbleToSearchGiven bool
	FetchSet               string // --fetch_hash_set, "" for 1:*
	CheckMessageExists     bool
}

// Identity says when two messages are the same (docs/design.md, "Identity").
type Identity struct {
	// Headers is --useheader with presets; empty means Message-Id and Received.
	Headers             []string
	SkipHeader          *perlexpr.Expr
	WholeHeaderIfNeeded bool
	MessageIDNoDomain   bool
	SizeInKey           bool // --noskipsize
	AddHeader           bool
	SyncDuplicates      bool
	SkipCrossDuplicates bool
	// UseUID identifies by the journal's UID pairs, headers only where it is empty.
	UseUID bool
	// HeadersGiven: the user chose the headers himself; what they leave behind stays behind.
	HeadersGiven bool
}

// Transform says what is changed in a message on its way.
type Transform struct {
	SkipMess, RegexMess []*perlexpr.Expr
	RegexMessPresets    int // of RegexMess, the last ones
	PipeMess            []string
	PipeMessCheck       bool
	DisarmReadReceipts  bool
	TruncMess           *int64
	MaxLineLength       *int64
	MaxLineLengthCmd    string
	MinMaxLineLength    *int64
	SyncInternalDates   bool
	IDateFromHeader     bool
	// Repair allows the repair ladder to alter a refused message; WrapBroken
	// adds its last rung, message/rfc822.
	Repair, WrapBroken bool
}

// Flags says what becomes of flags and labels (sections 5.1 and 6).
type Flags struct {
	RegexFlag        []*perlexpr.Expr
	RegexFlagPresets int  // of RegexFlag, the last ones
	Filter           bool // --filterflags
	FilterBuggy      bool
	FixCase          bool // --flagscase
	Resync           bool
	SyncAfterCopy    bool
	SyncLabels       bool
	ResyncLabels     bool
	// ImportantKeyword gives messages that Gmail calls important the keyword
	// $Important (RFC 8457).
	ImportantKeyword bool
}

// Deletion says what may be deleted and what guards it.
type Deletion struct {
	Delete1, Expunge1, ExpungeAfterEach bool
	Delete2, Delete2Duplicates          bool
	Expunge2, UIDExpunge2               bool
	// Expunge1Given: --expunge1 was asked for, not only implied by --delete1.
	Expunge1Given bool
	// Expunge2Given: the user asked for a whole EXPUNGE on host2 himself.
	Expunge2Given bool
	// Delete2Max is the ceiling of --delete2 for one folder: a count, or percent
	// when Percent is set. nil: the built-in ceiling.
	Delete2Max  *Ceiling
	Delete2New  bool   // --delete2newmail
	MXCheck     bool   // --nomxcheck turns it off
	Quarantine2 string // folder on host2 that receives what --delete2 would delete
}

// Ceiling is a number of messages or a percentage of a folder.
type Ceiling struct {
	Value   float64
	Percent bool
}

// Transfer says how bytes are moved.
type Transfer struct {
	// Connections is the number of connections to each host.
	Connections int
	// BufferBytes bounds all message bodies in memory at one time.
	BufferBytes int64
	// Split1 and Split2 bound UID sets: ten characters of command each (imapsync).
	Split1, Split2 int
	NoResurrect    bool
	// SkippedFile receives a TSV line for every message that was not copied;
	// SaveDir their originals.
	SkippedFile, SaveDir string
}

// Limits are the brakes of a run.
type Limits struct {
	ErrorsMax            int
	ExitWhenOver         *int64 // bytes
	MaxMessagesPerSecond float64
	MaxBytesPerSecond    int64
	MaxBytesAfter        int64 // bytes moved before MaxBytesPerSecond applies
	MaxSleep             *time.Duration
	MaxBytesPerDay1      int64
	MaxBytesPerDay2      int64
	WaitDay              bool
	// Between are the hours in which the run works; outside of them it waits.
	Between Hours
}

// Journal says where the run's memory lives.
type Journal struct {
	Enabled bool
	// Dir is the directory of the journal files; "" means the user's state directory.
	Dir string
	// Shared: other machines use the volume of Dir; nil means that it is found out.
	Shared *bool
}

// Output says what is told to whom.
type Output struct {
	Log             bool
	LogFile, LogDir string
	ErrorsDump      bool
	// EmailReport1 and EmailReport2 put a report into the INBOX of that side;
	// EmailReportFrom is its sender, "" for the account itself.
	EmailReport1, EmailReport2 bool
	EmailReportFrom            string
	ModulesVersion             bool
	PrintPlan                  bool
	TmpDir                     string
	// PidFile is "" for none. PidFileGiven: the user named it himself, so that
	// not being able to write it ends the run.
	PidFile        string
	PidFileGiven   bool
	PidFileLocking bool
	Docker         bool // in a container, or told so
	StartedAt      time.Time
	Notes          []string // lines about presets and no-effect options, printed at the start
}

// Debug turns on more lines.
type Debug struct {
	All, Content, Folders, Flags, List, Labels, Cache, Memory, MaxLineLength,
	CrossDuplicates, Signals bool
}

// Run says what signals and companions do.
type Run struct {
	SigExit, SigReconnect, SigIgnore []string
	Abort, AbortByFile, Tail         bool
}
