package engine

import (
	"context"
	"slices"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/transform"
)

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
	r.flagRules = transform.FlagRules{FilterBuggy: f.FilterBuggy, FlagsCase: f.FixCase, Filter: f.Filter, Vars: vars, Valid: imapconn.ValidFlag}
	for _, e := range f.RegexFlag {
		r.flagRules.RegexFlag = append(r.flagRules.RegexFlag, e)
	}
	if err := r.pipeline.CheckExpressions(); err != nil {
		return &usageError{err}
	}
	for _, e := range slices.Concat(t.SkipMess, t.RegexMess, f.RegexFlag) {
		e.Forget() // the checks were no messages
	}
	return nil
}

// identityFields are the header fields that identify a message in this run.
func (r *run) identityFields() []string {
	names, _ := r.identity.Fields()
	return names
}

// checkCommands tries the user's shell commands on a single space before any
// server is asked for anything, as imapsync does.
func (r *run) checkCommands(ctx context.Context) error {
	if r.p.Transform.PipeMessCheck {
		if err := r.pipeline.CheckPipeMess(ctx); err != nil {
			return &usageError{err}
		}
	}
	if err := r.pipeline.CheckMaxLineLengthCmd(ctx); err != nil {
		return &usageError{err}
	}
	return nil
}

// usageError is a wrong option that shows only when it is tried.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// ExitCode is the code the process ends with.
func (e *usageError) ExitCode() int { return event.ExitUsage }
