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
	return w
}
