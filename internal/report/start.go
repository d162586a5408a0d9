package report

import (
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
)

// Preamble is what is told before the first connection ("Here is
// imapsync ..." and what follows).
type Preamble struct {
	// Build describes the program further: Go version, commit.
	Build string
	// CommandLine is program and arguments, secrets masked already.
	CommandLine []string
	// NoLog says why there is no log file, when Options.LogFile is empty.
	NoLog string
	// TmpDir is the directory of temporary files.
	TmpDir string
	// Notes are lines about presets, signals, the pid file and options that have
	// no effect, in their order.
	Notes []string
	// Modules are the libraries in use, "name version"; empty for none.
	Modules []string

	ResyncFlags       bool
	SyncInternalDates bool
	IDateFromHeader   bool
	Sides             [2]Connection
}

// Connection is how one side will be connected to.
type Connection struct {
	Timeout   time.Duration // 0: none
	KeepAlive bool
}

// Start prints the preamble.
func (t *Text) Start(p Preamble) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.flush()
	if t.o.Detail == Quiet {
		t.startQuietly(p)
		return
	}
	o, proc := &t.o, &t.o.Process

	self, really := o.Program+" "+o.Version, ""
	if o.CalledAs != "" {
		// Wrappers read the version here: what this is stands behind it.
		self, really = o.CalledAs, " ( "+self+" )"
	}
	t.linef("Here is %s on host %s, a %s system with %s%s",
		self, proc.Hostname, o.Machine.os(), o.Machine.ram(), really)
	if p.Build != "" {
		t.linef("with %s", p.Build)
	}
	t.linef("Transfer started at %s", t.stats.Started.Format(dateLayout))
	t.linef("PID is %d my PPID is %d", proc.PID, proc.PPID)
	t.logLine("path", p.NoLog)
	t.linef("Load is %s", o.Machine.loadLine())
	t.linef("Current directory is %s", proc.Dir)
	t.linef("Real user id is %s (uid %d)", proc.User, proc.UID)
	t.linef("Effective user id is %s (euid %d)", proc.EffectiveUser, proc.EUID)
	t.linef("Command line used:")
	t.linef("%s", display.ShellLine(p.CommandLine))
	t.linef("Temp directory is %s ( to change it use --tmpdir dirpath )", p.TmpDir)
	for _, n := range p.Notes {
		t.linef("%s", n)
	}
	if len(p.Modules) > 0 {
		t.linef("Modules version list ( use --no-modulesversion to turn off printing this list ):")
		for _, m := range p.Modules {
			t.linef("%s", m)
		}
	}
	if p.ResyncFlags {
		t.linef("Info: will resync flags for already transferred messages. Use --noresyncflags to not resync flags.")
	} else {
		t.linef("Info: will not resync flags for already transferred messages. Use --resyncflags to resync flags.")
	}
	switch {
	case p.IDateFromHeader:
		t.linef("Info: turned ON idatefromheader, the dates on host2 come from the 'Date:' header lines.")
	case p.SyncInternalDates:
		t.linef("Info: turned ON syncinternaldates, the arrival dates on host2 will be those of host1.")
	default:
		t.linef("Info: turned OFF syncinternaldates")
	}
	for i, c := range p.Sides {
		t.linef("Host%d: imap connection timeout is %s seconds", i+1, seconds(c.Timeout))
	}
	for i, c := range p.Sides {
		if c.KeepAlive {
			t.linef("Host%[1]d: imap connection keepalive is on on host%[1]d. Use --nokeepalive%[1]d to disable it.", i+1)
		} else {
			t.linef("Host%[1]d: imap connection keepalive is off on host%[1]d. Use --keepalive%[1]d to enable it.", i+1)
		}
	}
	for i, a := range []Account{o.Host1, o.Host2} {
		if a.Port == 0 && a.Host != "" {
			t.portLater[i+1] = true
			continue
		}
		t.serverLine(i+1, a, a.Port)
	}
}

// serverLine names a side with the port that is used, 0 when there is none.
func (t *Text) serverLine(side int, a Account, port int) {
	t.portLater[side] = false
	shown := ""
	if port != 0 {
		shown = fmt.Sprint(port)
	}
	t.linef("Host%d: IMAP server [%s] port [%s] user [%s]", side, a.Host, shown, a.User)
}

// serversLeft names the sides whose port was never detected, since the run ended
// before.
func (t *Text) serversLeft() {
	for i, a := range []Account{t.o.Host1, t.o.Host2} {
		if t.portLater[i+1] {
			t.serverLine(i+1, a, 0)
		}
	}
}

// logLine is imapsync's line about the log; what is the word it uses for the
// option's value there, once "path" and once "filepath".
func (t *Text) logLine(what, noLog string) {
	if t.o.LogFile != "" {
		t.linef("Log file is %s ( to change it, use --logfile %s ; or use --nolog to turn off logging )",
			t.o.LogFile, what)
		return
	}
	if noLog == "" {
		noLog = "No log file because of option --nolog"
	}
	t.linef("%s", noLog)
}

// seconds is d in seconds without needless decimals.
func seconds(d time.Duration) string { return fmt.Sprint(d.Seconds()) }
