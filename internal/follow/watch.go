package follow

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/session"
)

// How host1 is watched.
const (
	howNotify = "notify"
	howIdle   = "idle"
	howRounds = "rounds"
)

const (
	// renew is after how long IDLE is begun anew: servers end it after 30 minutes
	// (RFC 2177), some after ten, and what forgets silent connections does so after
	// five.
	renew = 4*time.Minute + 30*time.Second
	// slice is how often host2 is looked after while host1 is listened to.
	slice = time.Minute
	// gather is how long more is waited for when something came: news comes in several
	// lines.
	gather = 100 * time.Millisecond
	// soon is an end of IDLE by the server that counts against it; so many in a row, and
	// it is done without.
	soon     = 5 * time.Second
	soonMost = 3
	// confirm is after how long the counts are asked for once more where host1 tells of
	// changes: Dovecot 2.3.19 misses what comes in the moment in which it begins to
	// listen itself. seldom is how many rounds then lie between two of them.
	confirm = time.Second
	seldom  = 4
	// settle is how often everything is looked at where the counts tell of all changes:
	// nothing is known to be missed, and a pass over what did not change costs little.
	settle = time.Hour
)

// later is d and up to a quarter more: accounts that were begun or lost together do not go
// on asking together, and none asks more often than it may.
func later(d time.Duration) time.Duration {
	return d + rand.N(d/4+1) //nolint:gosec // jitter
}

// watcher waits on host1's connection for what makes a pass worth it.
type watcher struct {
	src, dst *session.Link
	rounds   provider.Rounds
	say      func(how string, again bool) // a wait begins, or goes on
	beat     time.Duration                // how often the latter is said

	before   *counts // host1's, before the last pass
	noNotify bool    // refused, on any connection
	noIdle   bool
	soons    int
}

// Reasons for a pass, for people.
const (
	whyNotify  = "host1 told of a change"
	whyIdle    = "host1 told of a change in INBOX"
	whyCounts  = "host1's counts have changed"
	whyFlags   = "time to look at all flags"
	whySettled = "time to look at everything"
	whyClosing = "what came during the pass before"
)

// wait waits until a pass is worth it, and says why; until then, for at most d, or
// until wake ends, when it returns "". An error means that a server cannot be asked.
func (w *watcher) wait(ctx, wake context.Context, d time.Duration) (string, error) { //nolint:revive // the second only wakes
	until := time.Now().Add(d)
	lost := 0
	for {
		why, err := w.listen(ctx, wake, until)
		if err == nil || !session.IsConnError(err) || ctx.Err() != nil || errors.As(err, new(*session.EntryError)) {
			return why, err
		}
		// The line is gone. It is opened again after a pause that differs from those of
		// others whom the same failure hit.
		lost++
		if !rest(ctx, wake, min(session.BackOff(lost), time.Until(until))) || !time.Now().Before(until) {
			return "", ctx.Err()
		}
	}
}

// rest sleeps, and reports whether nobody woke it.
func rest(ctx, wake context.Context, d time.Duration) bool { //nolint:revive // as wait
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-wake.Done():
	case <-ctx.Done():
	}
	return false
}

// listen is wait on one connection.
func (w *watcher) listen(ctx, wake context.Context, until time.Time) (string, error) { //nolint:revive // as wait
	w.dst.Rest(ctx)
	w.src.Rest(ctx) // what it takes for commands is little and taken when it is needed
	if err := w.src.Patient(ctx); err != nil {
		return "", err
	}
	how, err := w.prepare(ctx)
	if err != nil {
		return "", err
	}
	defer w.quiet()
	why, err := w.compare(ctx)
	if why != "" || err != nil {
		return why, errors.Join(err, w.end(ctx, how))
	}
	w.say(how, false)
	w.src.Conn.Rest()
	flags, flagsWhy := settle, whySettled
	if !w.before.flags {
		flags, flagsWhy = w.rounds.Flags, whyFlags
	}
	all := time.Now().Add(later(flags))
	beat := time.Now().Add(w.beat)
	every, round := w.rounds.Counts, time.Now().Add(later(w.rounds.Counts))
	if how == howNotify {
		every *= seldom
		round = time.Now().Add(later(confirm))
	}
	for {
		now := time.Now()
		switch {
		case wake.Err() != nil || !now.Before(until):
			return "", w.end(ctx, how)
		case !now.Before(all):
			return flagsWhy, w.end(ctx, how)
		case !now.Before(beat):
			w.say(how, true)
			beat = now.Add(w.beat)
		}
		if how == howIdle && w.noIdle {
			how = howRounds
			w.say(how, false)
		}
		news, err := w.hear(ctx, wake, how, time.Until(earliest(until, all, beat, round)))
		switch {
		case err != nil:
			return "", err
		case news.Any() && !news.Ended:
			if why, err := w.told(ctx, how); why != "" || err != nil {
				return why, err
			}
			w.src.Conn.Rest()
		case !time.Now().Before(round):
			if why, err := w.compare(ctx); why != "" || err != nil {
				return why, errors.Join(err, w.end(ctx, how))
			}
			w.src.Conn.Rest()
			round = time.Now().Add(later(every))
		}
		w.dst.KeepAlive(ctx)
	}
}

