package batchrun

import (
	"reflect"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

func TestCalendarOfAList(t *testing.T) {
	now := time.Date(2026, 11, 2, 8, 0, 0, 0, time.Local)
	row := func(bytes int64, total time.Duration, days ...event.DayShare) *rowResult {
		return &rowResult{messages: 1, bytes: bytes, foreseen: &event.RehearsedTime{Known: true, Total: total, Days: days}}
	}
	day := func(n int, bytes int64) event.DayShare {
		return event.DayShare{From: now.AddDate(0, 0, n), To: now.AddDate(0, 0, n+1), Bytes: bytes}
	}
	rows := []*rowResult{
		row(3<<20, 50*time.Hour, day(0, 1<<20), day(1, 1<<20), day(2, 1<<20)),
		row(1<<20, 30*time.Hour),
		row(2<<20, 2*time.Hour),
		{messages: 1, code: 161},
	}
	got := calendar(rows, 2, now)
	want := []string{
		"The whole list: 4 messages, 6.0 MiB; about 50 h 0 min with 2 rows at the same time, done Wednesday 2026-11-04 10:00 if begun now.",
		"Not counted in: 1 row of which it is not known how long they take.",
		"Calendar:",
		"  2026-11-02: 1.0 MiB, 0 rows end",
		"  2026-11-03: 4.0 MiB, 2 rows end",
		"  2026-11-04: 1.0 MiB, 1 row ends",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	for _, some := range [][]*rowResult{rows[2:3], rows[3:]} {
		if got := calendar(some, 8, now); len(got) != 1 {
			t.Errorf("%q", got)
		}
	}
}
