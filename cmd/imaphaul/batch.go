package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/oauth"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/session"
)

// batchRun is one call of "imaphaul batch".
type batchRun struct {
	*cli.Batch
	environ        []string
	stdout, stderr io.Writer

	list   batch.List
	jobs   []batch.Job
	keys   map[int]string // of the state, by row
	names  map[int]string // "a@h1 -> b@h2", by row
	rowsOf map[int]batch.Row
	state  *batch.State // nil in a dry run

	governors session.Governors
	policy    *signalPolicy
	stop      chan struct{}
	stopOnce  sync.Once
	board     *board
	json      *sharedLines // nil for none
	counts    *counters    // nil for none

	page *pageOf // of --report, nil for none
	told bool    // it is written

	hooks sync.WaitGroup

	mu      sync.Mutex
	results map[int]*rowResult
	lost    error // why the state cannot be written
}

// runBatch carries out a batch.
func runBatch(x *cli.Batch, environ []string, stdout, stderr io.Writer) (code int, sig os.Signal) {
	b := &batchRun{
		Batch: x, environ: environ, stdout: stdout, stderr: stderr,
		keys: make(map[int]string), names: make(map[int]string), rowsOf: make(map[int]batch.Row),
		stop: make(chan struct{}), results: make(map[int]*rowResult),
	}
	code, err := b.run()
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: %v\n", err)
	}
	if b.policy != nil {
		if name := b.policy.ended(); name != "" && code == event.ExitBySignal {
			return code, signalsByName[name]
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
	p := b.Plan
	pid, notes, err := takePidFile(p, "")
	if err != nil {
		return event.ExitPidFile, err
	}
	defer pid.release()
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
	if b.page, err = beginPage(p); err != nil {
		return event.ExitNoFile, err
	}
	defer func() {
		if !b.told {
			b.page.abort() // it ended before there was something to tell
		}
	}()
	if b.json, err = openShared(p.View.JSON, b.stdout); err != nil {
		return event.ExitNoFile, err
	}
	// Nobody could read what was done: that is no success.
	lost := func(closing error) {
		if closing != nil && code == event.ExitOK {
			code, err = event.ExitCatchAll, closing
		}
	}
	defer func() { lost(b.json.close()) }()
	if b.counts, err = openMetrics(p.View.Metrics); err != nil {
		return event.ExitUnavailable, err
	}
	defer b.counts.close()
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
	b.policy = &signalPolicy{run: p.Run, finish: b.finish, now: cancel, emit: b.signalled}
	force := &runner{pid: pid, p: p}
	b.policy.force = force.force
	listen := &runner{policy: b.policy}
	defer listen.listen()()
	begun := time.Now()
	b.choose()
	defer b.board.watch(b)()
	if b.LoginsFirst || b.Order != cli.OrderFile {
		if code := b.prepare(ctx); code != event.ExitOK {
			return code, nil
		}
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
	for _, row := range b.list.Rows {
		if bad[row.Number] {
			continue
		}
		p, masked, problems := b.parseRow(row)
		for _, text := range problems {
			faults = append(faults, batch.Fault{Row: row.Number, Line: row.Line, Text: text})
		}
		if p == nil {
			continue
		}
		b.keys[row.Number] = batch.Key(masked)
		b.names[row.Number] = accounts(p)
		b.rowsOf[row.Number] = row
		a := rowAccounts(p, masked)
		rows, uses = append(rows, row), append(uses, a)
		b.jobs = append(b.jobs, batch.Job{Row: row, Accounts: a, Hosts: [2]string{hostKey(&p.Host1), hostKey(&p.Host2)}})
	}
	faults = append(faults, batch.CheckAccounts(rows, uses)...)
	slices.SortStableFunc(faults, func(x, y batch.Fault) int { return x.Row - y.Row })
	return faults, nil
}

// rows reads the list as it is written.
func (b *batchRun) rows() (batch.List, []batch.Fault, error) {
	f, err := os.Open(b.File)
	if err != nil {
		return batch.List{}, nil, fmt.Errorf("the list %q cannot be read: %w. Give the file of accounts", b.File, errors.Unwrap(err))
	}
	defer f.Close() // only read
	list, faults, err := batch.Read(f, batch.Words{
		Column: func(name string) (batch.Column, bool) {
			option, isSwitch, negatable, ok := cli.Column(name)
			return batch.Column{Option: option, Switch: isSwitch, Negatable: negatable}, ok
		},
		Split: cli.SplitWords,
	})
	if err != nil {
		return batch.List{}, nil, fmt.Errorf("the list %q: %w", b.File, err)
	}
	return list, faults, nil
}

// parseRow makes a row's plan anew: passwords and tokens are as they are now.
func (b *batchRun) parseRow(row batch.Row) (*plan.Plan, []string, []string) {
	var notes []string
	p, masked, problems := cli.ParseRow(cli.Input{
		Environ: b.environ, Now: time.Now(), Version: shownVersion(), InDocker: inDocker(), ExtraFile: "options_extra.txt",
		FetchSecret: fetchSecret, FindLogin: oauth.Find,
		ReadMap: func(r io.Reader) (pairs []plan.MapPair, err error) {
			pairs, notes, err = readMap(r)
			return pairs, err
		},
	}, cli.RowOptions{All: b.Args, AllowCommands: b.AllowRowCommands}, row.Args)
	if p == nil {
		return nil, masked, problems
	}
	for _, n := range notes {
		p.Output.Notes = append(p.Output.Notes, "Note: --mapfile "+p.Folders.MapFile+" "+n+".")
	}
	p.CommandLine = append(slices.Clone(b.Plan.CommandLine), append([]string{fmt.Sprintf("[row %d:", row.Number)}, append(masked, "]")...)...)
	p.Output.PidFile, p.View = "", plan.View{Detail: plan.DetailQuiet}
	p.Output.Notes = slices.DeleteFunc(p.Output.Notes, func(n string) bool { return strings.HasPrefix(n, "Container found") })
	number := fmt.Sprintf("row%d", row.Number)
	if b.Out != "" && !slices.ContainsFunc(b.Args, func(a string) bool { return strings.HasPrefix(a, "--logdir=") }) {
		p.Output.LogDir = filepath.Join(b.Out, "log")
	}
	if p.Output.LogFile == "" && p.Output.Log {
		// Two rows of the same users may begin in the same millisecond.
		name := logPath(p)
		p.Output.LogFile = strings.TrimSuffix(filepath.Base(name), ".txt") + "_" + number + ".txt"
	}
	for _, file := range []*string{&p.Transfer.SkippedFile, &p.Proof.Manifest} {
		if *file != "" && !slices.ContainsFunc(row.Args, func(a string) bool { return strings.Contains(a, *file) }) {
			ext := filepath.Ext(*file)
			*file = strings.TrimSuffix(*file, ext) + "." + number + ext
		}
	}
	return p, masked, nil
}

// hostKey names a server, by which its connections are counted.
func hostKey(a *plan.Account) string { return strings.ToLower(a.Host) }

// rowAccounts is what a row reads and writes. Users are compared without case, as
// most servers do: to run two rows after one another is no harm.
func rowAccounts(p *plan.Plan, masked []string) batch.Accounts {
	name := func(a *plan.Account) string {
		return strings.ToLower(fmt.Sprintf("%s@%s:%d", a.User, a.Host, a.Port))
	}
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
		From: name(&p.Host1), To: name(&p.Host2), Whole: strings.Join(whole, "\x00"),
		Deletes1: d.Delete1 || d.Expunge1 || p.Folders.Delete1EmptyFolders,
		Deletes2: d.Delete2 || d.Delete2Duplicates || p.Folders.Delete2Folders,
	}
}

// faulty tells everything that is wrong with the list.
func (b *batchRun) faulty(faults []batch.Fault) error {
	for _, f := range faults {
		place := fmt.Sprintf("row %d (line %d): ", f.Row, f.Line)
		switch {
		case f.Line == 0:
			place = ""
		case f.Row == 0:
			place = fmt.Sprintf("line %d: ", f.Line)
		}
		_, _ = fmt.Fprintf(b.stderr, "Error: %s%s\n", place, strings.TrimSuffix(f.Text, "."))
	}
	return fmt.Errorf("%s: %d in the list. Nothing was connected. Correct the list and run it again", b.File, len(faults))
}

// choose leaves the rows that this call is about.
func (b *batchRun) choose() {
	b.keepShard()
	b.jobs = slices.DeleteFunc(b.jobs, func(j batch.Job) bool {
		n := j.Row.Number
		if b.Only != nil && !b.Only.MatchString(b.names[n]) {
			return true
		}
		if b.Rows != nil && !slices.ContainsFunc(b.Rows, func(r [2]int) bool { return n >= r[0] && n <= r[1] }) {
			return true
		}
		res := &rowResult{number: n, line: j.Row.Line, account: b.names[n], code: -1}
		b.results[n] = res
		if b.state == nil || b.Fresh {
			return false
		}
		was, known := b.state.Get(b.keys[n])
		done := was.Next == batch.StateDone && was.Options == batch.Key(b.Meaning)
		if !known || was.Next == batch.StateDone && !done || was.Next == batch.StateUnfinished || was.Next == batch.StatePerson && b.RetryFailed {
			return false
		}
		res.code, res.state, res.before = was.Code, was.Next, true
		return true
	})
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
	case e.What == "print" && asksStatus(e.Signal):
		for _, line := range b.board.page() {
			b.board.say(line)
		}
	}
}
