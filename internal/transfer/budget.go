package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/pace"
	"github.com/imaphaul/imaphaul/internal/session"
)

// The limits a day are kept where a body is asked for: before its bytes leave the
// source server, and for both directions at once, since what was not asked for is
// not sent on either. Those a second are in package session.

// days are the limits of bytes a day of a run.
type days struct {
	// of are the limits by side.
	of [3]*pace.Day
	// mu guards counted, what the journal knows of what went.
	mu      sync.Mutex
	counted [3]int64
	// room is held from the look at what is left to the note that some of it is taken:
	// several connection pairs ask.
	room sync.Mutex
	// again is the moment to wait for, of a limit a day that left no room; set by
	// the source half of a round, read behind it.
	again time.Time
	// toldReadBack: it was told that no more is read from host2 today.
	toldReadBack bool
	// resumeIn is after how long a limit a day leaves room, when it ended the run.
	resumeIn atomic.Int64
}

// traffic is one account's bytes by hour, as pace wants them.
type traffic struct {
	r    *Copier
	side event.Side
}

// Bytes is what was moved in the hours from..to, this run's last bytes included, and what
// other runs of the process moved for the same account.
func (t traffic) Bytes(from, to time.Time) int64 {
	t.r.CountTraffic()
	sum := t.r.Memory.Journal().Bytes(journal.Side(t.side), from, to)
	if g := t.r.governor(t.side); g != nil {
		sum += g.MovedBeside(t.r.journalName(), from, to)
	}
	return sum
}

// governor is that of a side's account, nil before there is one.
func (r *Copier) governor(n event.Side) *session.Governor {
	switch {
	case n == 1 && r.src != nil:
		return r.src.Governor
	case n == 2 && r.dst != nil:
		return r.dst.Governor
	}
	return nil
}

// journalName tells what this run's journal has from what others have.
func (r *Copier) journalName() string {
	if path := r.Memory.Journal().Path(); path != "" {
		return path
	}
	return fmt.Sprintf("%p", r)
}

// BeginDays makes the limits of bytes a day; they live in the journal.
func (r *Copier) BeginDays() {
	for n, limit := range map[event.Side]int64{1: r.Plan.Limits.MaxBytesPerDay1, 2: r.Plan.Limits.MaxBytesPerDay2} {
		if limit > 0 {
			r.days.of[n] = &pace.Day{Limit: limit, Traffic: traffic{r, n}}
		}
	}
	if (r.days.of[1] != nil || r.days.of[2] != nil) && r.Memory.Journal().Path() == "" {
		r.Control.Warn("--maxbytesperday1 and --maxbytesperday2 count this run alone, since no journal is kept")
	}
}

// ResumeIn is after how long a limit a day leaves room, when it ended the run.
func (r *Copier) ResumeIn() time.Duration { return time.Duration(r.days.resumeIn.Load()) }

// Day is the limit of bytes a day of a side, nil for none.
func (r *Copier) Day(n event.Side) *pace.Day { return r.days.of[n] }

// release gives back what mayTransfer counted for a message, when its fate is
// known; sent tells whether host2 has it.
func (r *Copier) release(t *Message, sent bool) {
	if !t.charged {
		return
	}
	t.charged = false
	r.charges.Add(-1)
	r.decided.Add(t.Size())
	if !sent {
		r.lost.Add(t.Size())
	}
}

// CountTraffic tells the journal what went over the lines since the last time.
func (r *Copier) CountTraffic() {
	d := &r.days
	d.mu.Lock()
	defer d.mu.Unlock()
	now := r.Limits.Clock().Now()
	for n := range d.counted {
		went := r.Limits.Went(event.Side(n))
		r.Memory.Journal().AddBytes(journal.Side(n), now, went-d.counted[n])
		if g := r.governor(event.Side(n)); g != nil {
			g.Moved(r.journalName(), now, went-d.counted[n])
		}
		d.counted[n] = went
	}
}

// mayTransfer reports whether a message of size bytes may still be asked for under
// --exitwhenover and the limits a day. As in imapsync, the message that crosses the line
// of --exitwhenover is the last one copied; a day's limit is never crossed. busy says
// that others were asked for in this round, or that other connection pairs are at work:
// their fate decides how much room there is, so nothing is waited for before it ends.
func (r *Copier) mayTransfer(size int64, busy bool) bool {
	r.days.room.Lock()
	defer r.days.room.Unlock()
	if limit := r.Plan.Limits.ExitWhenOver; limit != nil && r.asked.Load()-r.lost.Load() >= *limit {
		r.Control.StopFor(event.StopOver)
		return false
	}
	if !r.opens().IsZero() {
		return false
	}
	for n := event.Side(1); n <= 2; n++ {
		if d := r.days.of[n]; d != nil && !r.mayToday(n, d, size, busy) {
			return false
		}
	}
	r.asked.Add(size)
	r.charges.Add(1)
	return true
}

// mayAgain reports whether the limits a day leave room for what was asked for and is still
// to be stored: a message that is sent once more is counted by mayTransfer, and its bytes
// go over the lines again. busy as there.
func (r *Copier) mayAgain(busy bool) bool {
	for n := event.Side(1); n <= 2; n++ {
		if d := r.days.of[n]; d != nil && !r.mayToday(n, d, 0, busy) {
			return false
		}
	}
	return true
}

