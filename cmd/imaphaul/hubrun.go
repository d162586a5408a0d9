package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/batchrun"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/hosts"
	"github.com/imaphaul/imaphaul/internal/hub"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/oauth"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/runner"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/signals"
)

// hubRunner runs rows of a hub in this process (hub.Runner, hub.Rates).
type hubRunner struct {
	*cli.Worker
	environ   []string
	secrets   namedSecrets
	out       string // the worker's own directory
	governors session.Governors
	policy    *signals.Policy
	say       func(string)

	mu      sync.Mutex
	running map[string]int // rows, by host
	told    map[string]bool
}

// plan makes the plan of a row. The error is a *hub.NotHereError when it is this worker
// that cannot run the row.
func (h *hubRunner) plan(r *hub.Row) (*plan.Plan, error) {
	row := cli.ReadHubRow(r.Args)
	if len(row.Problems) > 0 {
		return nil, errors.New(row.Problems[0])
	}
	parse := func(all, args []string) cli.BatchRow {
		return cli.ParseRow(cli.Input{
			Environ: h.environ, Now: time.Now(), Version: program.ShownVersion(), InDocker: program.InDocker(), FetchSecret: oauth.FetchSecret,
		}, cli.RowOptions{All: all}, args)
	}
	unknown := row.Args
	for i, name := range row.Secrets {
		if name != "" {
			unknown = append(slices.Clip(unknown), fmt.Sprintf("--password%d=%s", i+1, batchrun.UnknownSecret))
		}
	}
	first := parse(h.Args, unknown)
	if first.Plan == nil {
		return nil, errors.New(first.Problems[0])
	}
	all := slices.Clone(h.Args)
	for i, a := range []*plan.Account{&first.Plan.Host1, &first.Plan.Host2} {
		args, err := h.secrets.resolve(row.Secrets[i], strconv.Itoa(i+1), a)
		if err != nil {
			return nil, err
		}
		all = append(all, args...)
	}
	second := parse(all, row.Args)
	p := second.Plan
	if p == nil {
		return nil, &hub.NotHereError{Why: second.Problems[0]}
	}
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		if name := hosts.Of(a).String(); name != r.Hosts[i] {
			return nil, fmt.Errorf("the row counts connections of %q and uses %q", r.Hosts[i], name)
		}
	}
	p.CommandLine = append([]string{"worker", "[row " + r.ID + ":"}, append(second.Masked, "]")...)
	p.Output.PidFile, p.View = "", plan.View{Detail: plan.DetailQuiet}
	p.Output.Notes = slices.DeleteFunc(p.Output.Notes, func(n string) bool { return strings.HasPrefix(n, "Container found") })
	if !slices.ContainsFunc(h.Args, func(a string) bool { return strings.HasPrefix(a, "--logdir=") }) {
		p.Output.LogDir = filepath.Join(h.out, "log")
	}
	if p.Output.Log {
		p.Output.LogFile = strings.TrimSuffix(filepath.Base(runner.LogPath(p)), ".txt") + "_" + r.ID[:8] + ".txt"
	}
	mine := false
	p.Journal.Dir, p.Journal.Shared = filepath.Join(h.out, "journal"), &mine // the hub's lease is the one that counts
	return p, nil
}

// Reserve implements hub.Runner.
func (h *hubRunner) Reserve(r *hub.Row) (need hub.Need, done func(), err error) {
	p, err := h.plan(r)
	if err != nil {
		if mine := program.ShownVersion(); r.Version != "" && r.Version != mine && !errors.As(err, new(*hub.NotHereError)) {
			// Another version may know what this one does not.
			err = &hub.NotHereError{Why: fmt.Sprintf("version %s loaded them, and this worker, version %s, cannot run them: %v Run workers of that version", r.Version, mine, err)}
		}
		if not := new(hub.NotHereError); errors.As(err, &not) {
			h.tellOnce(fmt.Sprintf("Warning: rows are left to other workers: %s", display.Text(not.Why)))
		}
		return need, nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, host := range r.Hosts {
		if most := h.slots(host); most > 0 && h.running[host] >= most {
			return need, nil, &hub.NotHereError{Why: "the host bears no more of one address"}
		}
	}
	for _, host := range r.Hosts {
		h.running[host]++
	}
	n := max(p.Transfer.Connections, 1)
	return hub.Need{Connections: [2]int{n, n}, Locks: accountLocks(p)}, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, host := range r.Hosts {
			h.running[host]--
		}
	}, nil
}

// accountLocks name the accounts that a plan changes, by its own names of the servers.
func accountLocks(p *plan.Plan) []string {
	a := batchrun.AccountsOf(p, nil)
	locks := []string{hub.Digest("account", hosts.Of(&p.Host2).String()+" "+a.To)}
	if a.Deletes1 {
		locks = append(locks, hub.Digest("account", hosts.Of(&p.Host1).String()+" "+a.From))
	}
	return locks
}

