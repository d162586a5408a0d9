package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
	"github.com/imaphaul/imaphaul/internal/plan"
)

const explainUsage = `imaphaul explain [OPTIONS] EXPRESSION NAME...

Shows how an expression is understood and what it does to names. EXPRESSION is the value of --regextrans2, such as 's/^Sent$/Sent Items/'. For the value of another option put that option in front:

  imaphaul explain --exclude '^Trash' Trash Trash/old Mail
  imaphaul explain --delete2foldersbutnot '/^Keep/' Keep Other

--regextrans2 sees names as they are written on host2. Give the separators and prefixes of the hosts (the lines "separator and prefix" of a run) to see that:

  imaphaul explain --sep2 . --prefix2 INBOX. 's/Sent Mail/Sent/' 'Old/Sent Mail'

or let the servers be asked, with the options of a run. Nothing is changed there. Without a NAME all folders of the account are shown:

  imaphaul explain --host1 ... --user1 ... --passfile1 ... \
                   --host2 ... --user2 ... --passfile2 ... 's/Sent Mail/Sent/'
`

// explainKinds are the options whose values can be explained.
var explainKinds = map[string]perlexpr.Kind{
	"include": perlexpr.Include, "exclude": perlexpr.Exclude, "regextrans2": perlexpr.Trans,
	"regexmess": perlexpr.Mess, "regexflag": perlexpr.Flag, "skipmess": perlexpr.Skip,
	"delete2foldersonly": perlexpr.Delete2Only, "delete2foldersbutnot": perlexpr.Delete2ButNot,
}

// Written is how one side writes its folders.
type Written struct {
	Sep, Prefix string
	// Folders are all its folders, raw names; nil when it was not asked.
	Folders []string
}

// Explanation is what "imaphaul explain" is to show.
type Explanation struct {
	kind  perlexpr.Kind
	expr  *perlexpr.Expr
	names []string
	// spaced: separators and prefixes are known, by option or from the servers.
	spaced bool
	given  [2]Written

	// Plan asks the servers: its run with --justfolderlists tells how they write
	// names. nil: nobody is asked.
	Plan *plan.Plan
	// asked are the sides that the plan really asks.
	asked [2]bool
}

// explain reads the arguments of the command of that name.
func explain(in *Input, args []string) (*Explanation, *Outcome) {
	fail := func(format string, a ...any) (*Explanation, *Outcome) {
		return nil, &Outcome{Code: exitUsage, Stderr: fmt.Sprintf("Error: explain: "+format+"\n", a...)}
	}
	sc := scan(tableVocabulary(), args, true)
	if len(sc.warnings) > 0 {
		return nil, &Outcome{Code: exitUsage, Stderr: strings.Join(sc.warnings, "\n") + "\n" + meant(sc.warnings) + sc.remedies()}
	}
	x := &Explanation{kind: perlexpr.Trans, given: [2]Written{{Sep: "/"}, {Sep: "/"}}}
	words := sc.leftovers
	var run []given
	expressions := 0
	for _, g := range sc.given {
		key := g.opt.key()
		kind, ok := explainKinds[key]
		switch {
		case key == "help":
			return nil, commandPage(in, "explain")
		case ok:
			x.kind, words = kind, append([]string{g.value}, words...)
			expressions++
		case key == "sep1" || key == "sep2" || key == "prefix1" || key == "prefix2":
			w := &x.given[key[len(key)-1]-'1']
			if strings.HasPrefix(key, "sep") {
				w.Sep = g.value
			} else {
				w.Prefix = g.value
			}
			x.spaced = true
			run = append(run, g)
		default:
			run = append(run, g)
		}
	}
	if expressions > 1 {
		return fail("several expressions are given. Explain one at a time.")
	}
	if len(words) == 0 && len(run) > 0 {
		return fail("--%s takes no expression, and none is given.\n%s", run[len(run)-1].opt.Name, strings.TrimRight(explainUsage, "\n"))
	}
	if len(words) == 0 {
		return nil, &Outcome{Code: exitUsage, Stderr: explainUsage}
	}
	x.names = words[1:]
	if out := x.connection(in, run); out != nil {
		return nil, out
	}
	var err error
	if x.expr, err = perlexpr.Compile(x.kind, words[0]); err != nil {
		return fail("%s", expressionCause(err))
	}
	return x, nil
}

