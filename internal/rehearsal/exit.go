package rehearsal

import (
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// exit is the exit code that the run would give, and what only writing, or reading
// whole messages, can tell.
func (b *Book) exit(s *event.Stats, p *event.Rehearsed, name Names) event.RehearsedExit {
	out := event.RehearsedExit{Code: s.ExitCode()}
	switch {
	case s.Finished.Stopped == event.StopSignal, s.Finished.Stopped == event.StopFile:
		out.Why = "the rehearsal was ended before it was done"
	case s.ErrorCount > 0:
		out.Why = fmt.Sprintf("the rehearsal met %d errors, most of the class %s; the run would meet them, too", s.ErrorCount, s.MostFrequent())
	case out.Code != event.ExitOK:
		out.Why = "for the same reason as the rehearsal"
	case b.quotaShort(p):
		out.Code, out.Why = event.ExitOverquota, "the quota of host2 is too small for what is to come"
	case b.dayShort(p) != nil:
		d := b.dayShort(p)
		out.Code = event.ExitTransferExceeded
		out.Why = fmt.Sprintf("more is to come than %s lets through today (%s); run it again each day, or give --waitday", d.Option, units.Bytes(d.room()))
	default:
		out.Why = "nothing that can be seen without writing stands in the way"
	}
	out.Name = name(out.Code)
	for _, u := range b.unless(p) {
		if u.Code != out.Code {
			u.Name = name(u.Code)
			out.Unless = append(out.Unless, u)
		}
	}
	return out
}

// unless are the codes that can still come.
func (b *Book) unless(p *event.Rehearsed) (all []event.ExitUnless) {
	add := func(code int, when string) { all = append(all, event.ExitUnless{Code: code, When: when}) }
	copies := p.Copy.Messages > 0
	if copies {
		add(event.ExitOverquota, "host2 is full before everything is there")
		add(event.ExitAppend, "host2 refuses a message")
		add(event.ExitAppendVirus, "host2 takes a message for a virus")
		add(event.ExitFetch, "host1 does not give a message that it lists")
	}
	if len(p.Create) > 0 {
		add(event.ExitCreate, "host2 refuses the name of a folder")
	}
	if p.Flags > 0 {
		add(event.ExitFlags, "host2 refuses a flag")
	}
	if p.Delete[1]+p.Delete[2] > 0 || len(p.Remove) > 0 {
		add(event.ExitErrors, "a server refuses to delete")
	}
	return all
}

// quotaShort reports whether host2's quota is too small.
func (b *Book) quotaShort(p *event.Rehearsed) bool {
	q := b.quota
	return q.HasQuota && q.Limit > 0 && p.Copy.Messages > 0 && q.Used+p.Copy.Bytes > q.Limit
}

// dayShort is the limit of bytes a day that would end the run today, nil for none.
func (b *Book) dayShort(p *event.Rehearsed) *dayLimit {
	for i := range b.days {
		d := dayLimit{b.days[i]}
		if d.Option != "" && !d.Waits && p.Copy.Messages > 0 && onWire(p.Copy) > d.room() {
			return &d
		}
	}
	return nil
}
