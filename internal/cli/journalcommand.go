package cli

import (
	"fmt"
	"strings"
)

// JournalCommand is what "imaphaul journal" is to do.
type JournalCommand struct {
	// Verb is list, show, forget or path.
	Verb string
	// Which chooses journals: the beginning of a name as list shows it, or a part of
	// "user1@host1 -> user2@host2"; "" for all.
	Which string
	// Dir is the directory of --cachedir, "" for the usual one.
	Dir string
	// Yes: forget without --yes only tells what it would do.
	Yes  bool
	JSON bool
}

const journalUsage = `USAGE
  imaphaul journal list                 the journals of this user
  imaphaul journal show WHICH           what one of them knows
  imaphaul journal forget WHICH --yes   removes one: the next run compares everything anew
  imaphaul journal path [WHICH]         where they are

WHICH is the beginning of the name that list shows, or a part of the accounts.

  --cachedir DIR  the directory of the journals, as for a run
  --json          list and show print JSON
`

// journalCommand reads the arguments behind "imaphaul journal".
func journalCommand(args []string) *Outcome {
	refuse := func(format string, a ...any) *Outcome {
		return &Outcome{Code: exitUsage, Command: true, Stderr: "Error: journal: " + fmt.Sprintf(format, a...) + "\n"}
	}
	if len(args) == 0 {
		return &Outcome{Stdout: journalUsage}
	}
	c := new(JournalCommand)
	var words []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case !strings.HasPrefix(arg, "-"):
			words = append(words, arg)
		case name == "help" || name == "h":
			return &Outcome{Stdout: journalUsage}
		case name == "json" && !hasValue:
			c.JSON = true
		case name == "yes" && !hasValue:
			c.Yes = true
		case name == "cachedir":
			if !hasValue {
				if len(args) == 0 {
					return refuse("--cachedir: no directory is named.")
				}
				value, args = args[0], args[1:]
			}
			c.Dir = value
		default:
			return refuse("%s is no option of it. It knows --cachedir DIR, --json and --yes.", arg)
		}
	}
	if len(words) > 0 {
		c.Verb = words[0]
	}
	if len(words) > 1 {
		c.Which = strings.Join(words[1:], " ")
	}
	switch c.Verb {
	case "list", "path":
	case "show", "forget":
		if c.Which == "" {
			return refuse("%s which one? Give the beginning of a name that \"imaphaul journal list\" shows, or a part of the accounts.", c.Verb)
		}
	default:
		return refuse("%q: say list, show, forget or path.", c.Verb)
	}
	return &Outcome{Journal: c}
}