// connection makes the plan that asks the servers, when an option of a run is
// among those given.
func (x *Explanation) connection(in *Input, run []given) *Outcome {
	has := func(name string) bool {
		return slices.ContainsFunc(run, func(g given) bool { return g.opt.key() == name })
	}
	x.asked = [2]bool{has("host1"), has("host2")}
	if !x.asked[0] && !x.asked[1] {
		for _, g := range run {
			if key := g.opt.key(); !strings.HasPrefix(key, "sep") && !strings.HasPrefix(key, "prefix") {
				return &Outcome{Code: exitUsage, Stderr: fmt.Sprintf("Error: explain: --%s takes no expression, and without --host1 or --host2 no server is asked.\n%s", g.opt.Name, explainUsage)}
			}
		}
		return nil
	}
	b := &builder{in: in, v: newValues(Table)}
	for _, g := range x.bothSides(run) {
		if err := b.v.set(g); err != nil {
			b.bad.add("%v", err)
		}
	}
	for name, value := range map[string]string{"justfolderlists": "true", "usecache": "false", "automap": "false"} {
		if err := b.v.put(name, value); err != nil {
			b.bad.add("%v", err)
		}
	}
	p := b.build()
	if len(p.Missing) > 0 {
		b.bad.add("explain: a server is asked only with its user: %s missing.", strings.Join(p.Missing, " "))
	}
	if !b.bad.any() {
		b.askPasswords(p)
	}
	if b.bad.any() {
		return b.bad.outcome()
	}
	x.Plan, x.spaced = p, true
	return nil
}

// bothSides lets the server of one side stand for both, when only one is given:
// a run has two.
func (x *Explanation) bothSides(run []given) []given {
	if x.asked[0] == x.asked[1] {
		return run
	}
	mine, other := "1", "2"
	if x.asked[1] {
		mine, other = other, mine
	}
	out := slices.Clone(run)
	for _, g := range run {
		base, ok := strings.CutSuffix(g.opt.key(), mine)
		if !ok || base == "sep" || base == "prefix" {
			continue
		}
		for i := range Table {
			if o := &Table[i]; o.key() == base+other && o.Kind == g.opt.Kind {
				twin := g
				twin.opt = o
				out = append(out, twin)
			}
		}
	}
	return out
}

// Asked reports whether an error of the run, which begins with "Host1" or "Host2",
// is about a server that the user named, and not about its stand-in.
func (x *Explanation) Asked(text string) bool {
	for i, asked := range x.asked {
		if !asked && strings.HasPrefix(text, fmt.Sprintf("Host%d", i+1)) {
			return false
		}
	}
	return true
}

// Show writes the explanation. told is what the servers said when x.Plan asked
// them. hostName writes a host1 name as host2 would have it, before expressions.
func (x *Explanation) Show(told [2]Written, hostName func(name string, on1, on2 Written) string) *Outcome {
	on := x.given
	for i := range told {
		if x.Plan != nil && x.asked[i] {
			on[i] = told[i]
		}
	}
	names := x.names
	if len(names) == 0 {
		names = on[0].Folders
		if x.kind == perlexpr.Delete2Only || x.kind == perlexpr.Delete2ButNot {
			names = on[1].Folders
		}
	}
	var b, bad strings.Builder
	b.WriteString(strings.TrimRight(x.expr.Explain(), "\n") + "\n")
	for i, w := range told {
		if x.Plan != nil && x.asked[i] {
			fmt.Fprintf(&b, "Host%d: separator and prefix: [%s][%s]\n", i+1, w.Sep, w.Prefix)
		}
	}
	rewrites := x.kind == perlexpr.Trans || x.kind == perlexpr.Mess || x.kind == perlexpr.Flag
	for _, name := range names {
		var err error
		if x.kind == perlexpr.Trans && x.spaced {
			if seen := hostName(name, on[0], on[1]); seen != name {
				fmt.Fprintf(&b, "[%s] is [%s] when the expression sees it\n", name, seen)
				name = seen
			}
		}
		if rewrites {
			var to string
			if to, err = x.expr.Apply(name, nil); err == nil {
				fmt.Fprintf(&b, "[%s] -> [%s]%s\n", name, to, unchanged(name, to))
			}
		} else {
			var yes bool
			if yes, err = x.expr.Match(name, nil); err == nil {
				fmt.Fprintf(&b, "[%s] %s\n", name, verdict(x.kind, yes))
			}
		}
		if err != nil {
			fmt.Fprintf(&bad, "Error: explain on [%s]: %v\n", name, err)
		}
	}
	if x.kind == perlexpr.Trans && !x.spaced && len(names) > 0 {
		b.WriteString("The names are taken as they are written on host2. If host2 has another separator or prefix than host1, add them: --sep2 . --prefix2 INBOX.\n" +
			"or let host2 be asked: --host2, --user2 and --passfile2.\n")
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
