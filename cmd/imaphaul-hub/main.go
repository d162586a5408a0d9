// Command imaphaul-hub serves what workers on several machines share: the queue of rows,
// leases, states and copies of journals (docs/hub.md). "imaphaul hub"
// starts it. It is a program of its own because of its size.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/imaphaul/imaphaul/internal/hub"
	"github.com/imaphaul/imaphaul/internal/hubserver"
	"github.com/imaphaul/imaphaul/internal/lease"
)

// Exit codes, as imaphaul has them (docs/usage.md).
const (
	exitOK          = 0
	exitUsage       = 64
	exitNoInput     = 66
	exitUnavailable = 69
)

// version is set by the build (-ldflags "-X main.version=...").
var version = "0.0.0-dev"

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, signals))
}

const usage = `USAGE
  imaphaul hub --listen HOST:PORT --store DIR [options]

Serves what workers on several machines share, until SIGTERM or Ctrl-C. Started again on
the same directory it goes on.

OPTIONS
`

// longestLease is the longest that a worker may ask for (imaphaul worker --lease).
const longestLease = time.Minute

// afterBoot is how long a hub waits before it serves a store again. A machine that lost
// power has lost what was not written yet, also leases whose holders still count on them:
// when it has been up for as long as any may, none does.
func afterBoot(store string) time.Duration {
	if _, err := os.Stat(filepath.Join(store, "jetstream")); err != nil || runtime.GOOS != "linux" {
		return 0 // there was no hub, or the system does not tell when it was started
	}
	return max(longestLease-lease.Boot(), 0)
}

// list takes an option that may be repeated.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

// run serves until a signal, and returns the exit code.
func run(args []string, stdout, stderr io.Writer, signals <-chan os.Signal) int {
	var o hubserver.Options
	var tokenFile string
	var nkeys, join list
	var showVersion bool
	f := flag.NewFlagSet("imaphaul hub", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.Listen, "listen", "127.0.0.1:4222", "address for workers; beyond this machine it needs --tlscert, --tlskey and --tokenfile or --nkey")
	f.StringVar(&o.Store, "store", "", "directory in which everything is kept")
	f.StringVar(&o.CertFile, "tlscert", "", "certificate of the hub (PEM)")
	f.StringVar(&o.KeyFile, "tlskey", "", "key of --tlscert (PEM)")
	f.StringVar(&o.CAFile, "tlsca", "", "authorities that sign the certificates of the other servers of a cluster (PEM)")
	f.StringVar(&tokenFile, "tokenfile", "", "file whose first line is the token that workers show")
	f.Var(&nkeys, "nkey", "public nkey (U...) of a worker or operator; may be repeated")
	f.StringVar(&o.Name, "name", "", "name of this server in a cluster, another one for each")
	f.StringVar(&o.Cluster, "clusterlisten", "", "address for the other servers of a cluster")
	f.Var(&join, "join", "--clusterlisten of another server of the cluster; may be repeated")
	f.BoolVar(&showVersion, "version", false, "print the version")
	f.Usage = func() {
		_, _ = io.WriteString(stderr, usage)
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	fail := func(code int, format string, a ...any) int {
		_, _ = fmt.Fprintf(stderr, "Error: hub: "+format+"\n", a...)
		return code
	}
	switch {
	case showVersion:
		_, _ = fmt.Fprintln(stdout, version)
		return exitOK
	case f.NArg() > 0:
		return fail(exitUsage, "%q is no option. imaphaul hub --help lists them.", f.Arg(0))
	case o.Store == "":
		return fail(exitUsage, "--store is missing: name a directory for what is kept.")
	}
	o.NKeys, o.Join = nkeys, join
	if tokenFile != "" {
		token, err := hub.FirstLine(tokenFile)
		if err != nil {
			return fail(exitNoInput, "--tokenfile %q: %v", tokenFile, err)
		}
		o.Token = token
	}
	if err := o.Check(); err != nil {
		return fail(exitUsage, "%v", err)
	}
	if wait := afterBoot(o.Store); wait > 0 {
		_, _ = fmt.Fprintf(stdout, "The machine has just been started: the hub waits for %v, since it may not know of leases of the last seconds.\n", wait.Round(time.Second))
		select {
		case <-time.After(wait):
		case <-signals:
			return exitOK
		}
	}
	o.Say = func(text string) { _, _ = fmt.Fprintln(stderr, text) }
	s, err := hubserver.Start(o)
	if err != nil {
		return fail(exitUnavailable, "%v", err)
	}
	_, _ = fmt.Fprintf(stdout, "The hub listens at %s and keeps everything in %s.\n", s.Addr(), o.Store)
	if o.Token == "" && len(o.NKeys) == 0 {
		_, _ = fmt.Fprintln(stdout, "Warning: there is no token, so every user of this machine can load rows. Give --tokenfile or --nkey.")
	}
	select {
	case <-signals:
	case why := <-s.Broken():
		s.Close()
		return fail(exitUnavailable, "the store %s cannot be written (%s). Make room, and start the hub again: it goes on with what is there, and workers wait for it.", o.Store, why)
	}
	s.Close()
	_, _ = fmt.Fprintln(stdout, "The hub has ended. Workers wait for it, as long as their leases last.")
	return exitOK
}
