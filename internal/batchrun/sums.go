package batchrun

import (
	"fmt"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/live"
)

// sums are the rows in numbers: each counts once, also with those that run, which the board
// adds.
func (b *run) sums() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	done, failed, left, toCome, bytes := 0, 0, 0, 0, int64(0)
	for n, r := range b.results {
		bytes += r.bytes
		_, waits := b.waits[n]
		switch {
		case b.active[n] || waits || b.atEnd[n]:
		case r.state == batch.StateDone:
			done++
		case r.state == batch.StatePerson:
			failed++
		case r.state == batch.StateUnfinished:
			left++
		default:
			toCome++
		}
	}
	s := fmt.Sprintf("%d of %s done", done, rowsOf(len(b.results)))
	if failed > 0 {
		s += fmt.Sprintf(", %d failed", failed)
	}
	if left > 0 {
		s += fmt.Sprintf(", %d not finished", left)
	}
	if n := len(b.waits); n > 0 {
		var first time.Time
		for _, at := range b.waits {
			if first.IsZero() || at.Before(first) {
				first = at
			}
		}
		s += fmt.Sprintf(", %d %s to be tried again, the first in %s", n, waits(n), live.Span(max(time.Until(first), 0)))
	}
	if n := len(b.atEnd); n > 0 {
		s += fmt.Sprintf(", %d %s to be tried once more at the end", n, waits(n))
	}
	if toCome > 0 {
		s += fmt.Sprintf(", %d to come", toCome)
	}
	return s + ", " + live.Size(float64(bytes))
}

func waits(n int) string {
	if n == 1 {
		return "waits"
	}
	return "wait"
}

// rowsOf counts rows in words.
func rowsOf(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// ending are the words for how rows ended together: done of all are without an error, some
// of them with warnings, or without copying.
func ending(rows []*rowResult, all int) string {
	done, doubt, only := 0, 0, 0
	for _, r := range rows {
		switch {
		case r.state != batch.StateDone:
			continue
		case r.only != "":
			only++
		case r.doubt:
			doubt++
		}
		done++
	}
	s := fmt.Sprintf("%d of %s are finished", done, rowsOf(all))
	if all == 1 {
		s = strings.Replace(s, " are ", " is ", 1)
	}
	if doubt > 0 {
		s += fmt.Sprintf(", %d of them with warnings (see their logs)", doubt)
	}
	if only > 0 {
		s += fmt.Sprintf(", %d of them without copying (as their options say)", only)
	}
	return s
}
