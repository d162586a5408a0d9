package engine

import "github.com/imaphaul/imaphaul/internal/transform"

// prepareTransform makes the pipeline of message changes from the plan.
func (r *run) prepareTransform() error {
	t, f := &r.p.Transform, &r.p.Flags
	vars := r.vars()
	r.pipeline = &transform.Pipeline{
		Disarm: t.DisarmReadReceipts, PipeMess: t.PipeMess, AddHeader: r.p.Identity.AddHeader,
		TruncMess: t.TruncMess, MaxLineLength: t.MaxLineLength, MinMaxLineLength: t.MinMaxLineLength,
		MaxLineLengthCmd: t.MaxLineLengthCmd, Vars: vars,
	}
	for _, e := range t.SkipMess {
		r.pipeline.SkipMess = append(r.pipeline.SkipMess, e)
	}
	for _, e := range t.RegexMess {
		r.pipeline.RegexMess = append(r.pipeline.RegexMess, e)
	}
	r.flagRules = transform.FlagRules{FilterBuggy: f.FilterBuggy, FlagsCase: f.FixCase, Filter: f.Filter, Vars: vars}
	for _, e := range f.RegexFlag {
		r.flagRules.RegexFlag = append(r.flagRules.RegexFlag, e)
	}
	return r.pipeline.CheckExpressions()
}

// identityFields are the header fields that identify a message in this run.
func (r *run) identityFields() []string {
	names, _ := r.identity.Fields()
	return names
}
