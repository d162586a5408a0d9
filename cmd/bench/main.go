// Bench measures how fast mail moves between two accounts of a private Dovecot:
// with imaphaul, with other programs on the same accounts in the same run, and
// with the least that any client must do (the floor). `make bench` runs it.
//
// It starts the servers itself, through testdata/servers, and puts a line with
// a delay in between where a row asks for distance. Everything heavy runs in a
// process of its own: this one stays small, because Linux counts the memory of
// the process that started a program into that program's peak.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(64)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// dispatch runs one of the helpers that this program starts of itself, or the
// benchmark.
func dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 {
		if helper, ok := helpers[args[0]]; ok {
			return helper(ctx, args[1:])
		}
	}
	return benchmark(ctx, args)
}

// helpers are the processes of their own, by their first argument.
var helpers = map[string]func(context.Context, []string) error{
	"fill":      fillProcess,
	"raw":       rawProcess,
	"stir":      stirProcess,
	"floor":     floorProcess,
	"line":      lineProcess,
	"count":     countProcess,
	"fillmany":  fillManyProcess,
	"countmany": countManyProcess,
}

// settings are what the user asked for.
type settings struct {
	runs     int
	quick    bool
	format   string
	only     string
	program  string // bin/imaphaul
	servers  string // testdata/servers
	listing  string // the compiled tests of internal/engine
	docs     string
	work     string
	keep     bool
	imapsync string
	others   string
}

func benchmark(ctx context.Context, args []string) error {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&s.runs, "runs", 3, "runs of each program for a row; the median counts")
	flags.BoolVar(&s.quick, "quick", false, "only the rows that take seconds")
	flags.StringVar(&s.only, "rows", "", "only the rows whose name is one of these words, separated by commas, or contains one that is no name")
	flags.StringVar(&s.format, "format", "maildir", "how Dovecot stores mail, on both sides: mdbox, sdbox or maildir")
	flags.StringVar(&s.program, "imaphaul", "bin/imaphaul", "the program to measure")
	flags.StringVar(&s.listing, "listing", "", "compiled tests of internal/engine, for the row of the scripted server")
	flags.StringVar(&s.servers, "servers", "testdata/servers", "the scripts that start servers")
	flags.StringVar(&s.docs, "docs", "", "write the measured tables and the plot into benchmarks.md and benchmarks.svg of this directory")
	flags.StringVar(&s.work, "work", "", "directory for servers and mail (default: a temporary one, in memory if there is room)")
	flags.BoolVar(&s.keep, "keep", false, "leave that directory behind")
	flags.StringVar(&s.imapsync, "imapsync", os.Getenv("IMAPSYNC"), "path of imapsync, to measure it too (default $IMAPSYNC)")
	flags.StringVar(&s.others, "others", os.Getenv("BENCH_OTHERS"), `more programs: "name=command;...", the command a line for sh with $HOST1 $PORT1 $USER1 $PASSWORD1 and the same of 2 (default $BENCH_OTHERS)`)
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp
	}
	if s.runs < 1 || flags.NArg() > 0 {
		return fmt.Errorf("-runs %d and %q: at least one run, and no arguments beside options", s.runs, flags.Args())
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the benchmark runs on Linux, where memory and process groups are measured; this is %s", runtime.GOOS)
	}
	var err error
	for _, path := range []*string{&s.program, &s.servers} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
		if _, err := os.Stat(*path); err != nil {
			return fmt.Errorf("%w; `make bench` builds what is needed", err)
		}
	}
	if s.work == "" {
		if s.work, err = os.MkdirTemp(memoryDir(), "imaphaul-bench-"); err != nil {
			return err
		}
	}
	if s.work, err = filepath.Abs(s.work); err != nil {
		return err
	}
	if err := os.MkdirAll(s.work, 0o755); err != nil {
		return err
	}
	// The server's own user has to get through.
	if err := os.Chmod(s.work, 0o755); err != nil {
		return err
	}
	if !s.keep {
		defer func() { _ = os.RemoveAll(s.work) }() // what is left is in the system's place for such
	}
	b := &bench{settings: s, out: os.Stdout, servers: make(map[string]*server)}
	defer b.stopServers()
	return b.run(ctx)
}

// wanted reports whether the user asked for a row. A word that is a name stands for that
// row alone: many names begin with another one.
func (s *settings) wanted(r *row) bool {
	if s.only == "" {
		return (!s.quick || r.quick) && !r.onlyNamed
	}
	for word := range strings.SplitSeq(s.only, ",") {
		word = strings.TrimSpace(word)
		named := func(r row) bool { return r.name == word }
		if r.name == word || strings.Contains(r.name, word) && !slices.ContainsFunc(rows, named) {
			return true
		}
	}
	return false
}

// say prints a line of progress.
func say(w io.Writer, format string, a ...any) { _, _ = fmt.Fprintf(w, format+"\n", a...) }
