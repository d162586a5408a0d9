package cli

import (
	"math"
	"net/mail"
	"os"
	"path/filepath"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// defaultBuffer is the byte budget over all bodies in memory; leastBuffer the
// least that makes sense. imapsync's --buffersize is another thing, the size of
// one read, so its small values are raised and that is said.
const (
	defaultBuffer = 64 << 20
	leastBuffer   = 1 << 20
)

// ErrorsMax is --errorsmax when it is not given.
const ErrorsMax = 50

func (b *builder) transfer() plan.Transfer {
	v := b.v
	t := plan.Transfer{
		Connections: b.count("connections", 1, 64),
		BufferBytes: defaultBuffer,
		Split1:      b.count("split1", 0, math.MaxInt32),
		Split2:      b.count("split2", 0, math.MaxInt32),
		NoResurrect: v.flag("noresurrect"),
		SkippedFile: v.str("skippedfile"),
		SaveDir:     v.str("savedir"),
	}
	for _, split := range []*int{&t.Split1, &t.Split2} {
		if *split == 0 {
			*split = 100
		}
	}
	if n := b.size("buffersize"); n != nil && *n > 0 {
		t.BufferBytes = max(*n, leastBuffer)
		if *n < leastBuffer {
			b.note("--buffersize %d: taken as %d, the least. Here it bounds the memory of all message bodies, not one read.", *n, leastBuffer)
		}
	}
	return t
}

func (b *builder) limits() plan.Limits {
	v := b.v
	l := plan.Limits{
		ErrorsMax:            b.count("errorsmax", 0, math.MaxInt32),
		ExitWhenOver:         b.size("exitwhenover"),
		MaxMessagesPerSecond: b.amount("maxmessagespersecond"),
		WaitDay:              v.flag("waitday"),
		Between:              b.hours(),
	}
	if l.ErrorsMax == 0 {
		l.ErrorsMax = ErrorsMax // imapsync's reading of 0
	}
	if l.ExitWhenOver != nil && *l.ExitWhenOver == 0 {
		l.ExitWhenOver = nil // imapsync's reading of 0
	}
	for _, n := range []struct {
		name string
		to   *int64
	}{
		{"maxbytespersecond", &l.MaxBytesPerSecond}, {"maxbytesafter", &l.MaxBytesAfter},
		{"maxbytesperday1", &l.MaxBytesPerDay1}, {"maxbytesperday2", &l.MaxBytesPerDay2},
	} {
		if p := b.size(n.name); p != nil {
			*n.to = *p
		}
	}
	if v.given("maxsleep") {
		// imapsync takes a negative one as 0.
		d := seconds(max(0, min(v.float("maxsleep"), 1e9)))
		l.MaxSleep = &d
	}
	if l.WaitDay && l.MaxBytesPerDay1 == 0 && l.MaxBytesPerDay2 == 0 {
		b.bad.add("--waitday: there is no budget to wait for. Add --maxbytesperday1 or --maxbytesperday2.")
	}
	return l
}

// journal decides whether and where the run's memory is kept. Without it
// --useuid would copy everything at each run.
func (b *builder) journal(id *plan.Identity) plan.Journal {
	v := b.v
	j := plan.Journal{Enabled: v.flag("usecache"), Dir: v.str("cachedir")}
	if v.given("cacheshared") {
		shared := v.flag("cacheshared")
		j.Shared = &shared
	}
	if j.Dir == "" && v.given("tmpdir") && v.str("tmpdir") != "" {
		j.Dir = filepath.Join(v.str("tmpdir"), "imaphaul_journal")
	}
	if v.given("usecache") && !j.Enabled {
		for _, needs := range []string{"useuid", "noresurrect"} {
			if v.flag(needs) {
				b.bad.add("--nousecache and --%s: the second works by the journal that the first switches off. Drop one of them.", needs)
			}
		}
		if v.given("cachedir") {
			b.bad.add("--nousecache and --cachedir: there is no journal to put there. Drop one of them.")
		}
		if v.given("cacheshared") {
			b.bad.add("--nousecache and --cacheshared: there is no journal to lock. Drop one of them.")
		}
	}
	if id.SkipCrossDuplicates && v.given("skipcrossduplicates") {
		for _, cache := range []string{"usecache", "useuid"} {
			if v.given(cache) && v.flag(cache) {
				b.bad.add("--%s and --skipcrossduplicates: as in imapsync they exclude each other. Drop one of them.", cache)
			}
		}
	}
	return j
}

func (b *builder) output() plan.Output {
	v := b.v
	docker := v.flagOr("dockercontext", b.in.InDocker)
	if docker && b.command == "" && b.in.within == "" {
		b.note("Container found: no log file and no pid file unless named; --nodockercontext changes that.")
	}
	o := plan.Output{
		Log:            v.flagOr("log", !docker || v.given("logfile") || v.given("logdir")),
		LogFile:        v.str("logfile"),
		LogDir:         v.str("logdir"),
		ErrorsDump:     v.flag("errorsdump"),
		ModulesVersion: v.flag("modulesversion"),
		PrintPlan:      v.flag("printplan"),
		TmpDir:         v.str("tmpdir"),
		PidFileLocking: v.flag("pidfilelocking"),
		PidFileGiven:   v.given("pidfile"),
		StartedAt:      b.in.Now,
		Docker:         docker,
	}
	b.emailReport(&o)
	if o.TmpDir == "" {
		o.TmpDir = os.TempDir()
	}
	switch {
	case o.PidFileGiven:
		o.PidFile = v.str("pidfile")
	case !docker:
		o.PidFile = filepath.Join(o.TmpDir, "imapsync.pid")
	}
	if o.PidFileLocking && o.PidFile == "" {
		b.bad.add("--pidfilelocking: there is no pid file to lock. Give --pidfile FILE.")
	}
	if strings.ContainsRune(o.LogFile, 0) || strings.HasSuffix(o.LogFile, "/") {
		b.bad.add("--logfile %q: not the name of a file.", o.LogFile)
	}
	if v.flag("debugenv") {
		b.notes = append(b.notes, environmentLines(b.in.Environ)...)
	}
	return o
}

// emailReport is about the reports that are put into INBOXes.
func (b *builder) emailReport(o *plan.Output) {
	o.EmailReport1, o.EmailReport2 = b.v.flag("emailreport1"), b.v.flag("emailreport2")
	o.EmailReportFrom = b.v.str("emailreportfrom")
	if o.EmailReportFrom != "" {
		if _, err := mail.ParseAddress(o.EmailReportFrom); err != nil {
			b.bad.add("--emailreportfrom %q: not the address of a sender (%v). Give name@example.org, or \"Some Name <name@example.org>\".", o.EmailReportFrom, err)
		}
		if !o.EmailReport1 && !o.EmailReport2 {
			b.note("--emailreportfrom has no effect without --emailreport1 or --emailreport2.")
		}
	}
	if asked := o.EmailReport1 || o.EmailReport2; asked && b.v.flag("dry") && b.in.within == "" {
		b.note("A dry run stores no report (--emailreport1, --emailreport2).")
	}
}

func (b *builder) debug() plan.Debug {
	v := b.v
	return plan.Debug{
		All:             v.flag("debug") || v.flag("debugimap") || v.flag("debugimap1") || v.flag("debugimap2"),
		Content:         v.flag("debugcontent"),
		Folders:         v.flag("debugfolders"),
		Flags:           v.flag("debugflags"),
		List:            v.flag("debuglist"),
		Labels:          v.flag("debuglabels"),
		Cache:           v.flag("debugcache"),
		Memory:          v.flag("debugmemory"),
		MaxLineLength:   v.flag("debugmaxlinelength"),
		CrossDuplicates: v.flag("debugcrossduplicates"),
		Signals:         v.flag("debugsig"),
	}
}

func (b *builder) run() plan.Run {
	v := b.v
	r := plan.Run{
		SigExit:      b.signals("sigexit", []string{"QUIT", "TERM"}),
		SigReconnect: b.signals("sigreconnect", []string{"INT"}),
		SigIgnore:    b.signals("sigignore", nil),
		Abort:        v.flag("abort"),
		AbortByFile:  v.flag("abortbyfile"),
		Tail:         v.flag("tail"),
	}
	if r.Tail && !v.flag("pidfilelocking") {
		b.note("--tail has no effect without --pidfilelocking: a run that nothing holds off has nobody to follow.")
	}
	r.Abort = r.Abort || r.AbortByFile
	return r
}

// signalNames are the signals that a run can be told about.
const signalNames = "HUP INT QUIT USR1 USR2 TERM"

// signals reads a list of signals; a given list replaces the default.
func (b *builder) signals(name string, def []string) []string {
	given := b.v.list(name)
	if len(given) == 0 {
		return def
	}
	var out []string
	for _, s := range given {
		if s == "" {
			continue // the empty text alone means none
		}
		sig := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "SIG")
		if sig == "" || !strings.Contains(" "+signalNames+" ", " "+sig+" ") {
			b.bad.add("--%s %s: not a signal that can be handled. Give one of %s.", name, s, signalNames)
			continue
		}
		out = append(out, sig)
	}
	return out
}

// environmentLines lists the environment without what could be secret: values
// are shown only of names that never hold a secret.
func environmentLines(environ []string) []string {
	harmless := map[string]bool{
		"HOME": true, "USER": true, "LOGNAME": true, "SHELL": true, "PATH": true, "PWD": true,
		"LANG": true, "TERM": true, "TZ": true, "TMPDIR": true, "COLUMNS": true,
		"POSIXLY_CORRECT": true, "XDG_STATE_HOME": true, "GOMAXPROCS": true, "GOMEMLIMIT": true,
	}
	var lines []string
	for _, kv := range environ {
		k, val, _ := strings.Cut(kv, "=")
		if !harmless[k] && !strings.HasPrefix(k, "LC_") {
			val = maskedText
		}
		lines = append(lines, "Environment: "+k+"="+val)
	}
	return lines
}
