package main

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// carryOut hands the plan to the engine.
func carryOut(ctx context.Context, p *plan.Plan, w work) {
	engine.Run(ctx, p, engine.Options{
		Report: w.report, Tokens: w.tokens.of,
		Sink: w.sink, Trace: w.trace, MapWriter: w.table, Pulse: pulse, Stop: w.stop, Signal: w.signal, Version: programVersion(),
	})
}
