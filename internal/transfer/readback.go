package transfer

import (
	"fmt"
	"math"
	"time"

	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/pace"
)

// What is read from host2 to find out whether it has a message counts there as any
// download does, which a provider may limit (Gmail: 2,500 MB a day), and on host1 too.

// readBackPart is the part of what host2 lets out in a day that is read for this: the
// owner's programs need the rest.
const readBackPart = 2

// readBack is what was read from host2 by hour, as pace wants it.
type readBack struct{ r *Copier }

func (t readBack) Bytes(from, to time.Time) int64 {
	return t.r.Memory.Journal().Bytes(journal.ReadBack, from, to)
}

// roomToRead is how many bytes may be read from both sides now, as far as what they let
// out in a day leaves room. It never waits: what is not read is copied as usual.
func (r *Copier) roomToRead() int64 {
	if !r.opens().IsZero() {
		return 0
	}
	now := r.Limits.Clock().Now()
	room := int64(math.MaxInt64)
	if d := r.days.of[1]; d != nil {
		room = d.Left(now)
	}
	if out := r.dst.Profile.BytesOut; out > 0 {
		day := pace.Day{Limit: out / readBackPart, Traffic: readBack{r}}
		room = min(room, day.Left(now))
		if day.Left(now) <= 0 && !r.days.toldReadBack {
			r.days.toldReadBack = true
			r.Control.Note(fmt.Sprintf("Host2: in 24 hours %d bytes were read to find out what it has already, a half of what %s lets out (%s); what is left is uploaded", day.Limit-day.Left(now), r.dst.Profile.Name, r.dst.Profile.BytesSource))
		}
	}
	return room - room/hundredth
}

// readBoth counts what was read from host2; host1's lines count themselves.
func (r *Copier) readBoth(bytes int64) {
	r.Memory.Journal().AddBytes(journal.ReadBack, r.Limits.Clock().Now(), bytes)
}
