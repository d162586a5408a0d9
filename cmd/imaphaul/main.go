// Command imaphaul moves mailboxes from one IMAP server to another. It takes
// imapsync's command line, prints its lines and returns its exit codes.
//
// This directory only wires: arguments become a plan (internal/cli), the plan is
// carried out (internal/engine), and what happens is printed (internal/report).
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/imaphaul/imaphaul/internal/batchrun"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/doctor"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/oauth"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/runner"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/signals"
)

func main() {
	code, sig := start()
	if sig != nil {
		signals.DieBy(sig) // returns only where a process cannot end itself by it
		code = signals.ExitBy(sig, code)
	}
	os.Exit(code)
}

// bySignal carries out a command that INT and TERM end, and returns its exit code, and the
// signal that ended it, nil for none: its parent is to see that as it sees it of a run.
func bySignal(command func() int) (code int, sig os.Signal) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(ch)
	code = command()
	if code != event.ExitBySignal {
		return code, nil
	}
	select {
	case sig = <-ch: // which the command got, too
	case <-time.After(time.Second):
	}
	return code, sig
}

// start does everything. sig is the signal by which the process should end, so
// that its parent can tell; nil for an ordinary exit.
func start() (code int, sig os.Signal) {
	paceCollector()
	// A reader that went away (imaphaul | head) must not end a migration.
	signals.IgnoreBrokenPipe()
	if len(os.Args) < 2 && os.Getenv("SERVER_SOFTWARE") != "" {
		return webPage(os.Stdout), nil
	}
	args := hideArguments()
	environ := os.Environ()
	forgetSecrets(args, environ)
	prompt := newPrompter(os.Stdin, os.Stdout)
	var mapNotes []string
	p, out := cli.Parse(cli.Input{
		Args:      args,
		Environ:   environ,
		Now:       time.Now(),
		Version:   program.ShownVersion(),
		InDocker:  program.InDocker(),
		ExtraFile: "options_extra.txt",
		AskSecret: prompt.ask,

		FetchSecret: oauth.FetchSecret,
		Forget:      func(name string) { _ = os.Unsetenv(name) }, // a name that cannot be one is not set either
		FindLogin:   oauth.Find,
		ReadMap: func(r io.Reader) (pairs []plan.MapPair, err error) {
			pairs, mapNotes, err = planned.ReadMap(r)
			return pairs, err
		},
		Width: screen.Width(),
	})
	if p != nil {
		for _, n := range mapNotes {
			p.Output.Notes = append(p.Output.Notes, "Note: --mapfile "+p.Folders.MapFile+" "+n+".")
		}
	}
	switch {
	case out == nil && p.Mode == plan.ModeVerify:
		return bySignal(func() int { return verifyCommand(p, os.Stdout, os.Stderr) })
	case out == nil && p.Mode == plan.ModeDoctor:
		return bySignal(func() int { return doctorCommand(p, os.Stdout, os.Stderr) })
	case out == nil && p.Run.Abort:
		return runner.Abort(p, os.Stdout, os.Stderr), nil
	case out == nil:
		return runner.Migrate(p, os.Stdout, os.Stderr)
	case out.Demo, out.SelfTest:
		return demonstrate(out, os.Stdout, os.Stderr), nil
	case out.Worker != nil:
		return runWorker(out.Worker, environ, os.Stdout, os.Stderr)
	case out.Hub != nil:
		return startHub(out.Hub, os.Stderr), nil
	case out.HubStatus != nil:
		return showHub(out.HubStatus, os.Stdout, os.Stderr), nil
	case out.Status != "":
		return showStatus(out.Status, os.Stdout, os.Stderr), nil
	case out.Explain != nil:
		return explain(out.Explain, os.Stdout, os.Stderr), nil
	case out.Batch != nil:
		return batchrun.Run(out.Batch, environ, os.Stdout, os.Stderr)
	case out.Cutover != nil:
		return bySignal(func() int { return showCutover(out.Cutover, environ, os.Stdout, os.Stderr) })
	case out.Init != nil:
		return initialize(out.Init, os.Stdin, os.Stdout, os.Stderr, doctor.Net{}), nil
	case out.Undo != nil:
		return undoRun(out.Undo, os.Stdout, os.Stderr)
	case out.Journal != nil:
		return journals(out.Journal, os.Stdout, os.Stderr), nil
	case out.Merge != nil:
		return batchrun.Merge(out.Merge, os.Stdout, os.Stderr), nil
	case out.Login != nil:
		return logIn(out.Login, environ, os.Stdout, os.Stderr), nil
	}
	if out.Code != 0 && !out.Command {
		return runner.Refuse(out, os.Stdout, os.Stderr), nil
	}
	_, _ = fmt.Fprint(os.Stdout, out.Stdout)
	_, _ = fmt.Fprint(os.Stderr, out.Stderr)
	return out.Code, nil
}
