package cutover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// looker gathers the records of one domain.
type looker struct {
	ctx  context.Context
	o    *Options
	d    *Domain
	s    servers
	dest *destination
}

func look(ctx context.Context, m Move, o *Options) *Domain {
	d := &Domain{Name: plain(m.Domain), Host1: plain(m.Host1), Host2: plain(m.Host2)}
	l := &looker{ctx: ctx, o: o, d: d, s: servers{host1: d.Host1, host2: d.Host2}, dest: destinationOf(d.Host2)}
	l.s.addrs1, l.s.addrs2 = o.addresses(ctx, d.Host1), o.addresses(ctx, d.Host2)
	l.mx()
	l.spf()
	signed := l.dkim()
	l.dmarc(signed)
	l.autodiscover()
	l.services()
	l.names()
	return d
}

func (l *looker) add(r Record) { l.d.Records = append(l.d.Records, r) }

// record begins a record with an answer; a question without one is told as such.
func record(kind, name string, a answer) Record {
	r := Record{Kind: kind, Name: name, Now: a.text, TTL: a.ttl, Is: IsRight}
	if r.Now == nil {
		r.Now = []string{}
	}
	switch {
	case a.err == nil:
	case errors.Is(a.err, errGivenUp):
		r.Is, r.Why, r.dropped = IsUnasked, a.err.Error(), true
	default:
		r.Is, r.Why = IsUnasked, "no name server answered: "+reason(a.err)
	}
	return r
}

// shortTTL is how many seconds an MX may be kept when a cutover is near.
const shortTTL = 600

// mx looks at where mail is delivered; what it means is said by judge.
func (l *looker) mx() {
	d := l.d
	z := l.o.askMX(l.ctx, d.Name)
	d.mx = z
	a := answer{text: z.Hosts, err: z.err}
	if z.TTLKnown {
		n := int(z.TTL.Seconds())
		a.ttl = &n
	}
	r := record("MX", d.Name, a)
	if z.err != nil {
		d.Stage = StageUnknown
		l.add(r)
		return
	}
	var at [4]int
	for _, host := range z.Hosts {
		at[l.s.of(l.ctx, l.o, host)]++
	}
	want := ""
	if l.dest != nil {
		want = l.dest.mx(d.Name)
	} else if d.Host2 != "" {
		want = "the name that the new server's host gives, such as " + d.Host2
	}
	switch {
	case len(z.Hosts) == 0:
		d.Stage, r.Is, r.Want, r.Why = StageUnknown, IsWrong, want, "the domain has no MX: it takes no mail, or only at its own address"
	case at[atHost1] == len(z.Hosts):
		d.Stage, r.Is, r.Want, r.Why = StageBefore, IsWrong, want, "mail is delivered to host1"
		if z.TTLKnown && z.TTL.Seconds() > shortTTL {
			r.Why += fmt.Sprintf("; lower the TTL to 300 at least %s before the change", span(z.TTL))
		}
	case at[atHost2] == len(z.Hosts):
		d.Stage, r.Why = StageDone, "mail is delivered to host2"
	case at[atHost1] > 0:
		d.Stage, r.Is, r.Want, r.Why = StageMixed, IsWrong, want, "some mail is delivered to host1"
	case at[atBoth] > 0:
		d.Stage, r.Is, r.Want, r.Why = StageUnknown, IsNote, want, "host1 and host2 have one owner: the name does not tell which of them takes the mail"
	default:
		d.Stage, r.Is, r.Want = StageUnknown, IsNote, want
		r.Why = "neither of the two servers, perhaps a filter: where it hands mail on is set there, and the DNS does not tell"
	}
	if !z.agree {
		d.Stage, r.Is = StageMixed, IsWrong
		r.Why = "the name servers of the domain disagree: one of them says " + strings.Join(z.others, ", ")
	}
	l.add(r)
	l.silent(&z)
}

// silent tells of name servers of the domain that did not say what its MX is: they may
// still have the old one. Where none could be asked, the way to them may be closed, and
// what the resolver says has to do.
func (l *looker) silent(z *zoneMX) {
	for _, name := range z.silent {
		r := record("NS", name, answer{})
		r.Is, r.Why = IsUnasked, "this name server of the domain did not answer, so that it may still have the old MX: ask again, or have it mended"
		if z.asked == 0 {
			r.Is, r.Why = IsNote, "no name server of the domain could be asked from here: what the resolver says was taken"
		}
		l.add(r)
	}
}

