// Package batchrun is the command "imaphaul batch": a list of accounts is read and checked,
// its rows are run several at a time, what they come to is remembered and told. What needs
// neither options nor files is decided in package batch.
package batchrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/hosts"
	"github.com/imaphaul/imaphaul/internal/runner"
	"github.com/imaphaul/imaphaul/internal/runpage"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/signals"
	"github.com/imaphaul/imaphaul/internal/statusfile"
)

// run is one call of "imaphaul batch".
type run struct {
	*cli.Batch
	environ        []string
	stdout, stderr io.Writer

	list    batch.List
	jobs    []batch.Job
	keys    map[int]string // of the state, by row
	names   map[int]string // "a@h1 -> b@h2", by row
	rowsOf  map[int]batch.Row
	servers map[string]hosts.Server // by the names in jobs
	same    map[string]string       // of hosts that are one server, see [hosts.Same]
	// accounts are those of a row as its options name them.
	accounts map[int][2]string
	state    *batch.State // nil in a dry run

	presets map[int][]string // of --auto, by row

	governors session.Governors
	passes    passes // of rows that are followed, see batchfollow.go
	logins    logins
	policy    *signals.Policy
	stop      chan struct{}
	stopOnce  sync.Once
	board     *board
	json      *runner.SharedLines // nil for none
	counts    *runner.Counters    // nil for none

	page *runpage.Page // of --report, nil for none
	told bool          // it is written

	hooks  hooks            // of --webhook
	status *statusfile.File // nil when the batch cannot be asked

	warnings []string // of what the rows do together

	part    []int              // the rows of the list, or of its part, by number
	earlier map[int]*rowResult // of these, what the state knew when this call began

	mu      sync.Mutex
	results map[int]*rowResult
	waits   map[int]time.Time // until when a row waits that is tried again
	atEnd   map[int]bool      // rows that are tried once more when all others have ended
	active  map[int]bool      // rows that run
	lost    error             // why the state cannot be written
}

// Run carries out a batch. sig is the signal by which the process should end, nil for
// none.
func Run(x *cli.Batch, environ []string, stdout, stderr io.Writer) (code int, sig os.Signal) {
	stderr = screen.Wrapped(stderr)
	b := newRun(x, environ, stdout, stderr)
	code, err := b.do()
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: %v\n", err)
	}
	if b.policy != nil {
		if name := b.policy.Ended(); name != "" && code == event.ExitBySignal {
			return code, signals.ByName[name]
		}
	}
	return code, nil
}

func newRun(x *cli.Batch, environ []string, stdout, stderr io.Writer) *run {
	return &run{
		Batch: x, environ: environ, stdout: stdout, stderr: stderr,
		keys: make(map[int]string), names: make(map[int]string), rowsOf: make(map[int]batch.Row), accounts: make(map[int][2]string), servers: make(map[string]hosts.Server),
		stop: make(chan struct{}), results: make(map[int]*rowResult), waits: make(map[int]time.Time),
		earlier: make(map[int]*rowResult), atEnd: make(map[int]bool), active: make(map[int]bool),
	}
}

