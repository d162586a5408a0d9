package property

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/report"
)

// outcome is what a run told.
type outcome struct {
	code  int
	good  bool // "The sync looks good"
	stats *event.Stats
	text  string
	// mapped leads from host1 folders that took part to those of host2.
	mapped map[string]string
	hung   bool
}

// patience is how long a run of a few messages may take before it counts as hanging.
const patience = 30 * time.Second

// commandLine are the options that name two accounts.
func commandLine(a, b *account, journal string, options []string) []string {
	var out []string
	for i, x := range []*account{a, b} {
		n := strconv.Itoa(i + 1)
		port := x.port
		if port == 0 {
			port = x.server.Port
		}
		out = append(out, "--host"+n, x.host, "--port"+n, strconv.Itoa(port), "--user"+n, x.user, "--password"+n, x.password, "--nossl"+n, "--notls"+n)
	}
	out = append(out, "--nolog", "--pidfile", "", "--nomxcheck")
	if !slices.Contains(options, "--nousecache") {
		out = append(out, "--cachedir", journal)
	}
	return append(out, options...)
}

// refusedOptions returns why a set of options can not be run, "" when it can.
func refusedOptions(options []string) string {
	args := append([]string{"--host1", "h1", "--user1", "u", "--password1", "p", "--host2", "h2", "--user2", "v", "--password2", "q"}, options...)
	if p, end := cli.ParseArgs(args...); p == nil {
		return end.Stderr + end.Stdout
	}
	return ""
}

// run carries out a command line as the program does. cut may be nil.
func run(a, b *account, journal string, cut *lineCut, options ...string) (outcome, error) {
	p, end := cli.ParseArgs(commandLine(a, b, journal, options)...)
	if p == nil {
		return outcome{}, fmt.Errorf("%s: exit %d: %s%s", strings.Join(options, " "), end.Code, end.Stdout, end.Stderr)
	}
	var text bytes.Buffer
	out := outcome{mapped: make(map[string]string)}
	tally := event.NewTally(p.Output.StartedAt, time.Now)
	printer := report.NewText(&text, tally, report.Options{Program: "imaphaul", Version: "test", Dry: p.Dry, ErrorsMax: p.Limits.ErrorsMax, ErrorsDump: true})
	sink := event.Serial(tally.Add, printer.Event, func(e event.Event) {
		if m, ok := e.(event.Mapped); ok {
			for _, r := range m.Rows {
				out.mapped[asRead(r.From.Raw)] = asRead(r.To.Raw)
			}
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if cut == nil {
		cut = &lineCut{}
	}
	runCtx, stop := context.WithCancel(ctx)
	defer stop()
	cut.cancel, cut.journal = stop, journal
	sides := [3]*account{1: a, 2: b}
	engine.Run(runCtx, p, engine.Options{
		Sink:  sink,
		Pause: func(int) time.Duration { return time.Millisecond },
		Dial: func(side event.Side) func(context.Context, string, string) (net.Conn, error) {
			return func(context.Context, string, string) (net.Conn, error) {
				return cut.dial(int(side), sides[side].server.Addr())
			}
		},
	})
	cut.settle()
	if err := printer.Close(); err != nil {
		return out, err
	}
	out.hung = ctx.Err() != nil
	out.stats, out.text = tally.Stats(), text.String()
	out.code = out.stats.ExitCode()
	out.good = strings.Contains(out.text, "The sync looks good")
	return out, cut.restore()
}
