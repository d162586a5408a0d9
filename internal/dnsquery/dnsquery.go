// Package dnsquery asks name servers for records of one type, and tells for how long
// resolvers may keep the answer: net.Resolver does not tell the latter.
package dnsquery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"
)

// Reply is what a name server says to one question.
type Reply struct {
	// Records are those of the answer section, aliases included.
	Records []dns.RR
	// TTL is the least of them; TTLKnown is false for an empty answer.
	TTL      time.Duration
	TTLKnown bool
	// Authoritative: the server has the zone itself, so that TTL is the zone's and not
	// what is left of it.
	Authoritative bool
}

// Client asks name servers.
type Client struct {
	// Servers are the addresses (host:port) that are asked one after the other until
	// one answers.
	Servers []string
	// Direct asks servers of a zone and no resolvers: they are not to ask others.
	Direct bool
	// Dialer replaces the usual way to the servers, for tests.
	Dialer *net.Dialer
}

// resolvConf is where systems keep the addresses of their resolvers.
const resolvConf = "/etc/resolv.conf"

// System is a client of the resolvers of this machine. It fails where the system does
// not keep them in a file.
func System() (Client, error) {
	conf, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return Client{}, err
	}
	if len(conf.Servers) == 0 {
		return Client{}, errors.New(resolvConf + " names no resolver")
	}
	var c Client
	for _, s := range conf.Servers {
		c.Servers = append(c.Servers, net.JoinHostPort(s, conf.Port))
	}
	return c, nil
}

// Ask asks for the records of a name. A name that does not exist is no error: its reply
// is empty. ctx should have a deadline; each server has its share of the time.
func (c Client) Ask(ctx context.Context, name string, kind uint16) (Reply, error) {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	q.RecursionDesired = !c.Direct
	q.SetEdns0(1232, false)
	failed := errors.New("no resolver is known")
	for i, address := range c.Servers {
		one, cancel := share(ctx, len(c.Servers)-i)
		reply, err := c.exchange(one, q, address)
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
	return Reply{}, failed
}

// patience bounds a question without a deadline.
const patience = 2 * time.Second

// share gives one of the servers that are left its part of the time.
func share(ctx context.Context, left int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, patience)
	}
	return context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
}

// exchange asks over UDP, and over TCP where the answer is too long for that.
func (c Client) exchange(ctx context.Context, q *dns.Msg, address string) (*dns.Msg, error) {
	client := dns.Client{Net: "udp", Dialer: c.Dialer}
	reply, _, err := client.ExchangeContext(ctx, q, address)
	if err == nil && reply.Truncated {
		client.Net = "tcp"
		reply, _, err = client.ExchangeContext(ctx, q, address)
	}
	return reply, err
}

func read(m *dns.Msg) Reply {
	r := Reply{Records: m.Answer, Authoritative: m.Authoritative}
	for _, rr := range m.Answer {
		ttl := time.Duration(rr.Header().Ttl) * time.Second
		if !r.TTLKnown || ttl < r.TTL {
			r.TTL, r.TTLKnown = ttl, true
		}
	}
	return r
}
