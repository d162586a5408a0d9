package runner

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/report"
)

// missingShown is how many missing messages are listed at the end.
const missingShown = 20

func reportOptions(p *plan.Plan, logPath string) report.Options {
	o := report.Options{
		Program: "imaphaul", Version: program.Version(), CalledAs: program.CalledAs(),
		Detail:      report.Detail(p.View.Detail),
		Dry:         p.Dry,
		JustFolders: p.Mode == plan.ModeJustFolders,
		UseUID:      p.Identity.UseUID,
		Delete2:     p.Deletion.Delete2,
		ErrorsMax:   p.Limits.ErrorsMax,
		Verified:    p.Proof.Depth != "",
		ErrorsDump:  p.Output.ErrorsDump,
		Differences: p.Folders.SizesBefore && p.Folders.SizesAfter,
		MissingMax:  missingShown,
		SkippedFile: p.Transfer.SkippedFile,
		LogFile:     logPath,
		Host1:       report.Account{Host: p.Host1.Host, Port: p.Host1.Port, User: p.Host1.User},
		Host2:       report.Account{Host: p.Host2.Host, Port: p.Host2.Port, User: p.Host2.User},
		Process:     report.ThisProcess(),
		Machine:     report.ThisMachine(),
	}
	if p.Identity.HeadersGiven {
		o.Headers = p.Identity.Headers
	}
	if n := p.Limits.ExitWhenOver; n != nil {
		o.ExitWhenOver = *n
	}
	return o
}

// noLog says why there is no log file.
func noLog(p *plan.Plan) string {
	if p.Output.Docker {
		return "No log file because of option --nolog, on by default in a container"
	}
	return "No log file because of option --nolog"
}

func preamble(p *plan.Plan, pidNotes []string) report.Preamble {
	pre := report.Preamble{
		Build:             "Go " + strings.TrimPrefix(runtime.Version(), "go") + " " + runtime.GOOS + "/" + runtime.GOARCH,
		CommandLine:       append([]string{os.Args[0]}, p.CommandLine...),
		NoLog:             noLog(p),
		TmpDir:            p.Output.TmpDir,
		ResyncFlags:       p.Flags.Resync,
		SyncInternalDates: p.Transform.SyncInternalDates,
		IDateFromHeader:   p.Transform.IDateFromHeader,
		Sides: [2]report.Connection{
			{Timeout: p.Host1.Timeout, KeepAlive: p.Host1.KeepAlive},
			{Timeout: p.Host2.Timeout, KeepAlive: p.Host2.KeepAlive},
		},
	}
	pre.Notes = append(pre.Notes, p.Output.Notes...)
	pre.Notes = append(pre.Notes, pidNotes...)
	if p.Output.ModulesVersion {
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, m := range info.Deps {
				pre.Modules = append(pre.Modules, m.Path+" "+m.Version)
			}
		}
	}
	return pre
}
