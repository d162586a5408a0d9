package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// stepTime bounds each question: a machine without a way to the internet must not
// wait for it.
const stepTime = 3 * time.Second

// Net is the network beside IMAP.
type Net struct {
	// DialDNS replaces the way to the name servers, for tests.
	DialDNS func(ctx context.Context, network, address string) (net.Conn, error)
	// HTTP fetches settings; nil for the usual client.
	HTTP *http.Client
	// Off asks nothing: what can be known without the network is.
	Off bool
}

// asker puts questions to DNS and for settings.
type asker struct {
	r    *net.Resolver
	tap  *tap
	http *http.Client
	off  bool
}

func newAsker(n Net) *asker {
	t := newTap(n.DialDNS)
	a := &asker{tap: t, r: &net.Resolver{PreferGo: true, Dial: t.dial}, http: n.HTTP, off: n.Off}
	if a.http == nil {
		a.http = settingsClient()
	}
	return a
}

// facts are what the questions about one side brought.
type facts struct {
	lookups  []Lookup
	addrs    []string
	srv      []*net.SRV // of _imaps, the best first
	srvPlain []*net.SRV // of _imap
	// none: the domain says that it offers no IMAP (RFC 2782, target ".").
	none     bool
	mx       []*net.MX
	settings []setting
}

// ask puts all questions about a host and about the domain of an address at once;
// either may be empty. It takes no longer than the slowest of them.
func (a *asker) ask(ctx context.Context, host, domain string) *facts {
	f := new(facts)
	if a.off {
		return f
	}
	var parts []func() Lookup
	if name := dnsName(host); name != "" {
		parts = append(parts,
			func() Lookup { l, addrs := a.addresses(ctx, "ip4", "A", name); f.addrs = addrs; return l },
			func() Lookup { l, _ := a.addresses(ctx, "ip6", "AAAA", name); return l },
		)
	}
	if name := dnsName(domain); name != "" && strings.Contains(name, ".") {
		parts = append(parts,
			func() Lookup { l, got, none := a.services(ctx, "imaps", name); f.srv, f.none = got, none; return l },
			func() Lookup { l, got, _ := a.services(ctx, "imap", name); f.srvPlain = got; return l },
			func() Lookup { l, got := a.exchangers(ctx, name); f.mx = got; return l },
			func() Lookup { l, got := a.autoconfig(ctx, name); f.settings = got; return l },
		)
	}
	f.lookups = make([]Lookup, len(parts))
	done := make(chan struct{})
	for i, p := range parts {
		go func() {
			f.lookups[i] = p()
			done <- struct{}{}
		}()
	}
	for range parts {
		<-done
	}
	return f
}

// dnsName is a host as DNS knows it; "" for an address and for a name that cannot be
// one.
func dnsName(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" || len(host) > 253 || host == "localhost" || strings.ContainsAny(host, " /\\@:%?#") {
		return ""
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	return host
}

func (a *asker) addresses(ctx context.Context, network, kind, host string) (Lookup, []string) {
	l := Lookup{Kind: kind, Name: host}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	name := host
	if strings.Contains(host, ".") {
		name += "." // not within the domain of this machine
	}
	ips, err := a.r.LookupIP(ctx, network, name)
	for _, ip := range ips {
		l.Answers = append(l.Answers, ip.String())
	}
	a.complete(&l, err, host)
	return l, l.Answers
}

func (a *asker) services(ctx context.Context, service, domain string) (Lookup, []*net.SRV, bool) {
	name := "_" + service + "._tcp." + domain
	l := Lookup{Kind: "SRV", Name: name}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	_, all, err := a.r.LookupSRV(ctx, "", "", name+".")
	var good []*net.SRV
	none := false
	for _, s := range all {
		if target := strings.TrimSuffix(s.Target, "."); target != "" && s.Port != 0 {
			good = append(good, &net.SRV{Target: target, Port: s.Port, Priority: s.Priority, Weight: s.Weight})
			l.Answers = append(l.Answers, fmt.Sprintf("%s:%d", target, s.Port))
			continue
		}
		none = true
		l.Answers = append(l.Answers, "not offered")
	}
	if len(all) > 0 {
		err = nil
	}
	a.complete(&l, err, name)
	return l, good, none && len(good) == 0
}

func (a *asker) exchangers(ctx context.Context, domain string) (Lookup, []*net.MX) {
	l := Lookup{Kind: "MX", Name: domain}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	all, err := a.r.LookupMX(ctx, domain+".")
	if len(all) > 0 {
		err = nil
	}
	slices.SortStableFunc(all, func(x, y *net.MX) int { return int(x.Pref) - int(y.Pref) })
	for _, m := range all {
		if host := strings.TrimSuffix(m.Host, "."); host != "" {
			l.Answers = append(l.Answers, host)
		} else {
			l.Answers = append(l.Answers, "takes no mail")
		}
	}
	a.complete(&l, err, domain)
	return l, all
}

// few bounds what is told of an answer: who answers may be hostile.
const few = 20

// complete says of a question that brought an error whether it was answered at all,
// and how long the answer holds.
func (a *asker) complete(l *Lookup, err error, name string) {
	var dns *net.DNSError
	switch {
	case err == nil, errors.As(err, &dns) && dns.IsNotFound:
		l.TTL = a.tap.ttl(name, l.Kind)
	default:
		l.Failed = "could not be asked: " + cause(err)
	}
	if len(l.Answers) > few {
		l.Answers = append(l.Answers[:few], "and more")
	}
}

// cause is an error of the resolver or of a client of HTTP without what is said
// already.
func cause(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		if dns.IsTimeout {
			return "no answer in time"
		}
		return dns.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}
