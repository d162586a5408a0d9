package batchrun

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// onlyOf names what a plan does in place of copying, by its option ("dry", "justlogin"); ""
// for copying. What such a row comes to is never told as a migration.
func onlyOf(p *plan.Plan) string {
	switch {
	case p.Mode != plan.ModeSync:
		return string(p.Mode)
	case p.Dry:
		return "dry"
	}
	return ""
}

// insist are options behind those of a row: no row copies when the batch does not.
func (b *run) insist() (args []string) {
	if b.Plan.Dry {
		args = append(args, "--dry")
	}
	if strings.HasPrefix(string(b.Plan.Mode), "just") {
		args = append(args, "--"+string(b.Plan.Mode))
	}
	return args
}

// chosen reports whether a row is among those that --only and --rows name.
func (b *run) chosen(n int) bool {
	return (b.Only == nil || b.Only.MatchString(b.names[n])) &&
		(b.Rows == nil || slices.ContainsFunc(b.Rows, func(r [2]int) bool { return n >= r[0] && n <= r[1] }))
}

// checkChoice refuses a choice of rows that the list does not have.
func (b *run) checkChoice() error {
	last := 0
	for _, j := range b.jobs {
		last = max(last, j.Row.Number)
	}
	for _, r := range b.Rows {
		if r[0] > last {
			return fmt.Errorf("--rows: the list %q has no row %d. Its rows are 1 to %d; comments and the line of column names do not count", b.File, r[0], last)
		}
	}
	if !slices.ContainsFunc(b.jobs, func(j batch.Job) bool { return b.chosen(j.Row.Number) }) {
		return fmt.Errorf("--only, --rows: no row of the list %q is chosen. --only is held against user1@host1 -> user2@host2", b.File)
	}
	return nil
}

// unbegun is the result of a row that has not run.
func (b *run) unbegun(n int) *rowResult {
	return &rowResult{number: n, line: b.rowsOf[n].Line, account: b.names[n], code: batch.NotBegun}
}

// open marks the rows that --fresh runs again as unfinished, so that what this call does
// not come to is not taken for finished, and writes the files of results as they are now:
// none of an earlier call is left when this one is killed. It fails when they cannot be
// written, before anything is done: before the first login too, as a call that ends there
// has not run these rows either, and the next one goes on without --fresh.
func (b *run) open() error {
	if b.state != nil { // no other call is at work
		for _, f := range b.resultFiles() {
			cleanUp(f)
		}
	}
	if b.state != nil && b.Fresh {
		again := make(map[string]batch.Record, len(b.jobs))
		for _, j := range b.jobs {
			n := j.Row.Number
			again[b.keys[n]] = batch.Record{Code: batch.NotBegun, Next: batch.StateUnfinished, Account: b.names[n]}
			delete(b.earlier, n)
		}
		if err := b.state.PutAll(again); err != nil {
			return err
		}
	}
	return b.writeOpening()
}

// writeOpening writes the files of results before anything is copied.
func (b *run) writeOpening() error {
	if _, err := b.writeResults(); err != nil {
		return fmt.Errorf("%w. Nothing was begun. Make room, or name another directory with --out", err)
	}
	return nil
}

// all are the rows of the list, or of its part, as they are told: what this call made of
// them, or else what the state knew of them before.
func (b *run) all() []*rowResult {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := make([]*rowResult, 0, len(b.part))
	for _, n := range b.part {
		r := b.results[n]
		// Without a state it has not run; a login that was only tried first says nothing.
		if r == nil || r.state == "" && r.code <= event.ExitOK {
			if r = b.earlier[n]; r == nil {
				r = b.unbegun(n)
			}
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(x, y *rowResult) int { return x.number - y.number })
	return rows
}

// figures are what the state keeps of a result.
func (r *rowResult) figures() batch.Figures {
	return batch.Figures{
		Messages: r.messages, Bytes: r.bytes, Skipped: r.skipped, Failed: r.failed, Deleted: r.deleted, Errors: r.errors, Warnings: r.warnings,
		Took: r.took, Log: r.log, Why: r.why, Warn: r.warn, Doubt: r.doubt, Only: r.only,
	}
}

// recall fills in what the state knows of a row.
func (r *rowResult) recall(was batch.Record) *rowResult {
	f := &was.Figures
	r.code, r.tries, r.state, r.before = was.Code, was.Tries, was.Next, true
	r.messages, r.bytes, r.skipped, r.failed, r.deleted, r.errors, r.warnings = f.Messages, f.Bytes, f.Skipped, f.Failed, f.Deleted, f.Errors, f.Warnings
	r.took, r.log, r.why, r.warn, r.doubt, r.only = f.Took, f.Log, f.Why, f.Warn, f.Doubt, f.Only
	return r
}

// mostWarnText is how much of the warnings of a row is told.
const mostWarnText = 1000

// judge takes from the figures of a run what its exit code does not tell.
func (r *rowResult) judge(s *event.Stats, p *plan.Plan) {
	r.only = onlyOf(p)
	texts := s.WarningTexts
	if r.only == "" && r.code == event.ExitOK {
		if why := doubts(s); why != "" {
			r.doubt, texts = true, slices.Concat([]string{why}, texts)
		}
	}
	r.warn = live.Cut(strings.Join(texts, "; "), mostWarnText)
}

// doubts says why the verdict of a run without errors is not that all is on host2 (as
// [event.Stats.Good]), "" when it is.
func doubts(s *event.Stats) string {
	if s.Good() {
		return ""
	}
	switch {
	case !s.Complete():
		return fmt.Sprintf("%d of %d folders were gone through", s.FoldersSynced, s.FoldersWanted)
	case s.OnlyOn1 > 0:
		return fmt.Sprintf("messages of host1 that are not on host2: %d", s.OnlyOn1)
	case s.Lost > 0:
		return fmt.Sprintf("messages that host2 had and has no more: %d", s.Lost)
	case s.Doubtful > 0:
		return fmt.Sprintf("messages that host2 has with another content: %d", s.Doubtful)
	case s.Short > 0:
		return fmt.Sprintf("messages of which host1 gives less than it says they have: %d", s.Short)
	case len(s.LeftOut) > 0:
		return fmt.Sprintf("folders that were left out with their mail: %d", len(s.LeftOut))
	case s.Unlisted:
		return "a server did not list all its folders"
	}
	return "host2 does not have everything that it confirmed"
}
