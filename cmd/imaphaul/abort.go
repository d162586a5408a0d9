package main

import (
	"context"
	"fmt"
	"io"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// abort ends another process (--abort, --abortbyfile). Success is that no such
// process is left, or that it was asked by file.
func abort(p *plan.Plan, out io.Writer) int {
	say := func(line string) { _, _ = fmt.Fprintln(out, line) }
	var err error
	if p.Run.AbortByFile {
		err = pidfile.AbortByFile(p.Output.PidFile, say)
	} else {
		err = pidfile.Abort(context.Background(), p.Output.PidFile, say)
	}
	if err != nil {
		say("In abort: " + err.Error())
		return event.ExitPidFile
	}
	return event.ExitOK
}
