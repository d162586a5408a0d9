package report

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
)

// finished prints everything between the last folder and the exit line.
func (t *Text) finished(e event.Finished) {
	t.serversLeft()
	loop := !t.stats.LoopStarted.IsZero()
	if e.Stopped == event.StopErrors {
		t.errorsMax()
	}
	if e.Stopped == event.StopSignal && !t.signalled {
		t.askedToTerminate(e.Signal)
	}
	if e.Fatal != nil && t.stats.ErrorCount == 0 {
		t.linef("Failure: %s", strings.TrimPrefix(e.Fatal.Error(), "Failure: "))
	}
	if e.Stopped == event.StopLease {
		// Another process answers for the accounts by now: no verdict is ours.
		t.errorsListing()
		t.leaseOver()
		return
	}
	if loop {
		t.statistics()
	}
	t.errorsListing()
	if e.Stopped == event.StopErrors && t.o.ErrorsDump {
		// The listing may be long: say again why the run ended.
		t.errorsMax()
	}
	if loop {
		at := len(t.buf)
		t.summary()
		if len(t.buf) > at {
			t.whatToDo()
		}
	}
	if e.Stopped == event.StopSignal {
		t.endedBySignal(e.Signal)
	} else if e.Fatal == nil && e.Stopped == "" {
		t.shortRun(e.Mode)
	}
}

// leaseOver says why there is no verdict.
func (t *Text) leaseOver() {
	t.linef("The lease on these accounts is over: it could not be renewed in time, so another process may be at work on them. All connections were closed, and nothing more was changed.")
	t.linef("Nothing is said of what is on host2. The run that has the accounts now goes on where this one stopped; run this one again only if there is none.")
}

// shortRun says why a run that did its whole duty moved no mail.
func (t *Text) shortRun(mode string) {
	failed := t.stats.ErrorCount > 0
	switch mode {
	case "", "sync", "justfolders":
	case "justlogin":
		if !failed {
			t.linef("Exiting because of --justlogin")
		}
	case "justconnect":
		hosts := ""
		for _, a := range []Account{t.o.Host1, t.o.Host2} {
			hosts += spaced(a.Host)
		}
		t.linef("Exiting after a justconnect on host(s):%s", hosts)
		t.linef("Nothing was synced: that takes host and user of both sides, and no --justconnect.")
	default:
		t.linef("Exiting because of --%s", mode)
	}
}

// Ending is what the end of the process adds to the end of the run.
type Ending struct {
	Code int
	// Errors is the number of errors of a run that did not begin, which no event
	// told; 0 to take the tally's.
	Errors int
	// PidFile and AbortFile are the files removed on the way out, "" for none.
	PidFile, AbortFile string
	// NoLog says why there is no log file; "" because of --nolog.
	NoLog string
}

// Exit prints imapsync's exit line and the few lines behind it.
func (t *Text) Exit(e Ending) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.flush()
	if t.o.Detail != Quiet {
		t.serversLeft()
	}
	colour := green
	if e.Code != event.ExitOK {
		colour = red
	}
	t.in(colour, func() {
		t.linef("%s", ExitLine(e.Code, max(e.Errors, t.stats.ErrorCount), t.o.ErrorsMax, t.o.Process.PID))
	})
	if t.o.Detail == Quiet {
		t.logLine("filepath", e.NoLog)
		return
	}
	for _, f := range []string{e.PidFile, e.AbortFile} {
		if f != "" {
			t.linef("Removing pidfile %s", f)
		}
	}
	if t.stats.Finished.Stopped != event.StopLost {
		for i, a := range []Account{t.o.Host1, t.o.Host2} {
			if t.loggedIn[i+1] {
				t.linef("Disconnecting from host%[1]d %[2]s user%[1]d %[3]s", i+1, a.Host, a.User)
			}
		}
	}
	t.logLine("filepath", e.NoLog)
}

// ExitLine is the line by which wrappers learn how a run ended: exit code, its
// name, the errors counted and how many are the most (--errorsmax), and the
// number of the process. Codes and names: docs/trouble.md.
func ExitLine(code, errors, most, pid int) string {
	return fmt.Sprintf("Exiting with return value %d (%s) %d/%d nb_errors/max_errors PID %d",
		code, ExitText(code), errors, most, pid)
}

// exitTexts are imapsync's names of the exit codes (docs/trouble.md,
// "Exit codes"), and ours for the code that imapsync does not have.
var exitTexts = map[int]string{
	event.ExitOK:                "EX_OK: successful termination",
	event.ExitCatchAll:          "EXIT_CATCH_ALL",
	event.ExitBySignal:          "EXIT_BY_SIGNAL",
	event.ExitByFile:            "EXIT_BY_FILE",
	event.ExitPidFile:           "EXIT_PID_FILE_ERROR",
	event.ExitConnection:        "EXIT_CONNECTION_FAILURE",
	event.ExitTLS:               "EXIT_TLS_FAILURE",
	event.ExitAuthentication:    "EXIT_AUTHENTICATION_FAILURE",
	event.ExitSubfolder1:        "EXIT_SUBFOLDER1_NO_EXISTS",
	event.ExitUsage:             "EX_USAGE: command line usage error",
	event.ExitNoInput:           "EX_NOINPUT: cannot open input",
	event.ExitUnavailable:       "EX_UNAVAILABLE: service unavailable",
	event.ExitSoftware:          "EX_SOFTWARE: internal software error",
	event.ExitConnection1:       "EXIT_CONNECTION_FAILURE_HOST1",
	event.ExitConnection2:       "EXIT_CONNECTION_FAILURE_HOST2",
	event.ExitErrors:            "EXIT_WITH_ERRORS",
	event.ExitErrorsMax:         "EXIT_WITH_ERRORS_MAX",
	event.ExitOverquota:         "EXIT_OVERQUOTA",
	event.ExitAppend:            "EXIT_ERR_APPEND",
	event.ExitFetch:             "EXIT_ERR_FETCH",
	event.ExitCreate:            "EXIT_ERR_CREATE",
	event.ExitSelect:            "EXIT_ERR_SELECT",
	event.ExitTransferExceeded:  "EXIT_TRANSFER_EXCEEDED",
	event.ExitAppendVirus:       "EXIT_ERR_APPEND_VIRUS",
	event.ExitFlags:             "EXIT_ERR_FLAGS",
	event.ExitDeletionRefused:   "EXIT_DELETION_REFUSED",
	event.ExitDiffers:           "EXIT_DIFFERS",
	event.ExitLeaseOver:         "EXIT_LEASE_OVER",
	event.ExitNotSafe:           "EXIT_NOT_SAFE",
	event.ExitAuthenticateUser1: "EXIT_AUTHENTICATION_FAILURE_USER1",
	event.ExitAuthenticateUser2: "EXIT_AUTHENTICATION_FAILURE_USER2",
	event.ExitTestsFailed:       "EXIT_TESTS_FAILED",
}

// ExitText is the name of an exit code as the exit line shows it.
func ExitText(code int) string {
	if s, ok := exitTexts[code]; ok {
		return s
	}
	if code == event.ExitNoFile { // an errno in imapsync, which has no name for it
		return "EXIT_FILE_NOT_CREATED"
	}
	return "EXIT_UNKNOWN"
}
