package cli

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Undo is what "imaphaul undo" is to do.
type Undo struct {
	// Run is the number of the run, 0 to list the runs of the accounts without connecting.
	// Plan has the accounts. Plan.Dry: it is only shown; Yes: it was to be done, all the same.
	Run  uint64
	Plan *plan.Plan
	Yes  bool
	JSON bool
}

var undoTable = []Option{
	{Name: "run", Kind: Str, Arg: "number", Help: "The run to take back. Without it, the runs of these accounts are listed."},
	{Name: "yes", Kind: Flag, Help: "Do it. Without it, what would be done is only shown."},
	{Name: "json", Kind: Flag, Help: "Print the result as JSON."},
	{Name: "help", Kind: Flag, Help: "Print this text."},
}

var undoVocabulary = sync.OnceValue(func() *vocabulary { return withOwn(undoTable) })

// UndoUsage is the help of "imaphaul undo".
func UndoUsage(width int) string {
	width = helpWidth(width)
	var b strings.Builder
	b.WriteString("USAGE\n")
	wrapBehind(&b, "  ", "      ", "imaphaul undo [--run NUMBER [--yes]] [options of the run]", width)
	b.WriteString("\n")
	wrap(&b, "", "Takes back what a run stored on host2: messages that nobody has touched since and whose source is on host1 still, with equal content, and folders that it made and that are empty then. Nothing else is changed. Without --yes it only shows what it would do. Without --run it lists the runs of these accounts and connects to nothing. A run that deleted on host1 is refused. See docs/undo.md.", width)
	b.WriteString("\nOPTIONS\n")
	for i := range undoTable {
		writeOption(&b, &undoTable[i], width)
	}
	return b.String()
}

// undo reads the arguments behind "imaphaul undo".
func undo(in Input, args []string) *Outcome {
	if len(args) == 0 || len(args) == 1 && (args[0] == "-h" || args[0] == "help") {
		return &Outcome{Stdout: UndoUsage(in.Width)}
	}
	refused := func(out *Outcome) *Outcome {
		out.Command = true
		return out
	}
	sc := scan(undoVocabulary(), args, in.hasenv("POSIXLY_CORRECT"))
	if out := misread(sc); out != nil {
		return refused(out)
	}
	x := new(Undo)
	var bad problems
	var rest []string
	own := newValues(undoTable)
	dry := false
	for _, g := range sc.given {
		switch {
		case slices.ContainsFunc(undoTable, func(o Option) bool { return o.Name == g.opt.Name }):
			if err := own.set(g); err != nil {
				bad.add("%v", err)
			}
		case g.opt.key() == "follow", g.opt.key() == "followuntil":
			// The command line of a run that is followed can be given as it is.
		default:
			dry = dry || g.opt.key() == "dry"
			rest = append(rest, g.arguments()...)
		}
	}
	if own.flag("help") {
		return &Outcome{Stdout: UndoUsage(in.Width)}
	}
	x.JSON, x.Yes = own.flag("json"), own.flag("yes")
	text := strings.TrimSpace(own.str("run"))
	if text == "" && own.flag("yes") {
		bad.add("undo --yes: which run? Add --run NUMBER; the same command without --yes lists them.")
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if text != "" && (err != nil || n == 0) {
		bad.add("undo --run %q: it is no number of a run. Without --run they are listed.", text)
	}
	if bad.any() {
		return refused(bad.outcome())
	}
	if text == "" {
		p, out := accountsOf(in, "undo", rest)
		if out != nil {
			return refused(out)
		}
		x.Plan = p
		return &Outcome{Undo: x}
	}
	x.Run = n
	if !own.flag("yes") && !dry {
		rest = append(rest, "--dry")
	}
	in.Args, in.within = rest, "undo"
	p, out := Parse(in)
	if out != nil {
		return refused(out)
	}
	switch {
	case len(p.Missing) > 0:
		bad.add("undo: of which accounts? Add %s.", strings.Join(p.Missing, " "))
	case p.Mode != plan.ModeSync:
		bad.add("undo: --%s ends a run early and takes nothing back. Leave it out.", p.Mode)
	case !p.Journal.Enabled:
		bad.add("undo and --nousecache exclude each other: only the journal knows what a run stored. Drop --nousecache.")
	}
	if bad.any() {
		return refused(bad.outcome())
	}
	x.Plan = p
	return &Outcome{Undo: x}
}

// accountsOf is the plan of a command line of which only the accounts and the journal
// count: nothing will be connected, and no password is asked for.
func accountsOf(in Input, command string, args []string) (*plan.Plan, *Outcome) {
	in.Args = append(slices.Clone(args), "--justconnect")
	p, out := Parse(in)
	if out != nil {
		return nil, out
	}
	var bad problems
	switch {
	case len(p.Missing) > 0:
		bad.add("%s: of which accounts? Add %s.", command, strings.Join(p.Missing, " "))
	case !p.Journal.Enabled:
		bad.add("%s and --nousecache exclude each other: only the journal knows of earlier runs. Drop --nousecache.", command)
	}
	if bad.any() {
		return nil, bad.outcome()
	}
	return p, nil
}
