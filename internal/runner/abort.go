package runner

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// Abort ends another process (--abort, --abortbyfile). Success is that no such
// process is left, or that it was asked by file. It has a log of its own, as with
// imapsync.
func Abort(p *plan.Plan, stdout, stderr io.Writer) int {
	var said strings.Builder
	say := func(line string) {
		_, _ = fmt.Fprintln(stdout, line)
		_, _ = fmt.Fprintln(&said, line)
	}
	say("In abort")
	var err error
	if p.Run.AbortByFile {
		err = pidfile.AbortByFile(p.Output.PidFile, say)
	} else {
		err = pidfile.Abort(context.Background(), p.Output.PidFile, say)
	}
	code, errors := event.ExitOK, 0
	if err != nil {
		say("In abort: " + err.Error())
		code, errors = event.ExitPidFile, 1
	}
	end := refusal{p: p, stdout: stdout, stderr: stderr, logName: LogPath(p), said: said.String()}
	return end.endWith(code, errors, "", "")
}
