package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
)

// The run's memory is the journal. It only ever saves work: what it knows of a
// message is its key, so that headers need not be read again, and never whether
// it is still there, which the servers are asked each time.

// openJournal opens the journal of this pair of accounts.
func (r *run) openJournal(ctx context.Context) error {
	r.j = journal.None()
	p := &r.p.Journal
	switch {
	case !p.Enabled:
		return nil
	case r.p.Identity.HeadersGiven || r.p.Identity.SkipHeader != nil:
		r.note("The journal is not used, since --useheader and --skipheader ask for a check of all headers")
		return nil
	}
	dir := p.Dir
	if dir == "" {
		var err error
		if dir, err = journal.DefaultDir(); err != nil {
			r.warn(fmt.Sprintf("no journal is kept: %v; name a place with --cachedir", err))
			return nil
		}
	}
	o := journal.Options{}
	if r.p.Dry || r.p.Folders.PrintMap != "" {
		o.Mode = journal.DryRun
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
	r.j = j
	if d := j.Damage(); d != nil {
		r.warn(d.String())
	}
	r.note(fmt.Sprintf("Journal file is %s ( to change its directory, use --cachedir path ; or use --nousecache for none )", j.Path()))
	return nil
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
func (r *run) journalPair() journal.Pair {
	a, b := &r.p.Host1, &r.p.Host2
	pair := journal.Pair{
		Host1: strings.ToLower(a.Host), User1: a.User, Port1: a.Port,
		Host2: strings.ToLower(b.Host), User2: b.User, Port2: b.Port,
	}
	id := &r.p.Identity
	if len(id.Headers) > 0 || id.MessageIDNoDomain || id.SizeInKey || id.AddHeader || id.SyncDuplicates {
		way := fmt.Sprintf("%q %v %v %v %v", id.Headers, id.MessageIDNoDomain, id.SizeInKey, id.AddHeader, id.SyncDuplicates)
		sum := sha256.Sum256([]byte(way))
		pair.Way = fmt.Sprintf("%x", sum[:6])
	}
	return pair
}

// journalFailed is told when the journal can not be written: the run goes on
// without it, since everything in it can be found out again.
func (r *run) journalFailed(err error) {
	if err == nil || r.jBroken {
		return
	}
	r.jBroken = true
	r.warn(fmt.Sprintf("the journal can not be written any more, so the next run will look at everything again: %v", err))
	_ = r.j.Close() // it is broken already
	r.j = journal.None()
}
