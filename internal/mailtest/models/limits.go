package models

import (
	"fmt"
	"time"
)

// day is how long bytes count against the limits of a day.
const day = 24 * time.Hour

// usage is what an account has used of what it bears.
type usage struct {
	connections int
	most        int // of connections at one time
	down, up    []traffic
	lockedUntil time.Time
	// work are the messages of the last span, until is when a pause is over, since when
	// it began.
	work         []time.Time
	since, until time.Time
	bodies       int
	fetches      int
	violations   []string
	pauses       int
	downAll      int64
	upAll        int64
}

type traffic struct {
	at time.Time
	n  int64
}

// violate notes that a client did what it was told not to do.
func (a *account) violate(format string, args ...any) {
	if len(a.use.violations) < 100 {
		a.use.violations = append(a.use.violations, fmt.Sprintf(format, args...))
	}
}

// add counts bytes of a day and reports whether there are too many by now.
func add(list *[]traffic, n, limit int64) bool {
	now := time.Now()
	*list = append(*list, traffic{now, n})
	first, sum := 0, int64(0)
	for i, t := range *list {
		if now.Sub(t.at) >= day {
			first = i + 1
			continue
		}
		sum += t.n
	}
	*list = (*list)[first:]
	return limit > 0 && sum > limit
}

// moved counts bytes of messages. It reports whether the day is over for this account.
func (a *account) moved(n int64, up bool) bool {
	l := &a.model.Limits
	var over bool
	if up {
		a.use.upAll += n
		over = add(&a.use.up, n, l.Up)
	} else {
		a.use.downAll += n
		over = add(&a.use.down, n, l.Down)
	}
	if over && a.use.lockedUntil.Before(time.Now()) {
		a.use.lockedUntil = time.Now().Add(day)
	}
	return over
}

// worked counts a message and reports whether it is one too many.
func (a *account) worked() bool {
	l := &a.model.Limits
	if l.Per == 0 {
		return false
	}
	now := time.Now()
	if now.Before(a.use.until) {
		return true
	}
	for len(a.use.work) > 0 && now.Sub(a.use.work[0]) >= l.Span {
		a.use.work = a.use.work[1:]
	}
	if len(a.use.work) >= l.Per {
		a.use.since, a.use.until = now, now.Add(l.Pause)
		a.use.work = nil
		a.use.pauses++
		return true
	}
	a.use.work = append(a.use.work, now)
	return false
}

// resting reports whether the server wants to be left alone, and notes a command that
// was sent all the same: one that comes at the moment of the refusal was under way.
func (a *account) resting(what string) bool {
	now := time.Now()
	if !now.Before(a.use.until) {
		return false
	}
	if now.Sub(a.use.since) > time.Second {
		a.violate("%s came %v before the pause was over", what, a.use.until.Sub(now).Round(time.Millisecond))
	}
	return true
}

// throttleText is what a command is told that is too much.
func (m *Model) throttleText() string {
	return fmt.Sprintf(m.Limits.ThrottleText, m.Limits.Pause.Milliseconds())
}
