package rehearsal

import (
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/pace"
)

// dayLimit is a limit of bytes in 24 hours with what went before.
type dayLimit struct{ event.DayLimit }

// room is what may still go now.
func (d dayLimit) room() int64 {
	left := d.Limit
	for _, n := range d.Used {
		left -= n
	}
	return max(left, 0)
}

// hours are bytes by hour, those of the past and those foretold. It is pace.Traffic.
type hours map[int64]int64

func (h hours) Bytes(from, to time.Time) (n int64) {
	for hour := from.Truncate(time.Hour).Unix(); hour < to.Unix(); hour += 3600 {
		n += h[hour]
	}
	return n
}

// mostHours bounds the calendar.
const mostHours = int(longest / time.Hour)

// calendar tells when the copying is done that begins at a moment and would take so
// long without a break, under the limits of bytes a day; and what goes on each day when
// one is not enough.
func (b *Book) calendar(begin time.Time, todo event.Amount, took time.Duration) (done time.Time, shares []event.DayShare) {
	left := onWire(todo)
	if len(b.days) == 0 || left <= 0 {
		return begin.Add(took), nil
	}
	perSecond := float64(left) / max(took.Seconds(), 1e-3)
	var limits []pace.Day
	var traffic []hours
	now := b.now().Truncate(time.Hour)
	for _, d := range b.days {
		if d.Limit <= 0 {
			continue
		}
		h := make(hours)
		for i, n := range d.Used {
			h[now.Add(-time.Duration(len(d.Used)-1-i)*time.Hour).Unix()] += n
		}
		limits, traffic = append(limits, pace.Day{Limit: d.Limit, Traffic: h}), append(traffic, h)
	}
	at := begin
	for range mostHours {
		hour := at.Truncate(time.Hour).Add(time.Hour)
		goes := min(left, int64(perSecond*hour.Sub(at).Seconds())+1)
		for _, l := range limits {
			goes = min(goes, l.Left(at))
		}
		if goes > 0 {
			end := at.Add(time.Duration(float64(goes) / perSecond * float64(time.Second)))
			if end.After(hour) {
				end = hour
			}
			for _, h := range traffic {
				h[at.Truncate(time.Hour).Unix()] += goes
			}
			shares = share(shares, at, end, goes)
			left -= goes
			if left <= 0 {
				return end, several(shares)
			}
		}
		at = hour
	}
	return at, several(shares)
}

// share adds what goes between two moments to the day of the first one.
func share(shares []event.DayShare, from, to time.Time, n int64) []event.DayShare {
	if len(shares) > 0 {
		last := &shares[len(shares)-1]
		y1, m1, d1 := last.From.Local().Date()
		y2, m2, d2 := from.Local().Date()
		if y1 == y2 && m1 == m2 && d1 == d2 {
			last.To, last.Bytes = to, last.Bytes+n
			return shares
		}
	}
	return append(shares, event.DayShare{From: from, To: to, Bytes: n})
}

// several keeps a calendar of more than one day.
func several(shares []event.DayShare) []event.DayShare {
	if len(shares) < 2 {
		return nil
	}
	return shares
}
