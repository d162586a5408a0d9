package cli

import (
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// bareJSON gives --json its value where it stands alone: "imaphaul verify" prints its
// result, and needs no file for it.
func bareJSON(args []string) []string {
	args = slices.Clone(args)
	for i, a := range args {
		if strings.TrimLeft(a, "-") == "json" && strings.HasPrefix(a, "-") && (i+1 == len(args) || args[i+1] != "-") {
			args[i] = "--json=-"
		}
	}
	return args
}

// view is what is shown of the run, and to whom.
func (b *builder) view() plan.View {
	var w plan.View
	switch quiet, summary := b.v.flag("quiet"), b.v.flag("summary"); {
	case quiet && summary:
		b.bad.add("--quiet and --summary: each says how much is printed. Drop one of them.")
	case quiet:
		w.Detail = plan.DetailQuiet
	case summary:
		w.Detail = plan.DetailSummary
	}
	if b.v.given("progress") {
		on := b.v.flag("progress")
		w.Progress = &on
	}
	if b.command == plan.ModeVerify {
		return w // --json is about its result, see proof
	}
	w.JSON = b.v.str("json")
	if b.v.given("json") && w.JSON == "" {
		b.bad.add("--json \"\": no file is named. Give a file, or - for standard output.")
	}
	if w.JSON == "-" && b.v.str("printmap") != "" {
		b.bad.add("--json - and --printmap: both want standard output for themselves. Give --json a file.")
	}
	return w
}