// WouldBeOver is what mayTransfer says of --exitwhenover in a run that asks for nothing.
func (r *Copier) WouldBeOver(size int64) bool {
	if limit := r.Plan.Limits.ExitWhenOver; limit != nil && r.asked.Load() >= *limit {
		r.Control.StopFor(event.StopOver)
		return true
	}
	r.asked.Add(size)
	return false
}

// TellOver counts the end by --exitwhenover as an error, as imapsync does: scripts
// read it in the list of errors.
func (r *Copier) TellOver() {
	if r.Control.Cause() == event.StopOver {
		r.Control.Fault(event.Error{Class: event.ErrTransferExceeded,
			Text: event.TransferLimitReached(r.asked.Load()-r.lost.Load(), *r.Plan.Limits.ExitWhenOver)})
	}
}

// envelope is about what a message costs on the line beside its bytes: commands,
// replies, and one part in hundredth for TLS; login is what a further connection does.
const (
	envelope  = 256
	hundredth = 100
	login     = 4 << 10
)

// mayToday is mayTransfer for the limit a day of one side.
func (r *Copier) mayToday(n event.Side, d *pace.Day, size int64, busy bool) bool {
	// What was asked for and is still under way counts, too.
	need := size + r.asked.Load() - r.decided.Load()
	need += need/hundredth + (r.charges.Load()+1)*envelope
	if r.dialler != nil {
		need += int64(r.dialler.Most) * login
	}
	now := r.Limits.Clock().Now()
	again := d.Again(now, need)
	switch {
	case !again.After(now):
		return true
	case busy:
		return false
	}
	text := fmt.Sprintf("Host%d: the limit of %d bytes a day (--maxbytesperday%d) is reached; it may go on at %s", n, d.Limit, n, again.Local().Format("2006-01-02 15:04 -0700"))
	if r.Plan.Limits.WaitDay {
		r.Control.Warn(text + ", waiting until then (--waitday)")
		r.Control.Emit(event.Throttled{Side: n, For: again.Sub(now), Why: fmt.Sprintf("--maxbytesperday%d", n)})
		r.days.again = again
		return false
	}
	r.Control.Warn(text)
	r.days.resumeIn.Store(int64(again.Sub(now)))
	r.Control.StopFor(event.StopDay)
	return false
}

// most is the part of a day's limit that one message may fill: the rest is for
// logging in and looking at folders.
const most = 0.9

// neverToday is the option under which a message of size bytes can not go on any
// day, with what it says; "" when it can.
func (r *Copier) neverToday(size int64) (option string, limit int64) {
	for n, d := range r.days.of {
		if d != nil && float64(size+size/hundredth+envelope) > most*float64(d.Limit) {
			return fmt.Sprintf("--maxbytesperday%d", n), d.Limit
		}
	}
	return "", 0
}

// idleLogout is how long a wait may be before both connections are closed for it:
// servers end sessions that say nothing for long.
const idleLogout = 2 * time.Minute

var errWaited = errors.New("it was closed for the wait (--waitday, --between)")

// opens is when the hours of --between begin again, the zero time within them.
func (r *Copier) opens() time.Time {
	return r.Plan.Limits.Between.Opens(r.Limits.Clock().Now().Local())
}

// AwaitHours waits until the hours of --between have come; until are the connections
// that are closed meanwhile and opened again, nil for none.
func (r *Copier) AwaitHours(ctx context.Context, until *session.Pair) error {
	opens := r.opens()
	if opens.IsZero() {
		return nil
	}
	wait := opens.Sub(r.Limits.Clock().Now())
	r.Control.Note(fmt.Sprintf("It is outside of --between %s: waiting until %s", r.Plan.Limits.Between, opens.Format("2006-01-02 15:04 -0700")))
	r.Control.TellWait(0, wait, "until "+opens.Format("15:04")+" (--between)")
	if until != nil {
		until.Close(ctx)
	}
	if err := r.Limits.Clock().Sleep(ctx, wait); err != nil || until == nil {
		return err
	}
	return until.Reopen(ctx, errWaited)
}

// awaitDay waits, between two rounds, until a limit a day leaves room again, and for the
// hours of --between. It reports whether it had to.
func (v *copyBatch) awaitDay(ctx context.Context) (bool, error) {
	if !v.run.opens().IsZero() {
		slept := time.Now()
		err := v.run.AwaitHours(ctx, v.conns)
		v.run.rested.Add(int64(time.Since(slept)))
		return true, err
	}
	again := v.run.days.again
	if again.IsZero() {
		return false, nil
	}
	v.run.days.again = time.Time{}
	wait := again.Sub(v.run.Limits.Clock().Now())
	if wait > idleLogout {
		v.run.dropMore(ctx)
		v.conns.Close(ctx)
	}
	slept := time.Now()
	err := v.run.Limits.Clock().Sleep(ctx, wait)
	v.run.rested.Add(int64(time.Since(slept)))
	if err != nil {
		return true, err
	}
	return true, v.conns.Reopen(ctx, errWaited)
}