func (b *run) do() (code int, err error) {
	faults, err := b.readList()
	if err != nil {
		return event.ExitNoInput, err
	}
	if len(faults) > 0 {
		return event.ExitUsage, b.faulty(faults)
	}
	if err := b.checkChoice(); err != nil {
		return event.ExitUsage, err
	}
	if b.Hub != nil {
		return b.load()
	}
	p := b.Plan
	if b.Out != "" {
		if err := os.MkdirAll(b.Out, 0o700); err != nil {
			return event.ExitNoFile, fmt.Errorf("--out %q cannot be made: %w", b.Out, errors.Unwrap(err))
		}
	}
	if onlyOf(p) == "" {
		if b.state, err = batch.OpenState(b.stateFile()); errors.Is(err, batch.ErrInUse) {
			return event.ExitPidFile, err
		} else if err != nil {
			return event.ExitNoFile, err
		}
		defer func() { _ = b.state.Close() }() // every row was written on its own
	}
	// Behind the state: the pid file of a batch that works on the list stays as it is.
	pid, notes, err := runner.TakePidFile(p, "")
	if err != nil {
		return event.ExitPidFile, err
	}
	defer pid.Release()
	if b.page, err = runpage.Begin(p); err != nil {
		return event.ExitNoFile, err
	}
	defer func() {
		if !b.told {
			b.page.Abort() // it ended before there was something to tell
		}
	}()
	if b.json, err = runner.OpenShared(p.View.JSON, b.stdout); err != nil {
		return event.ExitNoFile, err
	}
	// Nobody could read what was done: that is no success.
	lost := func(closing error) {
		if closing != nil && code == event.ExitOK {
			code, err = event.ExitCatchAll, closing
		}
	}
	defer func() { lost(b.json.Close()) }()
	if b.counts, err = runner.OpenMetrics(p.View.Metrics); err != nil {
		return event.ExitUnavailable, err
	}
	defer b.counts.Close()
	out := b.stdout
	if p.View.JSON == "-" {
		out = io.Discard
	}
	if b.board, err = newBoard(p.View, out); err != nil {
		return event.ExitSoftware, err
	}
	defer func() { lost(b.board.close()) }()
	for _, n := range slices.Concat(p.Output.Notes, notes, b.warnings) {
		if strings.HasPrefix(n, "Warning: ") {
			b.board.say(n)
		}
	}
	if p.Output.Docker && !p.Output.Log && len(b.logs()) == 0 {
		b.board.say("No log files of rows, because of --nolog, which is on by default in a container: --logdir DIR or --out DIR writes them.")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.hooks.ctx = ctx
	b.policy = &signals.Policy{Run: p.Run, Finish: b.finish, Now: cancel, Emit: b.signalled}
	force := &signals.Force{PidFile: pid.Path}
	b.policy.Force = force.End
	defer b.policy.Listen()()
	if b.policy.Answers("USR1") {
		b.status = statusfile.New()
	}
	defer b.status.Remove()
	begun := time.Now()
	b.choose()
	if err := b.mayFollow(); err != nil {
		return event.ExitUsage, err
	}
	if err := b.open(); err != nil {
		return event.ExitNoFile, err
	}
	if n := b.tooManyJobs(); n != "" {
		b.board.say(n)
	}
	if b.Auto {
		b.recognise(ctx)
	}
	defer b.board.watch(b)()
	if b.LoginsFirst || b.Order != cli.OrderFile {
		if verdict, over := b.prepare(ctx); over {
			return b.finishUp(time.Since(begun), verdict)
		}
		if err := b.writeOpening(); err != nil { // some rows may wait for a person now
			return event.ExitNoFile, err
		}
	}
	b.board.say(b.opening())
	b.dispatch(ctx)
	return b.finishUp(time.Since(begun), "")
}

// choose leaves the rows that this call is about.
func (b *run) choose() {
	b.keepShard()
	b.jobs = slices.DeleteFunc(b.jobs, func(j batch.Job) bool {
		n := j.Row.Number
		b.part = append(b.part, n)
		var was batch.Record
		if b.state != nil {
			var known bool
			if was, known = b.state.Get(b.keys[n]); known {
				b.earlier[n] = b.unbegun(n).recall(was)
			}
		}
		if !b.chosen(n) {
			return true
		}
		res := b.unbegun(n)
		b.results[n] = res
		if b.state == nil || b.Fresh {
			return false
		}
		done := was.Next == batch.StateDone && was.Options == b.meaning(&j)
		if done || was.Next == batch.StatePerson && !b.RetryFailed {
			*res = *b.earlier[n]
			return true
		}
		return false // also one of which nobody knows what it came to
	})
}

// meaning names what a row was run with beside its own options: those for all rows, and
// the accounts, which these may name.
func (b *run) meaning(j *batch.Job) string {
	of := b.accounts[j.Row.Number]
	return batch.Key(append(slices.Clone(b.Meaning), of[0], of[1]))
}

// opening says what is about to be done.
func (b *run) opening() string {
	done, person := 0, 0
	for _, r := range b.results {
		if r.before && r.state == batch.StateDone {
			done++
		} else if r.before {
			person++
		}
	}
	list := b.File
	if b.Shard.Count > 0 {
		list += fmt.Sprintf(", part %d of %d", b.Shard.Index+1, b.Shard.Count)
	}
	s := fmt.Sprintf("%s: %s to run, %d at the same time", list, rowsOf(len(b.jobs)), b.atOnce())
	if b.Plan.Follow.On {
		s = fmt.Sprintf("%s: %s to follow, %d passes at the same time, until %s", list, rowsOf(len(b.jobs)), b.atOnce(), b.Plan.Follow.Ends())
	}
	if done > 0 {
		are := "are"
		if done == 1 {
			are = "is"
		}
		s += fmt.Sprintf("; %d %s finished (--fresh runs all again)", done, are)
	}
	if person > 0 {
		s += fmt.Sprintf("; %d failed before and %s for a person (--retryfailed tries them again)", person, waits(person))
	}
	return s + "."
}

// finish asks all rows to end in good order.
func (b *run) finish() { b.stopOnce.Do(func() { close(b.stop) }) }

// signalled tells what a signal does.
func (b *run) signalled(e event.SignalReceived) {
	switch {
	case e.What == "stop":
		b.board.say(fmt.Sprintf("Signal %s: no row is begun any more, and those that run end in good order. Once more ends at once.", e.Signal))
	case e.What == "print" && signals.AsksStatus(e.Signal):
		page := b.board.page()
		for _, line := range page {
			b.board.say(line)
		}
		_ = b.status.Write(page) // who asked gives up by himself
	}
}
