package rehearsal

import (
	"fmt"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// What a message costs on the line beside its bytes, see package engine: commands and
// replies, and one part in hundredth for TLS.
const (
	envelope  = 256
	hundredth = 100
)

// onWire is about what messages need on a line.
func onWire(a event.Amount) int64 { return a.Bytes + a.Bytes/hundredth + a.Messages*envelope }

// reckon tells how long the run would take if it began now.
func (b *Book) reckon(s *event.Stats, todo event.Amount) event.RehearsedTime {
	now := b.now()
	t := event.RehearsedTime{Limits: b.days}
	t.Look = max(now.Sub(s.Started), 0)
	if b.facts.After(b.looked) && !b.looked.IsZero() {
		t.Look = max(t.Look-b.facts.Sub(b.looked), 0) // no part of a run
	}
	if todo.Messages == 0 {
		t.Known, t.Total, t.Done = true, t.Look, now.Add(t.Look)
		t.Basis = "nothing is to be copied, so it takes about as long as this rehearsal"
		return t
	}
	slowest, basis := time.Duration(0), []string(nil)
	for side := event.Side(1); side <= 2; side++ {
		r := b.rate(side)
		t.Rates[side] = r
		if took := takes(r, todo); took > 0 {
			slowest, t.Known = max(slowest, took), true
			basis = append(basis, fmt.Sprintf("host%d: %s", side, sourceWords(r)))
		}
	}
	for _, r := range b.rates {
		if r.Source == "limit" {
			if took := limited(r, todo); took > 0 {
				slowest, t.Known = max(slowest, took), true
				basis = append(basis, "the limit of an option")
			}
		}
	}
	if !t.Known {
		t.Basis = "no rate is known: nothing was read of host1, and no earlier run is known"
		return t
	}
	t.Copy = slowest + seconds(copyTrips*b.trip)
	t.Least = t.Rates[2].Source == ""
	t.Done, t.Days = b.calendar(now.Add(t.Look), todo, t.Copy)
	t.Total = t.Done.Sub(now)
	if t.Least {
		basis = append(basis, "of host2 no rate is known, since nothing is written in a rehearsal and no earlier run is known: it may take longer")
	}
	t.Basis = strings.Join(basis, "; ")
	return t
}

// copyTrips is about how many round trips copying waits for beside the bytes: folders are
// made and opened, the first message is asked for, the last one is answered, and it is
// looked whether all arrived.
const copyTrips = 6

// rate is what is known of a side: what was measured now counts before what an earlier
// run saw.
func (b *Book) rate(side event.Side) (best event.Rate) {
	for _, r := range b.rates {
		if r.Side == side && (r.Source == "probe" || r.Source == "journal" && best.Source == "") {
			best = r
		}
	}
	return best
}

// takes is how long messages take at a rate, 0 where nothing is known.
func takes(r event.Rate, todo event.Amount) time.Duration {
	seen := onWire(event.Amount{Messages: r.Messages, Bytes: r.Bytes})
	if r.Took <= 0 || seen <= 0 {
		return 0
	}
	return seconds(r.Took.Seconds() * float64(onWire(todo)) / float64(seen))
}

// limited is how long messages take under a limit of bytes or messages.
func limited(r event.Rate, todo event.Amount) time.Duration {
	var took time.Duration
	if r.Bytes > 0 {
		took = seconds(r.Took.Seconds() * float64(onWire(todo)) / float64(r.Bytes))
	}
	if r.Messages > 0 {
		took = max(took, seconds(r.Took.Seconds()*float64(todo.Messages)/float64(r.Messages)))
	}
	return took
}

// longest bounds what is foretold: beyond it nobody plans.
const longest = 10 * 365 * 24 * time.Hour

func seconds(s float64) time.Duration {
	return time.Duration(min(s, longest.Seconds()) * float64(time.Second))
}

func sourceWords(r event.Rate) string {
	what := fmt.Sprintf("%d messages, %d bytes in %.1f s", r.Messages, r.Bytes, r.Took.Seconds())
	if r.Source == "journal" {
		return what + ", as a run of " + r.At.Local().Format("2006-01-02 15:04") + " had it"
	}
	return what + ", read as a probe"
}
