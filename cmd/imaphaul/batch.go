package main

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
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/hosts"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/runner"
	"github.com/imaphaul/imaphaul/internal/runpage"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/signals"
	"github.com/imaphaul/imaphaul/internal/statusfile"
)

// batchRun is one call of "imaphaul batch".
type batchRun struct {
	*cli.Batch
	environ        []string
	stdout, stderr io.Writer

	list    batch.List
	jobs    []batch.Job
	keys    map[int]string // of the state, by row
	names   map[int]string // "a@h1 -> b@h2", by row
	rowsOf  map[int]batch.Row
	servers map[string]hosts.Server // by the names in jobs
	// accounts are those of a row as its options name them.
	accounts map[int][2]string
	state    *batch.State // nil in a dry run

	presets map[int][]string // of --auto, by row

	governors session.Governors
	passes    passes // of rows that are followed, see batchfollow.go
	policy    *signals.Policy
	stop      chan struct{}
	stopOnce  sync.Once
	board     *board
	json      *runner.SharedLines // nil for none
	counts    *runner.Counters    // nil for none

	page *runpage.Page // of --report, nil for none
	told bool          // it is written

	hooks  sync.WaitGroup
	status *statusfile.File // nil when the batch cannot be asked

	// failedBefore are rows that this call is not about, and that earlier ones did not
	// finish.
	failedBefore []int

	mu      sync.Mutex
	results map[int]*rowResult
	waits   map[int]time.Time // until when a row waits that is tried again
	lost    error             // why the state cannot be written
}

