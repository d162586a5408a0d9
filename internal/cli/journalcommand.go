package cli

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// JournalCommand is what "imaphaul journal" is to do.
type JournalCommand struct {
	// Verb is list, show, forget or path.
	Verb string
	// Which chooses journals: the beginning of a name as list shows it, or a part of
	// "user1@host1 -> user2@host2"; "" for all.
	Which string
	// Plan has the accounts when the options of a run were given in place of Which.
	Plan *plan.Plan
	// Dir is the directory of --cachedir, "" for the usual one.
	Dir string
	// Yes: forget without --yes only tells what it would do.
	Yes  bool
	JSON bool
}

const journalUsage = `USAGE
  imaphaul journal list                 list the journals of this user
  imaphaul journal show WHICH           show what one of them knows
  imaphaul journal forget WHICH --yes   remove one
  imaphaul journal path [WHICH]         print where they are

A journal is what runs remember of a pair of accounts. Without it the next run compares everything anew: that costs time and loses no mail.

WHICH is the beginning of the name that list shows, or a part of the names of the accounts. The options of a run can stand in its place: --host1 ... --user1 ... --host2 ... --user2 ...

  --cachedir DIR  the directory of the journals, as for a run
  --json          list and show print JSON
`

var journalTable = []Option{
	{Name: "cachedir", Kind: Str, Arg: "dir", Help: "The directory of the journals."},
	{Name: "json", Kind: Flag, Help: "Print JSON."},
	{Name: "yes", Kind: Flag, Help: "Remove it."},
	{Name: "help", Kind: Flag, Help: "Print this text."},
}

var journalVocabulary = sync.OnceValue(func() *vocabulary { return withOwn(journalTable) })

// journalCommand reads the arguments behind "imaphaul journal".
func journalCommand(in Input, args []string) *Outcome {
	refuse := func(format string, a ...any) *Outcome {
		return &Outcome{Code: exitUsage, Command: true, Stderr: "Error: journal: " + fmt.Sprintf(format, a...) + "\n"}
	}
	if len(args) == 0 || slices.Contains(args, "-h") {
		return commandPage(&in, "journal")
	}
	sc := scan(journalVocabulary(), args, in.hasenv("POSIXLY_CORRECT"))
	words := sc.leftovers
	sc.leftovers = nil
	if out := misread(sc); out != nil {
		out.Command = true
		return out
	}
	own := newValues(journalTable)
	var bad problems
	var rest []string
	for _, g := range sc.given {
		if !slices.ContainsFunc(journalTable, func(o Option) bool { return o.Name == g.opt.Name }) {
			rest = append(rest, g.arguments()...)
		} else if err := own.set(g); err != nil {
			bad.add("%v", err)
		}
	}
	switch {
	case bad.any():
		out := bad.outcome()
		out.Command = true
		return out
	case own.flag("help"):
		return commandPage(&in, "journal")
	}
	c := &JournalCommand{Dir: own.str("cachedir"), JSON: own.flag("json"), Yes: own.flag("yes")}
	if len(words) > 0 {
		c.Verb = words[0]
		c.Which = strings.Join(words[1:], " ")
	}
	switch c.Verb {
	case "list", "path":
	case "show", "forget":
		if c.Which == "" && len(rest) == 0 {
			return refuse("%s which one? Give the beginning of a name that \"imaphaul journal list\" shows, a part of the accounts, or the options of the run.", c.Verb)
		}
	default:
		return refuse("%q: say list, show, forget or path.", c.Verb)
	}
	if len(rest) > 0 {
		if c.Which != "" {
			return refuse("%q and options of a run: give one of them to say which journal.", c.Which)
		}
		if c.Dir != "" {
			rest = append(rest, "--cachedir", c.Dir)
		}
		p, out := accountsOf(in, "journal "+c.Verb, rest)
		if out != nil {
			out.Command = true
			return out
		}
		c.Plan, c.Dir = p, p.Journal.Dir
	}
	return &Outcome{Journal: c}
}
