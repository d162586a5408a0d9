package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/report"
)

// exitNoFile is what imapsync returns when it cannot make its log or temporary
// directory: the number of the error ENOENT.
const exitNoFile = 2

// abortPoll is how often the file of --abortbyfile is looked for.
const abortPoll = 500 * time.Millisecond

// work is what carries out a plan: the engine.
type work struct {
	sink  event.Sink
	trace io.Writer
	// report writes the message of --emailreportN.
	report func(engine.ReportRequest) ([]byte, error)
	// table receives the mapping of --printmap.
	table  io.Writer
	stop   <-chan struct{}
	signal func() string
}

// migrate carries out a plan from the first line printed to the last. sig is
// the signal by which the process should end, nil for none.
func migrate(p *plan.Plan, stdout, stderr io.Writer) (code int, sig os.Signal) {
	fail := func(code int, err error) (int, os.Signal) {
		_, _ = fmt.Fprintf(stderr, "Error: %v\n", err)
		return code, nil
	}
	if err := os.MkdirAll(p.Output.TmpDir, 0o700); err != nil {
		return fail(exitNoFile, fmt.Errorf("the directory of temporary files cannot be made: %w (choose another with --tmpdir)", err))
	}
	// The pid file first: the log may be that of the run which holds it.
	logName := logPath(p)
	pid, pidNotes, followed, err := claim(p, logName, stdout)
	if err != nil {
		return fail(event.ExitPidFile, err)
	}
	if followed {
		return event.ExitOK, nil
	}
	defer pid.release()
	log, err := openLog(logName)
	if err != nil {
		return fail(exitNoFile, err)
	}
	defer log.close()
	var skipped *report.SkippedFile
	if path := p.Transfer.SkippedFile; path != "" {
		if skipped, err = report.CreateSkipped(path); err != nil {
			return fail(exitNoFile, err)
		}
	}

	if dir := p.Transfer.SaveDir; dir != "" && !p.Dry {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fail(exitNoFile, fmt.Errorf("--savedir %q cannot be made: %w (choose another directory)", dir, err))
		}
	}

	tally := event.NewTally(p.Output.StartedAt, nil)
	out := stdout
	if p.Folders.PrintMap != "" {
		out = stderr // standard output is for the table alone
	}
	options := reportOptions(p, log.path)
	queue := report.NewQueue(out, log.path)
	text := report.NewText(&report.Tee{Out: queue, Log: log.writer()}, tally, options)
	r := &runner{p: p, tally: tally, text: text, queue: queue, log: log, options: options, skipped: skipped, pid: pid, table: stdout}
	return r.run(preamble(p, pidNotes))
}

// runner is one run with its printers.
type runner struct {
	p       *plan.Plan
	tally   *event.Tally
	text    *report.Text
	queue   *report.Queue
	log     *logFile
	options report.Options
	skipped *report.SkippedFile
	pid     *ownPidFile
	table   io.Writer

	mu       sync.Mutex // one event at a time
	byFile   atomic.Bool
	policy   *signalPolicy
	stopOnce sync.Once

	forceOnce sync.Once
}

// sink folds an event into the figures and shows it to every printer.
func (r *runner) sink(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if fin, ok := e.(event.Finished); ok {
		e = r.whoAsked(fin)
	}
	r.tally.Add(e)
	r.text.Event(e)
	if r.skipped != nil {
		r.skipped.Event(e)
	}
}

// whoAsked completes the engine's last words: it is asked to stop in one way, and
// here it is known by whom.
func (r *runner) whoAsked(fin event.Finished) event.Finished {
	if fin.Stopped == "signal" && r.policy.ended() == "" && r.byFile.Load() {
		fin.Stopped = "file"
	}
	return fin
}

// report writes the message of --emailreportN, of the figures so far.
func (r *runner) report(q engine.ReportRequest) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := report.Mail{Side: q.Side, From: r.p.Output.EmailReportFrom, MessageID: q.MessageID, Date: time.Now()}
	return m.Compose(r.tally.Ending(r.whoAsked(q.Finished)), r.options)
}