// runBatch carries out a batch.
func runBatch(x *cli.Batch, environ []string, stdout, stderr io.Writer) (code int, sig os.Signal) {
	b := &batchRun{
		Batch: x, environ: environ, stdout: stdout, stderr: stderr,
		keys: make(map[int]string), names: make(map[int]string), rowsOf: make(map[int]batch.Row), accounts: make(map[int][2]string), servers: make(map[string]hosts.Server),
		stop: make(chan struct{}), results: make(map[int]*rowResult), waits: make(map[int]time.Time),
	}
	code, err := b.run()
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

func (b *batchRun) run() (code int, err error) {
	faults, err := b.readList()
	if err != nil {
		return event.ExitNoInput, err
	}
	if len(faults) > 0 {
		return event.ExitUsage, b.faulty(faults)
	}
	if b.Hub != nil {
		return b.load()
	}
	p := b.Plan
	pid, notes, err := runner.TakePidFile(p, "")
	if err != nil {
		return event.ExitPidFile, err
	}
	defer pid.Release()
	if b.Out != "" {
		if err := os.MkdirAll(b.Out, 0o700); err != nil {
			return event.ExitNoFile, fmt.Errorf("--out %q cannot be made: %w", b.Out, errors.Unwrap(err))
		}
	}
	if !p.Dry && p.Mode != plan.ModeJustLogin {
		if b.state, err = batch.OpenState(b.stateFile()); err != nil {
			return event.ExitPidFile, err
		}
		defer func() { _ = b.state.Close() }() // every row was written on its own
	}
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
	for _, n := range slices.Concat(p.Output.Notes, notes) {
		if strings.HasPrefix(n, "Warning: ") {
			b.board.say(n)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
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
	if b.Auto {
		b.recognise(ctx)
	}
	defer b.board.watch(b)()
	if b.LoginsFirst || b.Order != cli.OrderFile {
		if code := b.prepare(ctx); code != event.ExitOK {
			return code, nil
		}
	}
	if err := b.mayFollow(); err != nil {
		return event.ExitUsage, err
	}
	b.board.say(b.opening())
	b.dispatch(ctx)
	return b.finishUp(time.Since(begun))
}

// readList reads the list and checks every row, and what they do together.
func (b *batchRun) readList() ([]batch.Fault, error) {
	list, faults, err := b.rows()
	if err != nil {
		return nil, err
	}
	b.list = list
	bad := make(map[int]bool)
	for _, x := range faults {
		bad[x.Row] = true
	}
	var rows []batch.Row
	var uses []batch.Accounts
	var servers [][2]hosts.Server
	written := b.ownFiles()
	for _, row := range b.list.Rows {
		if bad[row.Number] {
			continue
		}
		p, masked, problems := b.parseRow(row)
		if p != nil && b.Hub == nil { // where workers write is their affair
			problems = written.take(p, fmt.Sprintf("row %d", row.Number))
		}
		for _, text := range problems {
			faults = append(faults, batch.Fault{Row: row.Number, Line: row.Line, Text: text})
		}
		if p == nil {
			continue
		}
		b.keys[row.Number] = batch.Key(masked)
		b.names[row.Number] = p.Accounts()
		b.rowsOf[row.Number] = row
		rows, uses = append(rows, row), append(uses, rowAccounts(p, masked))
		servers = append(servers, [2]hosts.Server{hosts.Of(&p.Host1), hosts.Of(&p.Host2)})
	}
	names := hosts.Same(context.Background(), servers)
	for i, row := range rows {
		b.accounts[row.Number] = [2]string{servers[i][0].String() + " " + uses[i].From, servers[i][1].String() + " " + uses[i].To}
		uses[i].From, uses[i].To = servers[i][0].In(names)+" "+uses[i].From, servers[i][1].In(names)+" "+uses[i].To
		b.jobs = append(b.jobs, batch.Job{Row: row, Accounts: uses[i], Hosts: [2]string{servers[i][0].String(), servers[i][1].String()}})
		for _, one := range servers[i] {
			b.servers[one.String()] = one
		}
	}
	faults = append(faults, batch.CheckAccounts(rows, uses)...)
	slices.SortStableFunc(faults, func(x, y batch.Fault) int { return x.Row - y.Row })
	return faults, nil
}

// listWords are what a list is read with.
var listWords = batch.Words{
	Column: func(name string) (batch.Column, bool) {
		option, isSwitch, negatable, ok := cli.Column(name)
		return batch.Column{Option: option, Switch: isSwitch, Negatable: negatable}, ok
	},
	Split: cli.SplitWords,
}

// rows reads the list as it is written.
func (b *batchRun) rows() (batch.List, []batch.Fault, error) {
	f, err := os.Open(b.File)
	if err != nil {
		return batch.List{}, nil, fmt.Errorf("the list %q cannot be read: %w. Give the file of accounts", b.File, errors.Unwrap(err))
	}
	defer f.Close() // only read
	list, faults, err := batch.Read(f, listWords)
	if err != nil {
		return batch.List{}, nil, fmt.Errorf("the list %q: %w", b.File, err)
	}
	return list, faults, nil
}

// rowAccounts is what a row reads and writes, but for the names of the servers. Users are
// compared without case, as most servers do: to run two rows after one another is no harm.
func rowAccounts(p *plan.Plan, masked []string) batch.Accounts {
	var whole []string
	for _, arg := range masked {
		option, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch strings.TrimRight(option, "12") {
		case "host", "user", "port", "password", "passfile", "secret", "token", "tokenfile":
		default:
			whole = append(whole, arg)
		}
	}
	d := &p.Deletion
	return batch.Accounts{
		From: strings.ToLower(p.Host1.User), To: strings.ToLower(p.Host2.User), Whole: strings.Join(whole, "\x00"),
		Deletes1: d.Delete1 || d.Expunge1 || p.Folders.Delete1EmptyFolders,
		Deletes2: d.Delete2 || d.Delete2Duplicates || p.Folders.Delete2Folders,
	}
}

// mostFaults is how many of the things that are wrong with a list are told.
const mostFaults = 500

// faulty tells everything that is wrong with the list.
func (b *batchRun) faulty(faults []batch.Fault) error {
	for i, f := range faults {
		if i == mostFaults {
			_, _ = fmt.Fprintf(b.stderr, "Error: ... and %d more\n", len(faults)-i)
			break
		}
		place := fmt.Sprintf("row %d (line %d): ", f.Row, f.Line)
		switch {
		case f.Line == 0:
			place = ""
		case f.Row == 0:
			place = fmt.Sprintf("line %d: ", f.Line)
		}
		_, _ = fmt.Fprintf(b.stderr, "Error: %s%s\n", place, display.Text(strings.TrimSuffix(f.Text, ".")))
	}
	return fmt.Errorf("%s: %d in the list. Nothing was connected. Correct the list and run it again", b.File, len(faults))
}

// choose leaves the rows that this call is about.
func (b *batchRun) choose() {
	b.keepShard()
	b.jobs = slices.DeleteFunc(b.jobs, func(j batch.Job) bool {
		n := j.Row.Number
		if b.Only != nil && !b.Only.MatchString(b.names[n]) || b.Rows != nil && !slices.ContainsFunc(b.Rows, func(r [2]int) bool { return n >= r[0] && n <= r[1] }) {
			if b.state != nil {
				if was, known := b.state.Get(b.keys[n]); known && was.Next != batch.StateDone {
					b.failedBefore = append(b.failedBefore, n)
				}
			}
			return true
		}
		res := &rowResult{number: n, line: j.Row.Line, account: b.names[n], code: -1}
		b.results[n] = res
		if b.state == nil || b.Fresh {
			return false
		}
		was, known := b.state.Get(b.keys[n])
		done := was.Next == batch.StateDone && was.Options == b.meaning(&j)
		if !known || was.Next == batch.StateDone && !done || was.Next == batch.StateUnfinished || was.Next == batch.StatePerson && b.RetryFailed {
			return false
		}
		res.code, res.state, res.before = was.Code, was.Next, true
		return true
	})
}

// meaning names what a row was run with beside its own options: those for all rows, and
// the accounts, which these may name.
func (b *batchRun) meaning(j *batch.Job) string {
	of := b.accounts[j.Row.Number]
	return batch.Key(append(slices.Clone(b.Meaning), of[0], of[1]))
}

// opening says what is about to be done.
func (b *batchRun) opening() string {
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
	s := fmt.Sprintf("%s: %d rows to run, %d at the same time", list, len(b.jobs), b.atOnce())
	if b.Plan.Follow.On {
		s = fmt.Sprintf("%s: %d rows to follow, %d passes at the same time, %s", list, len(b.jobs), b.atOnce(), b.Plan.Follow.Ends())
	}
	if done > 0 {
		s += fmt.Sprintf("; %d are finished (--fresh runs them again)", done)
	}
	if person > 0 {
		s += fmt.Sprintf("; %d failed before and wait for a person (--retryfailed tries them again)", person)
	}
	return s + "."
}

// finish asks all rows to end in good order.
func (b *batchRun) finish() { b.stopOnce.Do(func() { close(b.stop) }) }

// signalled tells what a signal does.
func (b *batchRun) signalled(e event.SignalReceived) {
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
