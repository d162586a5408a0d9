package folders

import "strings"

// Why is the rule that gave a folder its name on host2.
type Why string

// The rules, in the order in which they win.
const (
	WhyMapFile    Why = "mapfile"
	WhyF1F2       Why = "f1f2"
	WhyAutomap    Why = "automap"
	WhyTrans      Why = "regextrans2"
	WhySubfolder2 Why = "subfolder2"
	WhySubfolder1 Why = "subfolder1"
	WhySpace      Why = "separator" // separator, prefix or spelling of INBOX
	WhySame       Why = "same"
)

// Row is the way of one host1 folder.
type Row struct {
	// From and To are raw names. To is what host2 is asked for.
	From, To string
	// Ruled is what the rules alone make of the name: imapsync's answer. It
	// differs from To when host2 would refuse it.
	Ruled string
	Why   Why
	// Detail says more: the expression, or how automap recognised both sides.
	Detail string
	// Exists: host2 has To (or, where it ignores case, another spelling of it).
	// Create: this run has to create it. Both are false for a refused row.
	Exists, Create bool
	// Container: host2 lists To as not selectable.
	Container bool
	// Use is the role To is to be created with (RFC 6154), or "".
	Use string
	// Parents are the folders above To to create first, in order. A folder that
	// another row creates before this one is not repeated.
	Parents []string
	// Fallback is a name without any unusual character, to be tried when host2
	// refuses To; "" when To is such a name already or exists.
	Fallback string
	// Shared is the number of rows that go to the same folder, 1 when alone.
	Shared int
	// Refused says why nothing can be copied to To; "" when all is well.
	Refused string
	// Skipped says that the refusal is what the user asked for (--nomixfolders).
	Skipped bool
	// Outside: it is refused because host2 has no place for the name, which the
	// user typed.
	Outside  bool
	Warnings []Warning
	// Steps tell what each stage did, when Options.Explain asks for it.
	Steps []string
}

// Changed reports whether the name was repaired for host2.
func (r Row) Changed() bool { return r.To != r.Ruled }

// WarningKind sorts warnings.
type WarningKind string

// The kinds of warnings.
const (
	WarnInboxInbox WarningKind = "inbox-inbox"    // INBOX.INBOX
	WarnTrap       WarningKind = "delimiter-trap" // the hierarchy is flattened
	WarnShared     WarningKind = "several"        // several sources, one destination
	WarnCase       WarningKind = "case"           // names that differ only in case or form
	WarnChanged    WarningKind = "name-changed"   // repaired for host2
	WarnSplit      WarningKind = "role-split"     // two folders of one role
	WarnGarbled    WarningKind = "garbled"        // an expression broke encoded characters
	WarnDeep       WarningKind = "depth"          // more levels than programs are known to take
	WarnNoChildren WarningKind = "no-children"    // the folder above says \NoInferiors
	WarnUnusual    WarningKind = "unusual-name"   // host2 may refuse it
	WarnApart      WarningKind = "apart"          // the folder above goes elsewhere, by its role
)

// Warning is something about a row a user should know before the run.
type Warning struct {
	Kind WarningKind
	Text string
}

// Table is the mapping of a run, made before the first message moves.
type Table struct {
	Space1, Space2 Space
	Choice         Choice
	// Rows are in the order of work.
	Rows []Row
	// Automap says whether automap took part: --subfolder1 and 2 turn it off.
	Automap        bool
	Roles1, Roles2 []Role
	// Subfolder1 and Subfolder2 are what became of these options, "" without.
	Subfolder1, Subfolder2 string
	// Unlisted are folders that take part and that --mapfile does not have.
	Unlisted []string
	// Idle are rules that matched nothing.
	Idle []Idle
	// Unused are pairs of --f1f2 and --mapfile whose host1 folder does not exist.
	Unused []Pair
	// Problems are those of the choice and of the rows; one that is not a
	// Warning has to end in a non-zero exit code.
	Problems []Problem
	// Extras are the host2 folders that are not on host1, children first
	// (imapsync's "Folders in host2 not in host1").
	Extras []string

	guard guard
	known map[string]bool // names host2 has, containers and namespace roots too
}

// Missing returns the folders above a raw host2 name that host2 does not list,
// the highest first. Names are not trimmed, and a level without characters is
// not a folder.
func (t *Table) Missing(name string) []string {
	var out []string
	sep := t.Space2.Own
	if sep == "" {
		return nil
	}
	for i := strings.Index(name, sep); i >= 0; {
		if p := name[:i]; p != "" && !strings.HasSuffix(p, sep) && !t.known[p] && !IsInbox(p) {
			out = append(out, p)
		}
		next := strings.Index(name[i+len(sep):], sep)
		if next < 0 {
			break
		}
		i += len(sep) + next
	}
	return out
}
