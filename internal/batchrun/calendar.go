package batchrun

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/imaphaul/imaphaul/internal/live"
)

// calendarDays is how many days of the calendar are printed.
const calendarDays = 30

// endOf says how many rows end on a day.
func endOf(n int) string {
	if n == 1 {
		return "1 row ends"
	}
	return rowsOf(n) + " end"
}

// calendar tells how long a rehearsed list will take when it is begun now, with so many
// rows at the same time: what each row foresees, one after another.
func calendar(rows []*rowResult, atOnce int, now time.Time) []string {
	free := make([]time.Duration, max(atOnce, 1)) // when each place is free again
	var messages, bytes int64
	day := func(t time.Time) string { return t.Local().Format("2006-01-02") }
	byDay, ends := make(map[string]int64), make(map[string]int)
	unknown, least := 0, false
	var last time.Duration
	for _, r := range rows {
		messages, bytes = messages+r.messages, bytes+r.bytes
		if r.foreseen == nil || !r.foreseen.Known {
			unknown++
			continue
		}
		least = least || r.foreseen.Least
		place := 0
		for i := range free {
			if free[i] < free[place] {
				place = i
			}
		}
		begins := free[place]
		free[place] += r.foreseen.Total
		last = max(last, free[place])
		ends[day(now.Add(free[place]))]++
		if len(r.foreseen.Days) == 0 {
			byDay[day(now.Add(free[place]))] += r.bytes
		}
		for _, d := range r.foreseen.Days {
			byDay[day(d.From.Add(begins))] += d.Bytes
		}
	}
	if unknown == len(rows) {
		return []string{"It is not known how long the list takes: no row was rehearsed to its end."}
	}
	about := "about"
	if least {
		about = "at least"
	}
	out := []string{fmt.Sprintf("The whole list: %d messages, %s; %s %s with %s at the same time, done %s if begun now.",
		messages, live.Size(float64(bytes)), about, live.Span(last), rowsOf(len(free)), now.Add(last).Local().Format("Monday 2006-01-02 15:04"))}
	if unknown > 0 {
		out = append(out, fmt.Sprintf("Not counted in: %s of which it is not known how long they take.", rowsOf(unknown)))
	}
	for day := range ends {
		byDay[day] += 0 // a day on which rows end without a byte
	}
	days := slices.Sorted(maps.Keys(byDay))
	if len(days) < 2 {
		return out
	}
	out = append(out, "Calendar:")
	for i, d := range days {
		if i == calendarDays {
			out = append(out, fmt.Sprintf("  and %d more days", len(days)-i))
			break
		}
		out = append(out, fmt.Sprintf("  %s: %s, %s", d, live.Size(float64(byDay[d])), endOf(ends[d])))
	}
	return out
}
