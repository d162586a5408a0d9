package follow

import (
	"context"
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// Deliveries asks the DNS where mail for a domain is delivered, seen from host2.
type Deliveries func(ctx context.Context, domain, host2 string) (Delivered, error)

// Delivered is what the DNS says.
type Delivered struct {
	// To2: host2 takes the mail; MX is the name that says so.
	To2 bool
	MX  string
	// TTL is how long others may go on believing what they know; 0: not known.
	TTL time.Duration
}

const (
	// asked is how often the DNS is asked at most, and askedLeast at least.
	asked      = time.Minute
	askedLeast = 5 * time.Minute
	// unknownTTL is taken for a TTL that nobody told: most zones have an hour, or less.
	unknownTTL = time.Hour
)

// mail knows where mail is delivered. nil: nobody asks.
type mail struct {
	ask           Deliveries
	domain, host2 string
	deletes       bool // the plan may delete on host2
	say           event.Sink

	nextAt time.Time
	before engine.MailBefore // by this call or an earlier one
	// lastTTL was told at lastAt of the place before: a later answer that is newer than
	// that one was renewed.
	lastTTL time.Duration
	lastAt  time.Time
	since   time.Time // when host2 was seen to take the mail, zero while it does not
	ttl     time.Duration
	// arrived: host2 was seen to take the mail, whatever the DNS says since.
	arrived bool
	first   time.Time // when that was
	mx      string    // and what said so
}

func newMail(p *plan.Plan, o Options) *mail {
	d := &p.Deletion
	deletes := (d.Delete2 || d.Delete2Duplicates || d.Expunge2 || p.Folders.Delete2Folders) && d.MXCheck
	domain := p.MailDomain()
	if o.Deliveries == nil || domain == "" || !deletes && !p.Follow.UntilMX {
		return nil
	}
	return &mail{ask: o.Deliveries, domain: domain, host2: p.Host2.Host, deletes: deletes, say: o.Engine.Sink}
}

// look asks the DNS, if it is time to.
func (m *mail) look(ctx context.Context) {
	if m == nil || time.Now().Before(m.nextAt) {
		return
	}
	d, err := m.ask(ctx, m.domain, m.host2)
	now := time.Now()
	if err != nil {
		m.nextAt = now.Add(asked) // what was seen before still holds
		return
	}
	m.nextAt = now.Add(again(d.TTL))
	switch {
	case !d.To2:
		renewed := !m.lastAt.IsZero() && d.TTL > m.lastTTL-now.Sub(m.lastAt)+time.Second
		m.before = m.before.Join(engine.MailBefore{TTL: d.TTL, Whole: renewed})
		m.lastTTL, m.lastAt = d.TTL, now
		if !m.since.IsZero() {
			m.say(event.Note{Warn: true, Text: fmt.Sprintf("Mail for %s is not delivered to %s any more, by the DNS", m.domain, m.host2)})
		}
		m.since = time.Time{}
	case m.since.IsZero():
		m.since, m.ttl = now, d.TTL
		text := fmt.Sprintf("Mail for %s is delivered to %s (MX %s)", m.domain, m.host2, d.MX)
		if m.deletes && !m.arrived {
			text += ". From now on nothing is deleted on host2: what host1 does not have may be new mail"
		}
		if !m.arrived {
			m.arrived, m.first, m.mx = true, now, d.MX
		}
		m.say(event.Note{Warn: m.deletes, Text: text})
	}
}

// again is after how long the DNS is asked again.
func again(ttl time.Duration) time.Duration { return min(max(ttl/2, asked), askedLeast) }

// ran is when nobody may believe the old place any more. Resolvers tell what is left of a
// TTL: it was longer by no more than the pause between two questions, if the answer was
// seen to be renewed. Where host2 took the mail before anybody asked, the TTL of its own
// MX is all that there is to go by.
func (m *mail) ran() time.Time {
	ttl := m.before.TTL
	if ttl == 0 {
		ttl = m.ttl
	}
	if ttl > 0 && m.before.Whole {
		ttl += again(ttl)
	} else {
		ttl = max(ttl, unknownTTL)
	}
	return m.since.Add(ttl)
}

// next is how long it is until something is to be looked at.
func (m *mail) next() time.Duration {
	if m == nil {
		return always
	}
	at := m.nextAt
	if !m.since.IsZero() && m.ran().Before(at) && time.Now().Before(m.ran()) {
		at = m.ran()
	}
	return max(time.Until(at), 0)
}

// over says that mail arrives on host2 alone, "" while it may not.
func (m *mail) over() string {
	if m == nil || m.since.IsZero() || time.Now().Before(m.ran()) {
		return ""
	}
	return fmt.Sprintf("mail for %s is delivered to host2 since %s, and the TTL of the old MX has run out", m.domain, m.since.Format("2006-01-02 15:04"))
}

// keep2 takes out of a plan what would delete on host2, where new mail arrives there.
func (m *mail) keep2(p *plan.Plan) {
	if m == nil || !m.deletes || !m.arrived {
		return
	}
	p.Deletion.Delete2, p.Deletion.Delete2Duplicates, p.Deletion.Expunge2 = false, false, false
	p.Folders.Delete2Folders = false
}

// remember hands to the passes what was seen, for the journal, and takes what an earlier
// call saw.
func (m *mail) remember(k *engine.Kept) {
	if m == nil {
		return
	}
	m.before = m.before.Join(k.MailBefore)
	k.MailBefore = m.before
	switch {
	case m.arrived && k.MailTo2.IsZero():
		k.MailTo2, k.MX = m.first, m.mx
	case !m.arrived && !k.MailTo2.IsZero():
		m.arrived, m.first, m.mx = true, k.MailTo2, k.MX
	}
}
