package cli

import (
	"io"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Input is everything Parse looks at besides files that options name.
type Input struct {
	// Args are the arguments without the program's name.
	Args []string
	// Environ is the environment as KEY=value; nil is an empty one.
	Environ []string
	// Now is the start of the run: ages are counted from it.
	Now time.Time
	// Version is what --version prints.
	Version string
	// InDocker tells that the program runs in a container.
	InDocker bool
	// ExtraFile is a file of extra options, read when it exists ("" for none).
	ExtraFile string
	// AskSecret prompts for a password without echo. nil: there is nobody to ask.
	AskSecret func(prompt string) (string, error)
	// FetchSecret gets a secret from where --secretN points: kind is "keyring" or
	// "cmd". nil: both are refused.
	FetchSecret func(kind, from string) (string, error)
	// Forget is told the environment variables that held a password, so that commands
	// which are started do not inherit them. nil: nobody is.
	Forget func(variable string)
	// FindLogin names the file of the login stored for a user at a host, "" for
	// none. nil: nobody looks.
	FindLogin func(user, host string) string
	// ReadMap reads the contents of a --mapfile; errors name the line. nil: the
	// option is refused.
	ReadMap func(io.Reader) ([]plan.MapPair, error)
	// Row: it is a row of a batch, whose files get names of their own.
	Row bool
	// within is the command that reads the arguments as those of a run and does
	// something else with them ("undo", "cutover"), "" for none.
	within plan.Mode
	// Width is the width of help texts in columns, 0 for 80.
	Width int
}

// getenv finds a variable; absent and empty are the same.
func (in *Input) getenv(key string) string {
	for _, kv := range in.Environ {
		if len(kv) > len(key) && kv[len(key)] == '=' && kv[:len(key)] == key {
			return kv[len(key)+1:]
		}
	}
	return ""
}

// hasenv reports whether a variable exists, even empty.
func (in *Input) hasenv(key string) bool {
	for _, kv := range in.Environ {
		if len(kv) > len(key) && kv[len(key)] == '=' && kv[:len(key)] == key {
			return true
		}
	}
	return false
}

// Outcome ends the program without a run: what to print, and the exit code.
type Outcome struct {
	Code           int
	Stdout, Stderr string
	// Demo asks for the demonstration between two servers inside the program
	// (--testslive); SelfTest for the same as a test, which exits 0 or 254.
	Demo     bool
	SelfTest bool
	// Status is the process, by number or pid file, that "imaphaul status" asks where
	// it is.
	Status string
	// Batch asks for what "imaphaul batch" is to do.
	Batch *Batch
	// Worker asks for what "imaphaul worker" is to do; HubStatus for what "imaphaul
	// status --hub" shows; Hub is what stands behind "imaphaul hub", nil for nothing.
	Worker    *Worker
	HubStatus *HubStatus
	Hub       []string
	// Merge is the merging of results of a batch.
	Merge *Merge
	// Undo asks for what a run stored to be taken back.
	Undo *Undo
	// Cutover asks for what "imaphaul cutover" is to look at.
	Cutover *Cutover
	// Journal asks for what "imaphaul journal" is to do.
	Journal *JournalCommand
	// Init asks for what "imaphaul init" is to ask and write.
	Init *Init
	// Login asks for what "imaphaul login" is to do.
	Login *Login
	// Explain asks for what "imaphaul explain" is to show.
	Explain *Explanation
	// Refused is the plan as far as it could be made, of a command line that asks
	// for a run and is not right: it says where the log was to be. nil when the
	// arguments could not be taken apart. It must not be carried out.
	Refused *plan.Plan
	// Lacks are those of the problems in Stderr that say what a row of a batch does not tell.
	Lacks []string
	// Command: it was a command beside the runs (explain), which has no exit line.
	Command bool
	// IPv6 lets the demonstration use ::1.
	IPv6 bool
	// Provider is whose model the demonstration moves from and to, "" for neither.
	Provider string
}

// ParseArgs is Parse of bare arguments: no environment, nobody to ask for a
// password, and none needed as long as host or user are left out. For tests
// that need what the command line makes of options.
func ParseArgs(args ...string) (*plan.Plan, *Outcome) {
	return Parse(Input{Args: args, Now: time.Now()})
}
