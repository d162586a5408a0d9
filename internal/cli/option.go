package cli

import "strings"

// Kind is the type of an option's value.
type Kind int

// The kinds, with their Getopt::Long letters.
const (
	Flag    Kind = iota // plain: cannot be negated
	Switch              // "!": --x, --nox, --no-x
	Int                 // "=i"
	Float               // "=f"
	Str                 // "=s"
	List                // "=s@": repeated, in order
	Hash                // "=s%": key=value, repeated, last one per key
	numKind             // number of kinds
)

// TakesValue reports whether an argument belongs to the option.
func (k Kind) TakesValue() bool { return k != Flag && k != Switch }

// String names the kind as the documentation does.
func (k Kind) String() string {
	return [numKind]string{"flag", "switch", "int", "float", "str", "list", "hash"}[k]
}

// Unit is what a number on the command line is a number of.
type Unit int

// The units. A size may be written 10M, an age 2w.
const (
	Plain Unit = iota
	Bytes
	Days
)

// Status says what an option does in this program.
type Status int

// Works is the rule. NoEffect is accepted and answered with a note that says
// so.
const (
	Works Status = iota
	NoEffect
)

// Group is the heading under which the help lists an option.
type Group string

// The groups, in the order of the help.
const (
	GroupAccounts  Group = "Accounts"
	GroupConnect   Group = "Connection and TLS"
	GroupAuth      Group = "Authentication"
	GroupFolders   Group = "Folders"
	GroupNames     Group = "Folder names"
	GroupFolderDel Group = "Deleting folders"
	GroupPresets   Group = "Presets"
	GroupSelect    Group = "Choosing messages"
	GroupIdentity  Group = "Recognising messages"
	GroupTransform Group = "Changing messages"
	GroupFlags     Group = "Flags, dates, labels"
	GroupDelete    Group = "Deleting messages"
	GroupRun       Group = "How far to go"
	GroupProof     Group = "Verification"
	GroupLimits    Group = "Limits"
	GroupJournal   Group = "Journal"
	GroupView      Group = "What is shown"
	GroupOutput    Group = "Files, log and output"
	GroupSignals   Group = "Process and signals"
	GroupDebug     Group = "Debug"
)

var groupOrder = []Group{
	GroupAccounts, GroupConnect, GroupAuth, GroupFolders, GroupNames, GroupFolderDel,
	GroupPresets, GroupSelect, GroupIdentity, GroupTransform, GroupFlags, GroupDelete,
	GroupRun, GroupProof, GroupLimits, GroupJournal, GroupView, GroupOutput, GroupSignals, GroupDebug,
}

// Option is one row of the option table.
type Option struct {
	Name    string // as documented; matched without case
	Aliases []string
	Kind    Kind
	// Default is the value when the option is not given: text of its kind. ""
	// is the zero value; Auto tells in words what is decided at run time.
	Default string
	Auto    string
	Arg     string // placeholder of the value in the help
	Help    string // one line
	Group   Group
	Status  Status
	// Why belongs to NoEffect: the reason, and what to do instead.
	Why string
	// Own marks an option that imapsync 2.229 does not have; Newer one of these that
	// its later releases (2.3xx) have.
	Own, Newer bool
	// Unit is what a number is of, where a value may carry a suffix.
	Unit Unit
	// Secret marks an option whose value is never printed.
	Secret bool
}

// key is the name under which pflag holds the option.
func (o *Option) key() string { return strings.ToLower(o.Name) }

// both gives the two options of a pair: "N" in the name becomes 1 and 2, and in
// the help {N} becomes 1 or 2, {side} source or destination.
func both(o Option) []Option {
	pair := make([]Option, 2)
	for i, side := range []string{"source", "destination"} {
		n := string(rune('1' + i))
		c := o
		c.Name = strings.Replace(o.Name, "N", n, 1)
		r := strings.NewReplacer("{N}", n, "{side}", side)
		c.Help, c.Why, c.Auto = r.Replace(o.Help), r.Replace(o.Why), r.Replace(o.Auto)
		pair[i] = c
	}
	return pair
}

// rows joins single options and pairs under one group.
func rows(g Group, parts ...[]Option) []Option {
	var all []Option
	for _, p := range parts {
		for _, o := range p {
			o.Group = g
			all = append(all, o)
		}
	}
	return all
}

// one is a part of a single option, for rows.
func one(o Option) []Option { return []Option{o} }

// newer is a part of a single option of imapsync's later releases.
func newer(o Option) []Option { o.Own, o.Newer = true, true; return []Option{o} }

// own is a part of a single option of our own.
func own(o Option) []Option { o.Own = true; return []Option{o} }

// ownBoth is a pair of our own.
func ownBoth(o Option) []Option { o.Own = true; return both(o) }

// Table is every option, group by group. It is built once and never changed.
var Table = buildTable()

func buildTable() []Option {
	var all []Option
	for _, part := range [][]Option{
		accountOptions(), connectOptions(), authOptions(), tokenOptions(), folderOptions(), nameOptions(),
		folderDeleteOptions(), presetOptions(), selectOptions(), identityOptions(),
		transformOptions(), flagOptions(), deleteOptions(), runOptions(), proofOptions(), limitOptions(),
		journalOptions(), viewOptions(), outputOptions(), signalOptions(), debugOptions(),
	} {
		all = append(all, part...)
	}
	return all
}
