package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/statusfile"
)

const (
	// statusWait is how long a run may take to say where it is, statusPoll how often
	// that is looked at.
	statusWait = 5 * time.Second
	statusPoll = 50 * time.Millisecond
)

// showStatus prints where a run is (imaphaul status PID|PIDFILE).
func showStatus(which string, stdout, stderr io.Writer) int {
	pid, err := statusPID(which)
	if err == nil {
		tick := time.NewTicker(statusPoll)
		defer tick.Stop()
		left := int(statusWait / statusPoll)
		var text string
		text, err = statusfile.Ask(pid, func() bool {
			left--
			<-tick.C
			return left > 0
		})
		if err == nil {
			_, _ = fmt.Fprintln(stdout, text)
			return event.ExitOK
		}
	}
	_, _ = fmt.Fprintf(stderr, "Error: status: %v. Give the number of a process, or its pid file (--pidfile, imapsync.pid in --tmpdir).\n", err)
	return event.ExitPidFile
}

// statusPID is the number of the process that is meant.
func statusPID(which string) (int, error) {
	if n, err := strconv.Atoi(which); err == nil && n > 1 {
		return n, nil
	}
	owner, alive, err := pidfile.Living(which)
	switch {
	case err != nil:
		return 0, err
	case !alive:
		return 0, fmt.Errorf("%q is no pid file of a process that runs", which)
	}
	return owner.PID, nil
}
