package main

import (
	"fmt"
	"io"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
)

// demo shows a whole migration between two servers inside this program and
// returns an exit code.
var demo func(out io.Writer, ipv6 bool) int

// exitTestsFailed is what --tests returns when something is wrong.
const exitTestsFailed = 254

func demonstrate(o *cli.Outcome, out, errOut io.Writer) int {
	if demo == nil {
		_, _ = fmt.Fprintln(errOut, "Error: this build has no servers inside, so --tests and --testslive cannot run.")
		return event.ExitUsage
	}
	code := demo(out, o.IPv6)
	if code != event.ExitOK && o.SelfTest {
		return exitTestsFailed
	}
	return code
}
