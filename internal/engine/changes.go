package engine

import (
	"context"
	"slices"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/planned"
)

// prepareTransform makes the pipeline of message changes from the plan.
func (r *run) prepareTransform() error {
	r.pipeline, r.flagRules = planned.Changes(r.p), planned.Flags(r.p)
	if err := r.pipeline.CheckExpressions(); err != nil {
		return &usageError{err}
	}
	for _, e := range slices.Concat(r.p.Transform.SkipMess, r.p.Transform.RegexMess, r.p.Flags.RegexFlag) {
		e.Forget() // the checks were no messages
	}
	return nil
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
