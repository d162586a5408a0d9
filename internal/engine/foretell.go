package engine

import (
	"context"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// What a rehearsal finds out beside the folders: how fast the way is, what limits of
// bytes a day leave, where new mail arrives, what the tokens may do.

// dryRun is what a rehearsal finds out.
type dryRun struct {
	makes map[string]bool // host2 folders that it would have made
	// goes are host2 messages that it would have expunged by now, by folder; kept with
	// crossSeen only.
	goes     map[string]map[imap.UID]bool
	samples  []*sample // of what it would copy
	toCopy   int64     // all of that, bytes
	delivery chan event.Delivery
}

// copySpeed is how much went from one server to the other in which time, as the journal
// keeps it.
type copySpeed struct {
	Host1    string    `json:"host1"`
	Messages int64     `json:"messages"`
	Bytes    int64     `json:"bytes"`
	Seconds  float64   `json:"seconds"`
	At       time.Time `json:"at"`
}

// copyRate measures the copying of a run. One goroutine uses it.
type copyRate struct {
	before         *copySpeed // what an earlier run measured
	messages, sent int64
	took           time.Duration
}

// Less than this says nothing of a line.
const (
	leastTold  = 200 * time.Millisecond
	leastBytes = 1 << 20
)

// last is what the journal is to keep.
func (c *copyRate) last(host1 string) *copySpeed {
	if c.took < leastTold || c.sent < leastBytes {
		return c.before
	}
	return &copySpeed{Host1: host1, Messages: c.messages, Bytes: c.sent, Seconds: c.took.Seconds(), At: time.Now().UTC().Truncate(time.Second)}
}

// timed measures copying.
func (r *run) timed(work func() error) error {
	begun, messages, sent, rested := time.Now(), r.transfer.Stored(), r.transfer.Transferred(), r.transfer.Rested()
	err := work()
	if n := r.transfer.Transferred() - sent; n > 0 && !r.p.Dry {
		r.copying.took += time.Since(begun) - (r.transfer.Rested() - rested) // without waits for another day
		r.copying.sent += n
		r.copying.messages += r.transfer.Stored() - messages
	}
	return err
}

// askDelivery begins to ask the DNS where mail for user2 arrives; nothing waits for it.
func (r *run) askDelivery(ctx context.Context) {
	user := r.p.Host2.User
	at := strings.LastIndexByte(user, '@')
	if !r.p.Dry || r.p.Mode != plan.ModeSync || r.o.Delivery == nil || at < 0 || !strings.Contains(user[at+1:], ".") {
		return
	}
	r.dry.delivery = make(chan event.Delivery, 1)
	go func() { r.dry.delivery <- r.o.Delivery(ctx, user[at+1:]) }()
}

// foretell tells what a rehearsal needs to know to say how the run will go.
func (r *run) foretell(ctx context.Context) {
	if !r.p.Dry || r.p.Mode != plan.ModeSync {
		return
	}
	r.tellDays()
	r.tellScopes(ctx)
	if b := r.copying.before; b != nil && b.Seconds > 0 {
		rate := event.Rate{Source: "journal", Messages: b.Messages, Bytes: b.Bytes, Took: time.Duration(b.Seconds * float64(time.Second)), At: b.At}
		rate.Side = 2
		r.emit(rate)
		if b.Host1 == r.src.Plan.Host {
			rate.Side = 1
			r.emit(rate)
		}
	}
	r.tellLimits()
	r.probe(ctx)
	if r.dry.delivery != nil {
		select {
		case d := <-r.dry.delivery:
			r.emit(d)
		case <-ctx.Done():
		}
	}
}

// tellLimits tells the limits a second, which are rates, too.
func (r *run) tellLimits() {
	l := &r.p.Limits
	rate := event.Rate{Side: 1, Source: "limit", Took: time.Second, At: time.Now()}
	if l.MaxBytesPerSecond > 0 && l.MaxBytesAfter == 0 {
		rate.Bytes = l.MaxBytesPerSecond
	}
	if l.MaxMessagesPerSecond > 0 {
		rate.Messages, rate.Took = 1000, time.Duration(1000/l.MaxMessagesPerSecond*float64(time.Second))
		rate.Bytes = int64(float64(rate.Bytes) * rate.Took.Seconds())
	}
	if rate.Bytes > 0 || rate.Messages > 0 {
		r.emit(rate)
	}
}

// tellDays tells the limits of bytes a day: those of options, and those that the
// provider publishes.
func (r *run) tellDays() {
	for i, s := range []*side{r.src, r.dst} {
		n := event.Side(i + 1)
		e := event.DayLimit{Side: n, Used: r.usedToday(n)}
		if d := r.transfer.Day(n); d != nil {
			e.Limit, e.Waits = d.Limit, r.p.Limits.WaitDay
			e.Option = "--maxbytesperday" + string(rune('0'+n))
			r.emit(e)
		}
		p := s.Profile
		e.Limit = p.BytesOut
		if n == 2 {
			e.Limit = p.BytesIn
		}
		if e.Limit > 0 {
			e.Option, e.Waits, e.Why, e.Source = "", true, p.Name+" lets through so much a day", p.BytesSource
			r.emit(e)
		}
	}
}

// usedToday are the bytes of the last 24 hours by hour, the present one last.
func (r *run) usedToday(n event.Side) []int64 {
	r.transfer.CountTraffic()
	now := r.limits.Clock().Now().Truncate(time.Hour)
	used := make([]int64, 0, 25)
	for h := 24; h >= 0; h-- {
		at := now.Add(-time.Duration(h) * time.Hour)
		used = append(used, r.j.Bytes(journal.Side(n), at, at.Add(time.Hour)))
	}
	return used
}

// tellScopes tells what the tokens may do.
func (r *run) tellScopes(ctx context.Context) {
	if r.o.Tokens == nil {
		return
	}
	for n := event.Side(1); n <= 2; n++ {
		t := r.o.Tokens(n)
		if t.Scope == nil {
			continue
		}
		e := t.Scope(ctx)
		e.Side = n
		if len(e.Scopes) > 0 || !e.Expires.IsZero() {
			r.emit(e)
		}
	}
}