func (r *runner) run(pre report.Preamble) (code int, sig os.Signal) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan struct{})
	finish := func() { r.stopOnce.Do(func() { close(stop) }) }
	r.policy = &signalPolicy{run: r.p.Run, finish: finish, now: cancel, force: r.force, emit: func(e event.SignalReceived) { r.sink(e) }}

	if r.p.Debug.Signals || r.p.Debug.All {
		r.policy.debug = func(line string) { r.sink(event.Debug{Topic: "sig", Text: line}) }
	}

	// Handlers first: from here on a signal ends the run in good order.
	done := r.listen()
	abortFile := r.pid.abortFile()
	watching, endWatch := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if abortFile == "" {
			return
		}
		tick := time.NewTicker(abortPoll)
		defer tick.Stop()
		pidfile.Watch(watching, abortFile, tick.C, func() {
			r.byFile.Store(true)
			r.text.Line("Asked to terminate by file %s", abortFile)
			finish()
		})
	}()

	r.text.Start(pre)
	if r.policy.debug != nil {
		for _, line := range r.policy.outlook(os.Getpid()) {
			r.policy.debug(line)
		}
	}
	fin := event.Finished{Mode: string(plan.ModeJustBanner)}
	if r.p.Mode == plan.ModeJustBanner {
		r.sink(fin)
	} else {
		carryOut(ctx, r.p, work{sink: r.sink, report: r.report, trace: &lineWriter{text: r.text}, table: r.table, stop: stop, signal: r.policy.ended})
	}
	endWatch()
	<-watched
	done()
	return r.end(abortFile)
}

// end prints the last lines and removes what belongs to this process.
func (r *runner) end(abortFile string) (int, os.Signal) {
	code := r.tally.Stats().ExitCode()
	var notes []error
	if r.skipped != nil {
		err := r.skipped.Close()
		notes = append(notes, err)
		if err != nil && code == event.ExitOK {
			// Who reads that list believes that it is all.
			code = event.ExitCatchAll
		}
	}
	ending := report.Ending{Code: code}
	if r.byFile.Load() {
		if err := os.Remove(abortFile); err == nil {
			ending.AbortFile = abortFile
		} else if !errors.Is(err, os.ErrNotExist) {
			notes = append(notes, err)
		}
	}
	removed, err := r.pid.remove()
	if removed != "" {
		ending.PidFile = removed
	}
	for _, err := range append(notes, err) {
		if err != nil {
			r.text.Line("Warning: %v", err)
		}
	}
	r.text.Exit(ending)
	told := r.text.Close()
	if err := r.queue.Close(); err != nil {
		told = errors.Join(told, r.log.lostOutput(err))
	}
	if told != nil && code == event.ExitOK {
		// Nobody could read what was done: that is no success.
		code = event.ExitCatchAll
	}
	if name := r.policy.ended(); name != "" && code == event.ExitBySignal {
		return code, signalsByName[name]
	}
	return code, nil
}

// listen delivers signals to the policy until the returned function is called.
func (r *runner) listen() (done func()) {
	byNumber := make(map[os.Signal]string)
	ch := make(chan os.Signal, 16)
	for _, name := range r.policy.handled() {
		if sig, ok := signalsByName[name]; ok {
			byNumber[sig] = name
			signal.Notify(ch, sig)
		}
	}
	quit, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case sig := <-ch:
				r.policy.received(byNumber[sig], time.Now())
			case <-quit:
				return
			}
		}
	}()
	return func() {
		signal.Stop(ch)
		close(quit)
		<-over
	}
}

// signalName is the name under which options know a signal.
func signalName(sig os.Signal) string {
	for name, s := range signalsByName {
		if s == sig {
			return name
		}
	}
	return ""
}

// lineWriter prints what is written to it line by line.
type lineWriter struct {
	text *report.Text
	mu   sync.Mutex
	rest []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		w.text.Line("%s", bytes.TrimSuffix(w.rest[:i], []byte("\r")))
		w.rest = w.rest[i+1:]
	}
}

// logFile is the open log, or none.
type logFile struct {
	path string
	f    *os.File
}

// logPath is the name of the log file, "" for none.
func logPath(p *plan.Plan) string {
	if !p.Output.Log {
		return ""
	}
	return report.LogName{
		Dir: p.Output.LogDir, File: p.Output.LogFile, Started: p.Output.StartedAt,
		User1: p.Host1.User, User2: p.Host2.User,
	}.Path()
}

func openLog(path string) (*logFile, error) {
	if path == "" {
		return &logFile{}, nil
	}
	f, err := report.OpenLog(path)
	if err != nil {
		return nil, err
	}
	return &logFile{path: path, f: f}, nil
}

