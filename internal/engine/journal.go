package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/lease"
	"github.com/imaphaul/imaphaul/internal/planned"
)

// The run's memory is the journal. It only ever saves work: what it knows of a
// message is its key, so that headers need not be read again, and never whether
// it is still there, which the servers are asked each time.

// openJournal opens the journal of this pair of accounts.
func (r *run) openJournal(ctx context.Context) error {
	r.j = journal.None()
	p := &r.p.Journal
	if !p.Enabled {
		return nil
	}
	if r.headersChosen() {
		r.note("All headers are read, whatever the journal knows of them, since --useheader and --skipheader ask for a check of all of them")
	}
	dir, err := r.journalDir()
	if err != nil {
		r.warn(fmt.Sprintf("no journal is kept: %v; name a place with --cachedir", err))
		return nil
	}
	o := journal.Options{}
	if r.p.Dry || r.p.Folders.PrintMap != "" {
		o.Mode = journal.DryRun
	}
	if r.fence.on {
		o.Fence = &r.fence.leases
	}
	if r.sharesJournal() {
		o.SharedTTL = r.sharedTTL()
	}
	j, err := journal.Open(ctx, dir, r.journalPair(), o)
	var locked *journal.LockedError
	switch {
	case errors.As(err, &locked):
		return &lockedError{locked}
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.warn(fmt.Sprintf("no journal is kept: %v; choose another directory with --cachedir, or use --nousecache", err))
		return nil
	}
	r.fence.leases.Add(j.Lease())
	r.j, r.jNew = j, j.Created() || len(j.Folders()) == 0
	if d := j.Damage(); d != nil {
		r.warn(d.String())
	}
	if r.o.OnJournal != nil && o.Mode == journal.ReadWrite {
		r.o.OnJournal(j)
	}
	r.note(fmt.Sprintf("Journal file is %s ( to change its directory, use --cachedir path ; or use --nousecache for none )", j.Path()))
	return nil
}

// journalDir is where the journal lives.
func (r *run) journalDir() (string, error) {
	if dir := r.p.Journal.Dir; dir != "" {
		return dir, nil
	}
	return journal.DefaultDir()
}

// lockedError ends a run whose journal another process holds, with imapsync's
// exit code for a locked pid file.
type lockedError struct{ err *journal.LockedError }

func (e *lockedError) Error() string {
	return fmt.Sprintf("another run of the same two accounts is at work: %v", e.err)
}

func (e *lockedError) Unwrap() error { return e.err }

// ExitCode is the code the process ends with.
func (e *lockedError) ExitCode() int { return event.ExitPidFile }

// journalPair is what the journal belongs to: the accounts, and, when it is not
// the usual one, the way in which messages are identified, since keys made in
// different ways can not be compared.
func (r *run) journalPair() journal.Pair { return planned.Journal(r.p) }

// headersChosen reports whether the user said by which headers messages are
// identified: then all headers are read, and the journal only tells what is whose.
func (r *run) headersChosen() bool {
	return r.p.Identity.HeadersGiven || r.p.Identity.SkipHeader != nil
}

// Journal implements memory.
func (r *run) Journal() *journal.Journal { return r.j }

// JournalFailed implements memory.
func (r *run) JournalFailed(err error) { r.journalFailed(err) }

// journalFailed is told when the journal can not be written: the run goes on
// without it, since everything in it can be found out again.
func (r *run) journalFailed(err error) {
	if err == nil || r.jBroken {
		return
	}
	r.jBroken = true
	if errors.Is(err, lease.ErrOver) {
		return // which ends the run
	}
	r.warn(fmt.Sprintf("the journal can not be written any more, so the next run will look at everything again: %v", err))
	_ = r.j.Close() // it is broken already
	r.j = journal.None()
}
