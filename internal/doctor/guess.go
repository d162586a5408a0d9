package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/provider"
)

// domainOf is what stands behind the last @ of an address, "" for a name without one.
func domainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return ""
	}
	return dnsName(address[i+1:])
}

// guess finds host and port of an address: what the domain says of itself by SRV (RFC
// 6186), by its settings, by its mail exchangers; before all of them the table for the
// addresses of providers themselves. nil: nothing is known.
func (a *asker) guess(ctx context.Context, domain string, f *facts) (*Guess, string) {
	g := &Guess{Tried: []string{}}
	tried := func(format string, args ...any) { g.Tried = append(g.Tried, fmt.Sprintf(format, args...)) }
	found := func(host string, port int, startTLS bool, from string) (*Guess, string) {
		g.Host, g.Port, g.StartTLS, g.From = host, port, startTLS, from
		return g, ""
	}
	if domain == "" {
		return g, "it has no domain"
	}
	if home, ok := provider.HomeOfDomain(domain); ok {
		if home.Host == "" {
			return g, home.Instead
		}
		return found(home.Host, 993, false, "the table of providers: addresses of "+domain+" belong to "+home.Name)
	}
	tried("table of providers: %s is not in it", domain)
	for _, l := range f.lookups {
		if l.Kind == "A" || l.Kind == "AAAA" {
			continue
		}
		switch {
		case l.Failed != "":
			tried("%s %s: %s", l.Kind, l.Name, l.Failed)
		case len(l.Answers) == 0:
			tried("%s %s: none", l.Kind, l.Name)
		default:
			tried("%s %s: %s", l.Kind, l.Name, strings.Join(l.Answers, ", "))
		}
	}
	if len(f.srv) > 0 {
		return found(f.srv[0].Target, int(f.srv[0].Port), false, "the SRV record _imaps._tcp."+domain)
	}
	if len(f.srvPlain) > 0 {
		return found(f.srvPlain[0].Target, int(f.srvPlain[0].Port), true, "the SRV record _imap._tcp."+domain)
	}
	if len(f.settings) > 0 {
		s := f.settings[0]
		return found(s.host, s.port, s.startTLS, "the settings at "+s.url)
	}
	for _, m := range f.mx {
		home, ok := provider.HomeOfMX(m.Host)
		switch {
		case ok && home.Host == "":
			return g, home.Instead
		case ok:
			return found(home.Host, 993, false, fmt.Sprintf("the MX record of %s, which is %s: the table of providers has it as %s", domain, strings.TrimSuffix(m.Host, "."), home.Name))
		}
	}
	if f.none {
		return g, domain + " says by its SRV record that it offers no IMAP"
	}
	// Names that are usual: whether one is there is all that can be asked.
	for _, word := range []string{"imap.", "mail."} {
		l, addrs := a.addresses(ctx, "ip", "A", word+domain)
		switch {
		case len(addrs) > 0:
			return found(word+domain, 993, false, "its usual name, since nothing else is known")
		case l.Failed != "":
			tried("%s%s: %s", word, domain, l.Failed)
		default:
			tried("%s%s: there is no such name", word, domain)
		}
	}
	return g, "nothing is known of the domain " + domain
}
