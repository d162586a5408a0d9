package folders

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// Pair is one explicit mapping of a host1 folder to a host2 folder, each as
// typed: a raw name or UTF-8.
type Pair struct{ From, To string }

// Options is what the user asked for. The fields up to MixFolders have the
// names and the meaning they have in the sync plan.
type Options struct {
	Only, Recursive                 []string // --folder, --folderrec
	Subscribed                      bool
	Include, Exclude                []*perlexpr.Expr // in the order of the command line
	First, Last                     []string         // --folderfirst, --folderlast
	Subfolder1, Subfolder2          string
	Prefix1, Prefix2, Sep1, Sep2    *string // nil: not given
	Map                             []Pair  // --f1f2, the last one for a name wins
	Automap                         bool
	Trans                           []*perlexpr.Expr // --regextrans2: the user's, then those of presets
	FixSlash2, FixInbox, CheckExist bool
	// MixFolders false refuses a folder that host2 has under another case.
	MixFolders bool

	// MapFile holds the pairs of --mapfile. They win over everything.
	MapFile []Pair
	// Vars are the values expressions may ask for (user1, host2...). Separators
	// and prefixes are added here.
	Vars perlexpr.Vars
	// ExcludeRoles leaves out host1 folders that announce one of these roles, as
	// attributes (`\Flagged`). LastRole puts the folder that announces it behind all
	// others.
	ExcludeRoles []string
	LastRole     string
	// Previous is the mapping of the last run of the same command, raw names,
	// when that run had automap on. A folder whose messages went somewhere then
	// goes there again, even if host2 shows other roles now.
	Previous map[string]string
	// PreviousByRole are the folders of Previous that went there for their role:
	// they go there again even if nothing tells their role now.
	PreviousByRole map[string]bool
	// SameServer says that both sides are the same software with the same
	// settings: names one of them has are accepted by the other.
	SameServer bool
	// TableOnly confines automap to imapsync's own decision: no dictionary, no
	// attributes it does not know, no folder created for a role.
	TableOnly bool
	// ExcludePresets and TransPresets are how many expressions of Exclude and
	// Trans, the last ones, nobody typed.
	ExcludePresets, TransPresets int
	// MapPresets is the same for Map, of which they are the first ones.
	MapPresets int
	// Explain fills Row.Steps (--debugfolders).
	Explain bool
}

// Problem is a mistake in what the user asked for that does not stop the rest.
type Problem struct {
	// Option and Value are what was typed, What is wrong with it, Remedy what to do.
	Option, Value, What, Remedy string
	// Warning says that nothing is missing because of it.
	Warning bool
}

// Error makes a Problem an error: option, value, what, remedy.
func (p Problem) Error() string {
	s := fmt.Sprintf("%s %q: %s", p.Option, p.Value, p.What)
	if p.Remedy != "" {
		s += "; " + p.Remedy
	}
	return s
}

// Subfolder1Error says that the folder of --subfolder1 is not on host1
// (imapsync's exit code 21).
type Subfolder1Error struct {
	// Value is what was typed, Tried the raw names looked for, Nearest a listed
	// name that looks like it or "".
	Value   string
	Tried   []string
	Nearest string
	// Container says that it is there but can not hold messages.
	Container bool
}

func (e *Subfolder1Error) Error() string {
	what := "no selectable folder of this name on host1 (looked for " + strings.Join(e.Tried, ", ") + ")"
	if e.Container {
		what = "the folder can not be selected on host1; use --folderrec to take its children"
	}
	s := fmt.Sprintf("--subfolder1 %q: %s", e.Value, what)
	if e.Nearest != "" {
		s += fmt.Sprintf("; did you mean %q?", Text(e.Nearest))
	}
	return s
}
