package rehearsal

import (
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// told makes a book of a run that would copy so many messages and bytes in so long.
func told(t *testing.T, messages, bytes int64, took time.Duration, more ...event.Event) event.Rehearsed {
	t.Helper()
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.Local) // a Monday
	clock := func() time.Time { return now }
	tally, b := event.NewTally(now, clock), New(clock, nil)
	tell := func(e event.Event) {
		tally.Add(e)
		b.Event(e)
	}
	inbox := event.Folder{Raw: "INBOX", Text: "INBOX"}
	tell(event.Mapped{Rows: []event.MapRow{{From: inbox, To: inbox}}})
	tell(event.LoopStart{Folders: 1})
	tell(event.FolderStart{Index: 1, Of: 1, From: inbox, To: inbox})
	for i := range messages {
		n := bytes / messages
		if i == 0 {
			n += bytes % messages
		}
		tell(event.MessageCopied{From: inbox, To: inbox, UID: uint32(i + 1), Bytes: n, Dry: true})
	}
	tell(event.FolderDone{From: inbox, To: inbox})
	tell(event.LoopEnd{})
	for _, e := range more {
		tell(e)
	}
	tell(event.Rate{Side: 1, Source: "probe", Messages: messages, Bytes: bytes, Took: took})
	tell(event.Finished{Mode: "sync"})
	return b.Page(tally.Stats(), func(int) string { return "name" })
}

func TestCalendar(t *testing.T) {
	limit := func(n int64, used ...int64) event.DayLimit {
		return event.DayLimit{Side: 1, Limit: n, Used: used, Option: "--maxbytesperday1", Waits: true}
	}
	tests := []struct {
		name        string
		bytes       int64
		took        time.Duration
		limit       event.DayLimit
		days        int
		least, most time.Time
	}{
		{"one day is enough", 2e9, time.Hour, limit(2.5e9), 0, day(23, 10, 29), day(23, 10, 40)},
		{"four days, Monday to Thursday", 9e9, 2 * time.Hour, limit(2.5e9), 4, day(26, 9, 0), day(26, 14, 0)},
		{"the last day is used up", 1e9, time.Hour, limit(2.5e9, append(make([]int64, 24), 2.5e9)...), 0, day(24, 10, 0), day(24, 11, 30)},
		{"slower than the limit", 20e9, 10 * 24 * time.Hour, limit(2.5e9), 11, day(33, 9, 0), day(33, 10, 30)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := told(t, 100, tt.bytes, tt.took, tt.limit).Duration
			if len(d.Days) != tt.days || d.Done.Before(tt.least) || d.Done.After(tt.most) {
				t.Errorf("done %v on %d days: %+v", d.Done, len(d.Days), d.Days)
			}
			var sum int64
			for _, s := range d.Days {
				sum += s.Bytes
				if s.Bytes > tt.limit.Limit {
					t.Errorf("%d bytes on one day", s.Bytes)
				}
			}
			if tt.days > 0 && sum != onWire(event.Amount{Messages: 100, Bytes: tt.bytes}) {
				t.Errorf("%d bytes in all", sum)
			}
		})
	}
}

func day(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, time.Local)
}

// Absurd limits end, and soon.
func TestCalendarEnds(t *testing.T) {
	for _, l := range []int64{-1, 0, 1, 1 << 62} {
		d := told(t, 1, 1<<50, time.Millisecond, event.DayLimit{Side: 2, Limit: l, Option: "x", Waits: true}).Duration
		if d.Total < 0 {
			t.Errorf("%d: %v", l, d.Total)
		}
	}
}

func TestExitForetold(t *testing.T) {
	tests := []struct {
		name string
		told []event.Event
		code int
	}{
		{"nothing in the way", nil, event.ExitOK},
		{"a quota that is too small", []event.Event{event.Quota{Side: 2, HasQuota: true, Used: 900, Limit: 1500}}, event.ExitOverquota},
		{"a quota that is large enough", []event.Event{event.Quota{Side: 2, HasQuota: true, Used: 900, Limit: 1900}}, event.ExitOK},
		{"a quota of host1 is no matter", []event.Event{event.Quota{Side: 1, HasQuota: true, Used: 900, Limit: 1000}}, event.ExitOK},
		{"a day that is too short", []event.Event{event.DayLimit{Side: 2, Limit: 500, Option: "--maxbytesperday2"}}, event.ExitTransferExceeded},
		{"and waited for", []event.Event{event.DayLimit{Side: 2, Limit: 500, Option: "--maxbytesperday2", Waits: true}}, event.ExitOK},
		{"the provider's day ends nothing", []event.Event{event.DayLimit{Side: 2, Limit: 500}}, event.ExitOK},
		{"an error", []event.Event{event.Error{Class: event.ErrSelect}}, event.ExitSelect},
		{"the ceiling", []event.Event{event.Error{Class: event.ErrRefused}}, event.ExitDeletionRefused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := told(t, 2, 1000, time.Second, tt.told...)
			if p.Exit.Code != tt.code || p.Exit.Why == "" || p.Exit.Name == "" {
				t.Errorf("%+v", p.Exit)
			}
			for _, u := range p.Exit.Unless {
				if u.Code == p.Exit.Code || u.When == "" || u.Name == "" {
					t.Errorf("%+v", u)
				}
			}
		})
	}
}

// Certificates are told in whole days, also when they have expired.
func TestCertificateDays(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.Local)
	for left, want := range map[time.Duration]int64{36 * time.Hour: 1, 23 * time.Hour: 0, -time.Hour: -1, -24 * time.Hour: -1, -25 * time.Hour: -2} {
		p := told(t, 1, 1, time.Second, event.Connected{Side: 1, CertificateExpires: now.Add(left)})
		if len(p.Certificates) != 1 || p.Certificates[0].Days != want {
			t.Errorf("%v: %+v", left, p.Certificates)
		}
	}
}
