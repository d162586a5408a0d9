package cli

import "github.com/imaphaul/imaphaul/internal/plan"

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
	w.JSON = b.v.str("json")
	if b.v.given("json") && w.JSON == "" {
		b.bad.add("--json \"\": no file is named. Give a file, or - for standard output.")
	}
	if w.JSON == "-" && b.v.str("printmap") != "" {
		b.bad.add("--json - and --printmap: both want standard output for themselves. Give --json a file.")
	}
	return w
}
