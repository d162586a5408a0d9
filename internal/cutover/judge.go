package cutover

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// inNetwork reports whether one of the addresses is in a network of SPF.
func inNetwork(network string, addrs []string) bool {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		addr, err := netip.ParseAddr(network)
		if err != nil {
			return false
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	for _, a := range addrs {
		if addr, err := netip.ParseAddr(a); err == nil && prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// assumedTTL is how long an old MX is taken to be kept whose TTL nobody saw: more than
// zones have in practice.
const assumedTTL = 48 * time.Hour

// judge says how far the cutover of the domain has come, once all is known.
func (d *Domain) judge(o *Options) {
	z := &d.mx
	if z.err != nil {
		d.Notes = append(d.Notes, "The MX could not be asked for, so nothing can be said of the mail of this domain.")
		return
	}
	if z.agree && z.TTLKnown {
		o.Seen.see(d.Name, z.Hosts, z.TTL, z.asked > 0, o.Now)
	}
	switch d.Stage {
	case StageBefore, StageMixed:
		until := o.Now.Add(assumedTTL)
		if z.TTLKnown {
			until = o.Seen.keptFor(d.Name, o.Now, z.TTL)
		}
		d.OldUntil = &until
		if d.Stage == StageMixed && !z.agree {
			d.Notes = append(d.Notes, "The change has not reached all name servers of the domain.")
		}
		d.Notes = append(d.Notes, "If the MX were changed now, mail could still be delivered to host1 until "+moment(until)+".")
	case StageDone:
		d.waits(o)
	case StageUnknown:
		if len(z.Hosts) > 0 {
			d.Notes = append(d.Notes, "The DNS does not tell when mail stops being delivered to host1: look at the log of its last messages.")
		}
	}
}

// waits says for how long resolvers may know the MX from before the change.
func (d *Domain) waits(o *Options) {
	var until time.Time
	if old, ok := o.Seen.before(d.Name, d.mx.Hosts); ok {
		until = old.until
		d.Notes = append(d.Notes, fmt.Sprintf("The MX was seen changed %s; resolvers keep the old one, %s, for %s.", moment(old.changed), strings.Join(old.hosts, ", "), span(old.ttl)))
	} else {
		since, ok := o.Seen.since(d.Name)
		if !ok {
			since = o.Now
		}
		until = since.Add(assumedTTL)
		d.Notes = append(d.Notes, fmt.Sprintf("When the MX was changed, and its TTL before that, is not known, since nobody asked before %s: %s are counted from then on.", moment(since), span(assumedTTL)))
	}
	d.OldUntil = &until
	if until.After(o.Now) {
		d.Stage = StageWaiting
		d.Notes = append(d.Notes, "Mail may still be delivered to host1 until "+moment(until)+".")
	}
}

// Conclude says when the old server may be closed, and what is missing. accounts are
// what the servers said now, if they were asked.
func (r *Result) Conclude(accounts []Account) {
	r.Accounts = accounts
	known := true
	from := r.At
	for _, d := range r.Domains {
		switch d.Stage {
		case StageBefore:
			r.miss("%s: change the MX to host2.", d.Name)
		case StageMixed:
			r.miss("%s: have all MX, on all name servers of the domain, at host2.", d.Name)
		case StageUnknown:
			r.miss("%s: find out where its mail is delivered.", d.Name)
			known = false
		case StageWaiting:
			r.miss("%s: wait until %s.", d.Name, moment(*d.OldUntil))
		}
		if d.OldUntil != nil && d.OldUntil.After(from) {
			from = *d.OldUntil
		}
		var unasked []string
		for _, rec := range d.Records {
			switch {
			case rec.Kind == "MX":
			case rec.Is == IsUnasked && rec.Kind != "NS":
				unasked = append(unasked, rec.Kind)
			case rec.Is == IsWrong || rec.Is == IsUnasked:
				r.miss("%s: %s %s: %s.", d.Name, rec.Kind, rec.Name, rec.Why)
			}
		}
		if len(unasked) > 0 {
			r.miss("%s: nothing is known of %s, since no name server answered (%s): ask again, or give another one with --resolver ADDRESS.", d.Name, records(len(unasked), ""), kinds(unasked))
		}
	}
	left, failed := int64(0), 0
	for _, a := range accounts {
		left += a.Host1Only - a.Withheld
		if a.Withheld > 0 {
			r.miss("%s: look at %s of host1 that a run does not copy, since host2 takes no such mail or an option leaves it out: a run with --skippedfile FILE makes a list.", a.Name, count(a.Withheld))
		}
		if a.Unproved > 0 {
			r.miss("%s: look at %s of host1, of which host2 has another content under the same key, or only a part: imaphaul verify names them. They are not copied again.", a.Name, count(a.Unproved))
		}
		if a.Failed != "" {
			failed++
			r.miss("%s: could not be looked at: %s", a.Name, a.Failed)
		}
	}
	switch {
	case left == 1:
		r.miss("run once more: 1 message is on host1 and not on host2.")
	case left > 1:
		r.miss("run once more: %d messages are on host1 and not on host2.", left)
	case len(accounts) == 0:
		when := ""
		if from.After(r.At) {
			when = " after " + moment(from)
		}
		r.miss("run once more%s, and then this again with the options of the run: it looks whether host1 has mail that host2 lacks.", when)
	}
	if known && len(r.Domains) > 0 {
		r.From = &from
	}
	r.Safe = len(r.Missing) == 0
}

// kinds lists each kind of record once.
func kinds(list []string) string {
	var out []string
	for _, kind := range list {
		if !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	return strings.Join(out, ", ")
}

func (r *Result) miss(format string, args ...any) {
	r.Missing = append(r.Missing, fmt.Sprintf(format, args...))
}

// moment is a time as people read it.
func moment(t time.Time) string { return t.Local().Format("Monday 2 January 15:04") }

// span is a duration in its two largest units.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 48*time.Hour && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour:
		if m := d % time.Hour / time.Minute; m > 0 {
			return fmt.Sprintf("%d h %d min", d/time.Hour, m)
		}
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