// earliest is the first of some moments.
func earliest(first time.Time, more ...time.Time) time.Time {
	for _, t := range more {
		if t.Before(first) {
			first = t
		}
	}
	return first
}

// prepare has host1 tell by itself what it can, and says how.
func (w *watcher) prepare(ctx context.Context) (how string, err error) {
	k := w.src
	c, err := k.Alive(ctx)
	if err != nil {
		return "", err
	}
	if c.Compressed() {
		return howRounds, nil // opened again with DEFLATE: nothing can be listened to
	}
	if c.Has(imap.CapNotify) && c.Has(imap.CapUnselect) && !w.noNotify {
		if c.Mailbox() != nil {
			if err := c.Unselect(ctx); err != nil && session.IsConnError(err) {
				return "", err
			}
		}
		err := c.Notify(ctx)
		switch {
		case err == nil:
			c.Hear()
			return howNotify, nil
		case session.IsConnError(err):
			return "", err
		}
		w.noNotify = true
	}
	if c.Has(imap.CapIdle) && !w.noIdle {
		_, err := k.Open(ctx, "INBOX", false)
		switch {
		case err == nil:
			k.Conn.Hear()
			return howIdle, nil
		case session.IsConnError(err):
			return "", err
		}
		w.noIdle = true
	}
	return howRounds, nil
}

// compare asks host1 for its counts, and says why a pass is worth it, "" when it is
// not.
func (w *watcher) compare(ctx context.Context) (string, error) {
	now, err := look(ctx, w.src)
	if err != nil {
		return "", err
	}
	before := w.before
	w.before = &now
	switch {
	case before == nil:
		return whyClosing, nil
	case *before != now:
		return whyCounts, nil
	}
	return "", nil
}

// told looks at what host1 told of. Where the counts tell of all changes and are as
// before, it was no news: servers repeat themselves. The counts are taken before the
// pass, so that what comes while it goes on is seen afterwards.
func (w *watcher) told(ctx context.Context, how string) (string, error) {
	why, err := w.compare(ctx)
	switch {
	case err != nil || why == "" && w.before.flags:
		return "", err
	case how == howNotify:
		return whyNotify, w.end(ctx, how)
	}
	return whyIdle, nil
}

// end has host1 tell nothing by itself any more.
func (w *watcher) end(ctx context.Context, how string) error {
	if how != howNotify {
		return nil
	}
	err := w.src.Conn.NotifyNone(ctx)
	if session.IsRefusal(err) {
		err = nil
	}
	return err
}

// quiet makes the connection fit for a pass.
func (w *watcher) quiet() {
	if c := w.src.Conn; c != nil {
		c.Unhear()
	}
	w.src.Forget()
}

// hear waits for news for at most d. On a server that tells nothing it only waits.
func (w *watcher) hear(ctx, wake context.Context, how string, d time.Duration) (imapconn.News, error) { //nolint:revive // as wait
	if how == howRounds {
		for end := time.Now().Add(d); ; {
			if !rest(ctx, wake, min(time.Until(end), slice)) || !time.Now().Before(end) {
				return imapconn.News{}, ctx.Err()
			}
			w.dst.KeepAlive(ctx)
			w.src.KeepAlive(ctx)
		}
	}
	c := w.src.Conn
	if !c.Has(imap.CapIdle) || w.noIdle {
		// NOTIFY works without IDLE.
		n, err := w.slices(ctx, wake, d, c.Listen)
		if err == nil && !n.Any() {
			err = c.Noop(ctx)
		}
		return n, err
	}
	began := time.Now()
	idle, err := c.Idle(ctx)
	if session.IsRefusal(err) {
		w.noIdle = true
		return imapconn.News{}, nil
	}
	if err != nil {
		return imapconn.News{}, err
	}
	n, err := w.slices(ctx, wake, min(d, renew-rand.N(renew/4)), idle.Wait) //nolint:gosec // jitter
	if err != nil {
		return n, err
	}
	if n.Any() && !n.Ended {
		if _, err := idle.Wait(ctx, wake, gather); err != nil {
			return n, err
		}
	}
	w.soons++
	if !n.Ended || time.Since(began) > soon {
		w.soons = 0
	} else if w.soons >= soonMost {
		w.noIdle = true
	}
	more, err := idle.Done(ctx)
	n.Selected, n.Elsewhere, n.Names = n.Selected || more.Selected, n.Elsewhere || more.Elsewhere, n.Names || more.Names
	return n, err
}

// slices waits for at most d, and looks after host2 meanwhile.
func (w *watcher) slices(ctx, wake context.Context, d time.Duration, wait func(run, ctx context.Context, d time.Duration) (imapconn.News, error)) (imapconn.News, error) { //nolint:revive // as wait
	for end := time.Now().Add(d); ; {
		n, err := wait(ctx, wake, min(time.Until(end), slice))
		if err != nil || n.Any() || wake.Err() != nil || !time.Now().Before(end) {
			return n, err
		}
		w.dst.KeepAlive(ctx)
	}
}
