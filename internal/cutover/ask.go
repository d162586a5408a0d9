package cutover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/imaphaul/imaphaul/internal/dnsquery"
	"github.com/imaphaul/imaphaul/internal/mx"
)

// stepTime bounds one question.
const stepTime = 3 * time.Second

// few bounds what is kept of an answer: who answers may be hostile.
const few = 20

// answer is a reply in words.
type answer struct {
	text []string
	// hosts are the names that an MX, CNAME or SRV points at, addrs addresses.
	hosts, addrs []string
	ttl          *int
	err          error
}

// unanswered is how many questions in a row may stay without an answer before no more
// are put to the same resolvers.
const unanswered = 4

var errGivenUp = errors.New("it was not asked for, since the questions before were not answered")

func (o *Options) ask(ctx context.Context, name string, kind uint16) answer {
	return inWords(o.put(ctx, name, kind))
}

// put puts a question to the resolvers.
func (o *Options) put(ctx context.Context, name string, kind uint16) (dnsquery.Reply, error) {
	if o.failed.Load() >= unanswered {
		return dnsquery.Reply{}, errGivenUp
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	reply, err := o.Resolvers.Ask(ctx, name, kind)
	if err != nil {
		o.failed.Add(1)
	} else {
		o.failed.Store(0)
	}
	return reply, err
}

func inWords(r dnsquery.Reply, err error) answer {
	if err != nil {
		return answer{err: err}
	}
	var a answer
	if r.TTLKnown {
		n := int(r.TTL / time.Second)
		a.ttl = &n
	}
	for _, rr := range r.Records {
		if len(a.text) == few {
			break
		}
		switch v := rr.(type) {
		case *dns.A:
			a.addrs = append(a.addrs, v.A.String())
			a.text = append(a.text, v.A.String())
		case *dns.AAAA:
			a.addrs = append(a.addrs, v.AAAA.String())
			a.text = append(a.text, v.AAAA.String())
		case *dns.CNAME:
			a.hosts = append(a.hosts, plain(v.Target))
			a.text = append(a.text, "CNAME "+plain(v.Target))
		case *dns.TXT:
			a.text = append(a.text, strings.Join(v.Txt, ""))
		case *dns.NS:
			a.hosts = append(a.hosts, plain(v.Ns))
		case *dns.SRV:
			if host := plain(v.Target); host != "" {
				a.hosts = append(a.hosts, host)
				a.text = append(a.text, fmt.Sprintf("%s:%d", host, v.Port))
				continue
			}
			a.text = append(a.text, "not offered")
		}
	}
	return a
}

// plain is a name without the final dot, in lower case.
func plain(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// reason is an error in words, without the port of this machine.
func reason(err error) string {
	var op *net.OpError
	if !errors.As(err, &op) || op.Addr == nil {
		return err.Error()
	}
	inner := op.Err
	var sys *os.SyscallError
	if errors.As(inner, &sys) {
		inner = sys.Err
	}
	return op.Addr.String() + ": " + inner.Error()
}

// addresses are those of a host, nil when they cannot be found.
func (o *Options) addresses(ctx context.Context, host string) []string {
	if net.ParseIP(host) != nil {
		return []string{host}
	}
	if host == "" || host == "localhost" {
		return nil
	}
	return append(o.ask(ctx, host, dns.TypeA).addrs, o.ask(ctx, host, dns.TypeAAAA).addrs...)
}

// zoneMX is where mail for a domain arrives.
type zoneMX struct {
	mx.Answer
	err error
	// agree: all name servers of the domain that answered say the same; asked is how
	// many did, others are what the first of them that disagrees says. silent are those
	// that did not answer for the domain.
	agree  bool
	asked  int
	others []string
	silent []string
}

// maxZones bounds how many name servers of a domain are asked.
const maxZones = 8

// askMX asks the resolver, and then the name servers of the domain themselves: they
// know the whole TTL, and whether a change has reached all of them.
func (o *Options) askMX(ctx context.Context, domain string) zoneMX {
	reply, err := o.put(ctx, domain, dns.TypeMX)
	z := zoneMX{Answer: mx.Read(reply), err: err, agree: true}
	var servers, names []string
	for _, ns := range o.ask(ctx, domain, dns.TypeNS).hosts {
		if len(servers) == maxZones {
			break
		}
		if addrs := o.addresses(ctx, ns); len(addrs) > 0 {
			servers, names = append(servers, net.JoinHostPort(addrs[0], strconv.Itoa(o.ZonePort))), append(names, ns)
		} else {
			z.silent = append(z.silent, ns)
		}
	}
	type told struct {
		dnsquery.Reply
		name string
	}
	answers := make(chan told, len(servers))
	for i, server := range servers {
		go func() {
			one, cancel := context.WithTimeout(ctx, stepTime)
			defer cancel()
			r, err := dnsquery.Client{Servers: []string{server}, Direct: true, Dialer: o.Resolvers.Dialer}.Ask(one, domain, dns.TypeMX)
			if err != nil || !r.Authoritative {
				r = dnsquery.Reply{}
			}
			answers <- told{r, names[i]}
		}()
	}
	for range servers {
		r := <-answers
		if !r.Authoritative {
			z.silent = append(z.silent, r.name)
			continue
		}
		a := mx.Read(r.Reply)
		if z.asked == 0 && z.err != nil {
			z.Answer, z.err = a, nil
		}
		z.asked++
		if slices.Equal(a.Hosts, z.Hosts) {
			if a.TTLKnown && a.TTL > z.TTL {
				z.TTL, z.TTLKnown = a.TTL, true
			}
		} else if z.agree {
			z.agree, z.others = false, a.Hosts
		}
	}
	slices.Sort(z.silent)
	return z
}
