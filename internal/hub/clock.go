package hub

import (
	"context"
	"time"
)

// Times in the hub (until when a row waits, until when a host rests) are by the hub's
// clock: one worker whose own is wrong by hours would have all others wait for so long.
// Leases need no clock of anybody (hold.go).

// mostSkew is by how much the clocks may differ unnoticed: the way to the hub takes time,
// and what is corrected back and forth is not to creep.
const mostSkew = 2 * time.Second

// measureEvery is how often a worker compares its clock with the hub's.
const measureEvery = time.Minute

// measure finds out by how much the hub's clock is ahead of this machine's. Where the hub
// does not answer, what was known before counts.
func (h *Hub) measure(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, opTime)
	defer cancel()
	sent := time.Now()
	info, err := h.rows.Info(ctx)
	if err != nil || info.TimeStamp.IsZero() {
		return
	}
	ahead := info.TimeStamp.Sub(sent.Add(time.Since(sent) / 2))
	if off := ahead - h.ahead(); off > mostSkew || off < -mostSkew {
		h.skew.Store(int64(ahead.Round(time.Second)))
	}
}

func (h *Hub) ahead() time.Duration { return time.Duration(h.skew.Load()) }

// now is the time by the hub's clock.
func (h *Hub) now() time.Time { return time.Now().Add(h.ahead()).UTC().Truncate(time.Millisecond) }

// until is how long it is until a time of the hub.
func (h *Hub) until(at time.Time) time.Duration { return time.Until(at.Add(-h.ahead())) }
