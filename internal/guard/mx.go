package guard

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Resolver looks names up in the DNS; *net.Resolver does.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// sameMail holds the domains under which one provider takes mail and serves
// IMAP: [0] of MX hosts, [1] of IMAP hosts.
var sameMail = [][2]string{
	{"google.com", "gmail.com"}, {"googlemail.com", "gmail.com"}, {"google.com", "googlemail.com"}, {"googlemail.com", "google.com"},
	{"outlook.com", "office365.com"}, {"outlook.com", "live.com"}, {"outlook.com", "hotmail.com"},
	{"yahoodns.net", "yahoo.com"}, {"mail.icloud.com", "mail.me.com"},
}

// MXAt returns the MX of domain that points at host, "" when none does: by its name,
// its address, or because one organisation has both. The error is the DNS's.
func MXAt(ctx context.Context, resolver Resolver, domain, host string) (string, error) {
	list, err := resolver.LookupMX(ctx, domain)
	if err != nil {
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			return "", nil
		}
		return "", err
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	var here []string
	for _, mx := range list {
		name := strings.ToLower(strings.TrimSuffix(mx.Host, "."))
		if name == "" {
			continue // the null MX: no mail at all (RFC 7505)
		}
		if name == host || SameOwner(name, host) {
			return name, nil
		}
		if here == nil {
			if here, err = resolver.LookupHost(ctx, host); err != nil {
				here = []string{host}
			}
		}
		there, err := resolver.LookupHost(ctx, name)
		if err == nil && slices.ContainsFunc(there, func(a string) bool { return slices.Contains(here, a) }) {
			return name, nil
		}
	}
	return "", nil
}

// SameOwner reports whether both names are of one organisation.
func SameOwner(mx, host string) bool {
	for _, pair := range sameMail {
		if Within(mx, pair[0]) && Within(host, pair[1]) {
			return true
		}
	}
	a, err1 := publicsuffix.EffectiveTLDPlusOne(mx)
	b, err2 := publicsuffix.EffectiveTLDPlusOne(host)
	return err1 == nil && err2 == nil && a == b
}

// Within reports whether a name is a domain or under it. Both are in lower case.
func Within(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}