// spf looks at who may send for the domain (RFC 7208).
func (l *looker) spf() {
	a := l.o.ask(l.ctx, l.d.Name, dns.TypeTXT)
	a.text = slices.DeleteFunc(a.text, func(t string) bool {
		first, _, _ := strings.Cut(strings.ToLower(t), " ")
		return first != "v=spf1"
	})
	r := record("SPF", l.d.Name, a)
	switch {
	case r.Is == IsUnasked:
	case len(a.text) == 0:
		r.Is, r.TTL, r.Want, r.Why = IsNote, nil, "v=spf1 "+l.sender()+" ~all", "receivers cannot tell who may send for the domain"
	case len(a.text) > 1:
		r.Is, r.Want, r.Why = IsWrong, "one record", "several records count as an error (RFC 7208, section 4.5)"
	case !l.covers(a.text[0]):
		r.Is, r.Want, r.Why = IsWrong, l.sender()+" in front of \"all\"", "mail sent by host2 may be refused; leave what is there for host1 until that is closed"
		if l.dest == nil {
			r.Is, r.Why = IsNote, "host2 is not named: look whether what is there covers the machines that it sends from"
		}
	}
	l.add(r)
}

// sender is the part of SPF that lets host2 send.
func (l *looker) sender() string {
	switch {
	case l.dest != nil:
		return l.dest.spf
	case l.d.Host2 == "":
		return "mx"
	}
	return "a:" + l.d.Host2
}

// covers reports whether a record of SPF names host2, without looking into what it
// includes.
func (l *looker) covers(text string) bool {
	for term := range strings.FieldsSeq(strings.ToLower(text)) {
		term = strings.TrimPrefix(term, "+")
		switch {
		case l.dest != nil && term == l.dest.spf:
			return true
		case l.dest != nil:
		case term == "mx" && l.d.Stage == StageDone, term == "a:"+l.d.Host2, strings.HasPrefix(term, "mx:") && term == "mx:"+l.d.Name && l.d.Stage == StageDone:
			return true
		case strings.HasPrefix(term, "ip4:"), strings.HasPrefix(term, "ip6:"):
			if inNetwork(term[4:], l.s.addrs2) {
				return true
			}
		}
	}
	return false
}

// dkim looks for the keys under which mail is signed (RFC 6376). It reports whether
// the destination's are there, or some where nothing is known of it.
func (l *looker) dkim() bool {
	var first []string
	if l.dest != nil {
		first = l.dest.selectors
	}
	known := append(slices.Clone(first), l.o.Selectors...)
	seen := map[string]bool{}
	signed := false
	answered := false
	var silent error
	for _, s := range append(slices.Clone(known), usualSelectors...) {
		if seen[s] {
			continue
		}
		seen[s] = true
		name := s + "._domainkey." + l.d.Name
		a := l.o.ask(l.ctx, name, dns.TypeTXT)
		found := len(a.text) > 0 && a.err == nil
		if a.err == nil {
			answered = true
		} else {
			silent = a.err
		}
		for i, t := range a.text {
			if len(t) > 60 {
				a.text[i] = t[:57] + "..."
			}
		}
		wanted := slices.Contains(known, s)
		r := record("DKIM", name, a)
		switch {
		case found:
			if slices.Contains(first, s) || l.dest == nil {
				signed = true
			}
		case !wanted:
			continue // one of many names that a key may have
		case r.Is == IsUnasked:
		case slices.Contains(first, s) && s == first[0]:
			r.Is, r.Want, r.Why = IsWrong, "the record that "+l.dest.title+" shows", "mail sent by host2 is not signed for the domain"
		case slices.Contains(first, s):
			r.Is, r.Want, r.Why = IsNote, "the record that "+l.dest.title+" shows, if it shows one", "no key is there"
		default:
			r.Is, r.Why = IsNote, "no key is there"
		}
		l.add(r)
	}
	switch {
	case signed || l.dest != nil || len(l.o.Selectors) > 0:
	case !answered && silent != nil:
		l.add(record("DKIM", "_domainkey."+l.d.Name, answer{err: silent}))
	default:
		l.add(Record{Kind: "DKIM", Name: "_domainkey." + l.d.Name, Now: []string{}, Is: IsNote, Why: "no key under a usual name; give the selector that host2 signs with: --dkim SELECTOR"})
	}
	return signed
}

