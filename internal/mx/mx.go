// Package mx asks the DNS where mail for a domain arrives, and for how long resolvers
// may keep the answer: net.Resolver does not tell the latter.
package mx

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/imaphaul/imaphaul/internal/dnsquery"
)

// Patience bounds a whole question, with all resolvers that are asked.
const Patience = 2 * time.Second

// Answer is what the DNS says.
type Answer struct {
	// Hosts are the MX, the preferred ones first; empty when there is none.
	Hosts []string
	// TTL is how long resolvers may keep the answer; TTLKnown is false where only the
	// system's resolver could be asked.
	TTL      time.Duration
	TTLKnown bool
}

// Lookup asks the resolvers of this machine. It returns within Patience.
func Lookup(ctx context.Context, domain string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	c, err := dnsquery.System()
	if err != nil {
		return system(ctx, domain)
	}
	return Ask(ctx, c.Servers, domain)
}

// Ask asks the resolvers at these addresses (host:port), one after the other until one
// answers.
func Ask(ctx context.Context, resolvers []string, domain string) (Answer, error) {
	reply, err := dnsquery.Client{Servers: resolvers}.Ask(ctx, domain, dns.TypeMX)
	if err != nil {
		return Answer{}, err
	}
	return Read(reply), nil
}

// Read takes the MX out of a reply. The least TTL counts, aliases included.
func Read(reply dnsquery.Reply) Answer {
	var found []*dns.MX
	a := Answer{TTL: reply.TTL, TTLKnown: reply.TTLKnown}
	for _, rr := range reply.Records {
		if m, ok := rr.(*dns.MX); ok && len(found) < most {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(x, y *dns.MX) int { return cmp.Compare(x.Preference, y.Preference) })
	for _, m := range found {
		if name := strings.TrimSuffix(m.Mx, "."); name != "" { // "." takes no mail at all (RFC 7505)
			a.Hosts = append(a.Hosts, strings.ToLower(name))
		}
	}
	return a
}

// most bounds how many MX are told of.
const most = 20

// system asks the resolver of the system, which does not tell the TTL.
func system(ctx context.Context, domain string) (Answer, error) {
	list, err := net.DefaultResolver.LookupMX(ctx, domain)
	var unknown *net.DNSError
	if errors.As(err, &unknown) && unknown.IsNotFound {
		return Answer{}, nil
	}
	if err != nil && len(list) == 0 {
		return Answer{}, err
	}
	var a Answer
	for _, m := range list[:min(len(list), most)] {
		if name := strings.TrimSuffix(m.Host, "."); name != "" {
			a.Hosts = append(a.Hosts, strings.ToLower(name))
		}
	}
	return a, nil
}
