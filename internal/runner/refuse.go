package runner

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/report"
)

// refusal ends a run that does not begin. Wrappers read imapsync's exit line on
// standard output, or in the log, of these runs as well.
type refusal struct {
	// p is the plan as far as there is one, nil when the command line could not
	// be taken apart: then there is no log.
	p              *plan.Plan
	stdout, stderr io.Writer
	// logName is where the log is to be, "" for none; log is set when it is open.
	logName string
	log     *logFile
	// said is what standard output has been told already, for the log.
	said string
}

// end tells an error and ends the run.
func (r refusal) end(code int, err error) int {
	return r.endWith(code, 1, "", fmt.Sprintf("Error: %v\n", err))
}

// endWith tells what is wrong on standard output and standard error, both of it
// in the log, and then the exit line with the number of errors.
func (r refusal) endWith(code, errors int, out, err string) int {
	tally := event.NewTally(time.Now(), nil)
	ending := report.Ending{Code: code, Errors: errors, NoLog: "No log file, since the command line could not be read"}
	if r.log == nil {
		log, openErr := openLog(r.logName)
		if openErr != nil {
			err += fmt.Sprintf("Warning: %v\n", openErr)
			log = &logFile{}
		}
		defer log.close()
		r.log = log
	}
	if r.p != nil && r.p.View.JSON == "-" {
		refuseInJSON(r.p, r.stdout, code, errors, err)
		r.stdout = r.stderr
	}
	_, _ = io.WriteString(r.stdout, out)
	_, _ = io.WriteString(r.stderr, err)
	options := report.Options{Process: report.ThisProcess(), ErrorsMax: cli.ErrorsMax}
	if r.p != nil {
		options = reportOptions(r.p, r.log.path)
		ending.NoLog = noLog(r.p)
	}
	show := func(w io.Writer, whole bool) {
		text := report.NewText(w, tally, options)
		if whole {
			text.Start(preamble(r.p, nil))
			for line := range strings.Lines(r.said + out + err) {
				text.Line("%s", strings.TrimRight(line, "\n"))
			}
		}
		text.Exit(ending)
		_ = text.Close() // there is nowhere else to tell it
	}
	if w := r.log.writer(); w != nil {
		show(w, true)
	}
	if r.p != nil && r.p.Folders.PrintMap != "" {
		r.stdout = r.stderr // standard output is for the table alone
	}
	show(r.stdout, false)
	return code
}

// Refuse ends a run whose command line is not right.
func Refuse(out *cli.Outcome, stdout, stderr io.Writer) int {
	r := refusal{p: out.Refused, stdout: stdout, stderr: stderr}
	errors := max(1, strings.Count("\n"+out.Stderr, "\nError: "))
	if r.p != nil {
		r.logName = LogPath(r.p)
		if belongsToAnother(r.p.Output.PidFile, r.logName) {
			r.logName = ""
		}
	}
	return r.endWith(out.Code, errors, out.Stdout, out.Stderr)
}

// belongsToAnother reports whether the living process that owns a pid file writes
// this log: it must not be emptied under its hands.
func belongsToAnother(pidFile, logName string) bool {
	if pidFile == "" || logName == "" {
		return false
	}
	owner, alive, err := pidfile.Living(pidFile)
	if err != nil || !alive || owner.PID == os.Getpid() || owner.LogFile == "" {
		return false
	}
	mine, err := filepath.Abs(logName)
	return err != nil || mine == owner.LogPath()
}
