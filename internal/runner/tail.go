package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/report"
)

// followPoll is how often another run's log is looked at.
const followPoll = 200 * time.Millisecond

// claims is how often the pid file is tried for when its owner turns out to have
// ended meanwhile.
const claims = 8

// claim takes the pid file. With --tail a living owner is followed to its end
// instead: then the second result is true, and there is nothing else to do.
func claim(p *plan.Plan, logPath string, stdout io.Writer) (pid *PidFile, notes []string, followed bool, err error) {
	for range claims {
		pid, notes, err = TakePidFile(p, logPath)
		if !p.Run.Tail || !errors.Is(err, pidfile.ErrHeld) {
			return pid, notes, false, err
		}
		owner, alive, lookErr := pidfile.Living(p.Output.PidFile)
		switch {
		case lookErr != nil:
			return nil, nil, false, lookErr
		case !alive:
			continue
		case owner.LogFile == "":
			return nil, nil, false, fmt.Errorf("%w; --tail cannot follow it, since it writes no log file. Wait for its end, or start it with --log", err)
		}
		if err := tailLog(p.Output.PidFile, owner, stdout); err != nil {
			return nil, nil, false, fmt.Errorf("--tail cannot follow process %d: %w", owner.PID, err)
		}
		return nil, nil, true, nil
	}
	return nil, nil, false, err
}

// tailLog prints the log of another run until its end. What that run comes to is
// told by the log; to have followed it is a success, as in imapsync.
func tailLog(path string, owner pidfile.Holder, stdout io.Writer) error {
	say := func(format string, args ...any) error {
		_, err := fmt.Fprintf(stdout, format+"\n", args...)
		return err
	}
	tick := time.NewTicker(followPoll)
	defer tick.Stop()
	if err := say("Process %d owns the pid file %s. Following its log file %s until it ends (--tail).", owner.PID, path, owner.LogPath()); err != nil {
		return err
	}
	if err := pidfile.Follow(context.Background(), path, owner, tick.C, stdout); err != nil {
		return err
	}
	return say("Process %d has ended.\nExiting with return value %d (%s)", owner.PID, event.ExitOK, report.ExitText(event.ExitOK))
}