// writer is nil for no log, so that no printer sees a nil pointer in an interface.
func (l *logFile) writer() io.Writer {
	if l.f == nil {
		return nil
	}
	return l.f
}

// lostOutput notes that standard output could not be written to its end. It is an
// error when there is no log that tells the same.
func (l *logFile) lostOutput(err error) error {
	if l.f == nil {
		return err
	}
	_, err = fmt.Fprintf(l.f, "Warning: standard output is lost: %v\n", err)
	return err
}

func (l *logFile) close() {
	if l.f != nil {
		_ = l.f.Close() // its writes were checked one by one
	}
}

// ownPidFile is the pid file of this process, or none.
type ownPidFile struct{ file *pidfile.File }

// takePidFile writes the pid file. One that the user did not name is no reason
// to refuse a migration: another user's file may be in the way.
func takePidFile(p *plan.Plan, logPath string) (*ownPidFile, []string, error) {
	path := p.Output.PidFile
	if path == "" {
		return &ownPidFile{}, []string{"PID file is unset, because of --pidfile \"\" or a container"}, nil
	}
	if logPath != "" {
		// Whoever follows it may be in another directory.
		if abs, err := filepath.Abs(logPath); err == nil {
			logPath = abs
		}
	}
	file, err := pidfile.Acquire(path, logPath, p.Output.PidFileLocking)
	if err != nil {
		if p.Output.PidFileGiven || p.Output.PidFileLocking {
			if !errors.Is(err, pidfile.ErrHeld) {
				err = fmt.Errorf("%w (choose another file with --pidfile, or --pidfile \"\" for none)", err)
			}
			return nil, nil, err
		}
		return &ownPidFile{}, []string{fmt.Sprintf("Warning: no pid file: %v. --abort cannot find this run; choose another file with --pidfile.", err)}, nil
	}
	notes := []string{"PID file is " + path + " ( to change it, use --pidfile filepath ; to avoid it use --pidfile \"\" )"}
	if n := file.Note(); n != "" {
		notes = append(notes, "Note: "+n)
	}
	return &ownPidFile{file: file}, notes, nil
}

// path is the file's name, "" for none.
func (o *ownPidFile) path() string {
	if o.file == nil {
		return ""
	}
	return o.file.Path()
}

func (o *ownPidFile) abortFile() string {
	if o.file == nil {
		return ""
	}
	return pidfile.AbortFile(o.file.Path(), os.Getpid())
}

// remove removes the file once, and names it when it was removed.
func (o *ownPidFile) remove() (string, error) {
	if o.file == nil {
		return "", nil
	}
	file := o.file
	o.file = nil
	removed, err := file.Remove()
	if !removed {
		return "", err
	}
	return file.Path(), err
}

// release removes the file on ways out that print nothing more.
func (o *ownPidFile) release() { _, _ = o.remove() }

// missingShown is how many missing messages are listed at the end.
const missingShown = 20

func reportOptions(p *plan.Plan, logPath string) report.Options {
	o := report.Options{
		Program: "imaphaul", Version: programVersion(),
		Dry:         p.Dry,
		JustFolders: p.Mode == plan.ModeJustFolders,
		UseUID:      p.Identity.UseUID,
		ErrorsMax:   p.Limits.ErrorsMax,
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
	if n := p.Limits.ExitWhenOver; n != nil {
		o.ExitWhenOver = *n
	}
	return o
}

func preamble(p *plan.Plan, pidNotes []string) report.Preamble {
	pre := report.Preamble{
		Build:             "Go " + strings.TrimPrefix(runtime.Version(), "go") + " " + runtime.GOOS + "/" + runtime.GOARCH,
		CommandLine:       append([]string{os.Args[0]}, p.CommandLine...),
		NoLog:             "No log file because of option --nolog",
		TmpDir:            p.Output.TmpDir,
		ResyncFlags:       p.Flags.Resync,
		SyncInternalDates: p.Transform.SyncInternalDates,
		IDateFromHeader:   p.Transform.IDateFromHeader,
		Sides: [2]report.Connection{
			{Timeout: p.Host1.Timeout, KeepAlive: p.Host1.KeepAlive},
			{Timeout: p.Host2.Timeout, KeepAlive: p.Host2.KeepAlive},
		},
	}
	if p.Output.Docker {
		pre.NoLog = "No log file because of option --nolog, on by default in a container"
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
