// Package mx asks the DNS where mail for a domain arrives, and for how long resolvers
// may keep the answer: net.Resolver does not tell the latter.
package mx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
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

// resolvConf is where systems keep the addresses of their resolvers.
const resolvConf = "/etc/resolv.conf"

// Lookup asks the resolvers of this machine. It returns within Patience.
func Lookup(ctx context.Context, domain string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	conf, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil || len(conf.Servers) == 0 {
		return system(ctx, domain)
	}
	var addresses []string
	for _, s := range conf.Servers {
		addresses = append(addresses, net.JoinHostPort(s, conf.Port))
	}
	return Ask(ctx, addresses, domain)
}

// Ask asks the resolvers at these addresses (host:port), one after the other until one
// answers.
func Ask(ctx context.Context, resolvers []string, domain string) (Answer, error) {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(domain), dns.TypeMX)
	q.SetEdns0(1232, false)
	var failed error
	for i, address := range resolvers {
		one, cancel := share(ctx, len(resolvers)-i)
		reply, err := exchange(one, q, address)
		cancel()
		switch {
		case err != nil:
			failed = err
		case reply.Rcode == dns.RcodeSuccess, reply.Rcode == dns.RcodeNameError:
			return read(reply), nil
		default:
			failed = fmt.Errorf("the resolver answered %s", dns.RcodeToString[reply.Rcode])
		}
		if ctx.Err() != nil {
			break
		}
	}
	if failed == nil {
		failed = errors.New("no resolver is known")
	}
	return Answer{}, failed
}

// share gives one of the resolvers that are left its part of the time.
func share(ctx context.Context, left int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, Patience)
	}
	return context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
}

// exchange asks over UDP, and over TCP where the answer is too long for that.
func exchange(ctx context.Context, q *dns.Msg, address string) (*dns.Msg, error) {
	client := dns.Client{Net: "udp"}
	reply, _, err := client.ExchangeContext(ctx, q, address)
	if err == nil && reply.Truncated {
		client.Net = "tcp"
		reply, _, err = client.ExchangeContext(ctx, q, address)
	}
	return reply, err
}

// read takes the MX out of a reply. The least TTL counts, aliases included.
func read(reply *dns.Msg) Answer {
	var found []*dns.MX
	var a Answer
	for _, rr := range reply.Answer {
		ttl := time.Duration(rr.Header().Ttl) * time.Second
		if !a.TTLKnown || ttl < a.TTL {
			a.TTL, a.TTLKnown = ttl, true
		}
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
