package cli

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

const explainUsage = `imaphaul explain EXPRESSION NAME...

Shows how an expression is understood and what it does to names. EXPRESSION is
the value of --regextrans2, such as 's/^Sent$/Sent Items/'. For the value of
another option put that option in front:

  imaphaul explain --exclude '^Trash' Trash Trash/old Mail
  imaphaul explain --delete2foldersbutnot '/^Keep/' Keep Other

--regextrans2 sees names as they are written on host2. Give the separators and
prefixes of the hosts (the lines "separator and prefix" of a run) to see that:

  imaphaul explain --sep2 . --prefix2 INBOX. 's/Sent Mail/Sent/' '[Gmail]/Sent Mail'

With a connection to both hosts, --dry --debugfolders shows each step.
`

// explainKinds are the options whose values can be explained.
var explainKinds = map[string]perlexpr.Kind{
	"include": perlexpr.Include, "exclude": perlexpr.Exclude, "regextrans2": perlexpr.Trans,
	"regexmess": perlexpr.Mess, "regexflag": perlexpr.Flag, "skipmess": perlexpr.Skip,
	"delete2foldersonly": perlexpr.Delete2Only, "delete2foldersbutnot": perlexpr.Delete2ButNot,
}

// explain is the command of that name.
func explain(args []string, hostName func(name, sep1, prefix1, sep2, prefix2 string) string) *Outcome {
	kind := perlexpr.Trans
	space := map[string]string{"sep1": "/", "sep2": "/", "prefix1": "", "prefix2": ""}
	spaced := false
	for hostName != nil && len(args) > 1 && strings.HasPrefix(args[0], "-") {
		name := strings.ToLower(strings.TrimLeft(args[0], "-"))
		if _, ok := space[name]; !ok {
			break
		}
		space[name], spaced, args = args[1], true, args[2:]
	}
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name := strings.ToLower(strings.TrimLeft(args[0], "-"))
		k, ok := explainKinds[name]
		if !ok && name != "help" {
			return &Outcome{Code: exitUsage, Stderr: fmt.Sprintf("Error: explain: %s takes no expression.\n%s", args[0], explainUsage)}
		}
		if !ok {
			return &Outcome{Stdout: explainUsage}
		}
		kind, args = k, args[1:]
	}
	if len(args) == 0 {
		return &Outcome{Code: exitUsage, Stderr: explainUsage}
	}
	e, err := perlexpr.Compile(kind, args[0])
	if err != nil {
		return &Outcome{Code: exitUsage, Stderr: fmt.Sprintf("Error: explain: %s\n", expressionCause(err))}
	}
	var b, bad strings.Builder
	b.WriteString(strings.TrimRight(e.Explain(), "\n") + "\n")
	rewrites := kind == perlexpr.Trans || kind == perlexpr.Mess || kind == perlexpr.Flag
	for _, name := range args[1:] {
		var err error
		if kind == perlexpr.Trans && spaced {
			seen := hostName(name, space["sep1"], space["prefix1"], space["sep2"], space["prefix2"])
			fmt.Fprintf(&b, "[%s] is [%s] when the expression sees it\n", name, seen)
			name = seen
		}
		if rewrites {
			var to string
			if to, err = e.Apply(name, nil); err == nil {
				fmt.Fprintf(&b, "[%s] -> [%s]%s\n", name, to, unchanged(name, to))
			}
		} else {
			var yes bool
			if yes, err = e.Match(name, nil); err == nil {
				fmt.Fprintf(&b, "[%s] %s\n", name, verdict(kind, yes))
			}
		}
		if err != nil {
			fmt.Fprintf(&bad, "Error: explain on [%s]: %v\n", name, err)
		}
	}
	if kind == perlexpr.Trans && !spaced && hostName != nil && len(args) > 1 {
		b.WriteString("The names are taken as they are written on host2. If host2 has another separator or prefix than host1, add them: --sep2 . --prefix2 INBOX.\n")
	}
	out := &Outcome{Stdout: b.String(), Stderr: bad.String()}
	if bad.Len() > 0 {
		out.Code = exitUsage
	}
	return out
}

func unchanged(from, to string) string {
	if from == to {
		return " (unchanged)"
	}
	return ""
}

// verdict says what a match means for the option.
func verdict(kind perlexpr.Kind, yes bool) string {
	said := map[perlexpr.Kind][2]string{
		perlexpr.Include:       {"does not match: not added", "matches: added"},
		perlexpr.Exclude:       {"does not match: kept", "matches: left out"},
		perlexpr.Skip:          {"does not match: copied", "matches: left out"},
		perlexpr.Delete2Only:   {"does not match: never deleted", "matches: may be deleted"},
		perlexpr.Delete2ButNot: {"does not match: may be deleted", "matches: never deleted"},
	}[kind]
	if yes {
		return said[1]
	}
	return said[0]
}