// dmarc looks at what receivers are to do with mail that is not signed (RFC 7489).
func (l *looker) dmarc(signed bool) {
	name := "_dmarc." + l.d.Name
	a := l.o.ask(l.ctx, name, dns.TypeTXT)
	a.text = slices.DeleteFunc(a.text, func(t string) bool { return !strings.HasPrefix(strings.ToLower(t), "v=dmarc1") })
	r := record("DMARC", name, a)
	switch {
	case r.Is == IsUnasked:
	case len(a.text) == 0:
		r.Is, r.TTL, r.Want, r.Why = IsNote, nil, "v=DMARC1; p=none", "large receivers ask for one"
	case len(a.text) > 1:
		r.Is, r.Want, r.Why = IsWrong, "one record", "several records count as none (RFC 7489, section 6.6.3)"
	case !signed && strict(a.text[0]):
		r.Is, r.Want, r.Why = IsWrong, "p=none until host2 signs", "unsigned mail that fails SPF is refused, and no key of host2 was found"
	}
	l.add(r)
}

// strict reports whether a record of DMARC has mail refused or put aside.
func strict(text string) bool {
	for part := range strings.SplitSeq(strings.ToLower(text), ";") {
		if value, ok := strings.CutPrefix(strings.ReplaceAll(part, " ", ""), "p="); ok {
			return value == "reject" || value == "quarantine"
		}
	}
	return false
}

// autodiscover looks at where mail programs ask for settings.
func (l *looker) autodiscover() {
	for _, host := range []string{"autodiscover", "autoconfig"} {
		name := host + "." + l.d.Name
		a := l.pointer(name)
		r := record(host, name, a)
		want := ""
		if l.dest != nil && host == "autodiscover" {
			want = l.dest.autodiscover
		}
		switch {
		case r.Is == IsUnasked:
		case want != "" && slices.Contains(a.hosts, want):
		case want != "":
			r.Is, r.Want, r.Why = IsWrong, "CNAME "+want, "Outlook finds the mailbox by it"
		case len(a.text) == 0:
			continue // most domains have none, and need none
		case l.whose(a) == atHost1:
			r.Is, r.Want, r.Why = IsWrong, "the same of host2, or none", "programs are sent to host1"
		}
		l.add(r)
	}
}

// pointer asks for the alias or the addresses of a name.
func (l *looker) pointer(name string) answer {
	a := l.o.ask(l.ctx, name, dns.TypeA)
	if a.err != nil || len(a.text) > 0 {
		return a
	}
	return l.o.ask(l.ctx, name, dns.TypeAAAA)
}

// whose says whose server an answer points at.
func (l *looker) whose(a answer) where {
	for _, host := range a.hosts {
		if w := l.s.ofBoth(host, a.addrs); w != elsewhere {
			return w
		}
	}
	return l.s.ofBoth("", a.addrs)
}

// services looks at the records by which mail programs find servers (RFC 6186, 8314).
func (l *looker) services() {
	for _, service := range []string{"_imaps", "_imap", "_submissions", "_submission", "_pop3s", "_pop3", "_autodiscover"} {
		name := service + "._tcp." + l.d.Name
		a := l.o.ask(l.ctx, name, dns.TypeSRV)
		if a.err == nil && len(a.text) == 0 {
			continue // few domains have them
		}
		r := record("SRV", name, a)
		for _, host := range a.hosts {
			if l.s.of(l.ctx, l.o, host) == atHost1 {
				r.Is, r.Want, r.Why = IsWrong, l.d.Host2, "programs are sent to host1"
			}
		}
		l.add(r)
	}
}

// names looks at the names in the domain that people type into their programs.
func (l *looker) names() {
	for _, host := range []string{"mail", "imap", "smtp", "pop", "pop3", "webmail"} {
		name := host + "." + l.d.Name
		if name == l.d.Host2 {
			continue
		}
		a := l.pointer(name)
		if a.err != nil || len(a.text) == 0 || l.whose(a) != atHost1 && name != l.d.Host1 {
			continue
		}
		r := record("address", name, a)
		r.Is, r.Want, r.Why = IsNote, "host2's address, or tell people the new name", "programs with this name go to host1"
		l.add(r)
	}
}