// slots is how many rows of this machine may use a host at the same time, 0 for any
// number, as in a batch.
func (h *hubRunner) slots(name string) int {
	p, known := h.governors.Profile(splitHost(name))
	switch {
	case !known:
		return batchrun.UnknownSlots
	case p.PerAddress:
		return p.Connections
	}
	return 0
}

// splitHost takes the name of a server in a row apart; see server.String.
func splitHost(name string) (string, int) {
	host, port, err := net.SplitHostPort(name)
	if err != nil { // an IPv6 address without brackets
		i := strings.LastIndexByte(name, ':')
		if i < 0 {
			return name, 0
		}
		host, port = name[:i], name[i+1:]
	}
	n, _ := strconv.Atoi(port) // 0 is the usual one
	return host, n
}

func (h *hubRunner) tellOnce(text string) {
	h.mu.Lock()
	first := !h.told[text]
	h.told[text] = true
	h.mu.Unlock()
	if first {
		h.say(text)
	}
}

// Run implements hub.Runner.
func (h *hubRunner) Run(ctx context.Context, j *hub.Job, stop <-chan struct{}) hub.Outcome {
	p, err := h.plan(&j.Row)
	if err != nil {
		return hub.Outcome{NotBegun: err}
	}
	p.Transfer.Connections = max(min(p.Transfer.Connections, j.Connections[0], j.Connections[1]), 1)
	file := journal.File(p.Journal.Dir, planned.Journal(p))
	if err := j.Restore(ctx, file); err != nil {
		if !hub.IsGone(err) {
			return hub.Outcome{NotBegun: fmt.Errorf("its journal cannot be fetched: %w", hub.Reason(err))}
		}
		h.say(fmt.Sprintf("row %s: the copy of its journal is gone; everything is compared anew", j.Row.ID[:8]))
	}
	copies := &copier{job: j, dir: p.Journal.Dir, over: make(chan struct{}), say: h.say}
	q := runner.Quiet{Stop: stop, Policy: h.policy, Options: engine.Options{
		Governors: &h.governors, Lease: j.Hold.Lease, TakenOver: j.TakenOver, OnJournal: copies.begin,
	}}
	end := q.Run(ctx, p)
	copies.end()
	o := hub.Outcome{Code: end.Code}
	if s := end.Stats; s != nil {
		o.Messages, o.Bytes, o.Skipped, o.Errors = s.Transferred, s.BytesTransferred, s.Skipped, s.ErrorCount
		if s.Finished.ResumeIn > 0 {
			o.Resume = time.Now().Add(s.Finished.ResumeIn)
		}
	}
	if _, err := os.Stat(file); err == nil && p.Journal.Enabled {
		o.Journal = func(w io.Writer) error { return copyFile(w, file) }
	}
	return o
}

func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() // only read
	_, err = io.Copy(w, f)
	return err
}

// copier copies the journal of a run into the hub from time to time.
type copier struct {
	job  *hub.Job
	dir  string
	say  func(string)
	over chan struct{}
	work sync.WaitGroup
	last [sha256.Size]byte
}

// begin is told of the journal once it is open.
func (c *copier) begin(j *journal.Journal) {
	c.work.Go(func() {
		tick := time.NewTicker(c.job.Checkpoint())
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := c.copy(j); err != nil && !errors.Is(err, journal.ErrClosed) {
					c.say(fmt.Sprintf("row %s: no copy of its journal at present: %v", c.job.Row.ID[:8], hub.Reason(err)))
				}
			case <-c.over:
				return
			}
		}
	})
}

func (c *copier) end() {
	close(c.over)
	c.work.Wait()
}

// copy makes one copy: first into a file of this machine, since the journal cannot be
// closed while it is read, and the hub may be slow.
func (c *copier) copy(j *journal.Journal) error {
	f, err := os.CreateTemp(c.dir, ".copy-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	defer f.Close() // read back
	sum := sha256.New()
	if err := j.Copy(io.MultiWriter(f, sum)); err != nil {
		return err
	}
	now := [sha256.Size]byte(sum.Sum(nil))
	if now == c.last {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-c.over:
		case <-ctx.Done():
		}
		cancel()
	}()
	err = c.job.Save(ctx, func(w io.Writer) error { return copyFile(w, f.Name()) })
	switch {
	case ctx.Err() != nil:
		return nil // the whole one follows
	case err == nil:
		c.last = now
	}
	return err
}

// SetShare implements hub.Rates.
func (h *hubRunner) SetShare(host string, share float64) {
	name, port := splitHost(host)
	h.governors.SetShare(name, port, share)
}

// Rest implements hub.Rates.
func (h *hubRunner) Rest(host string, until time.Time) {
	name, port := splitHost(host)
	h.governors.Rest(name, port, until)
}

// Resting implements hub.Rates.
func (h *hubRunner) Resting(host string) time.Time {
	name, port := splitHost(host)
	return h.governors.Resting(name, port)
}
