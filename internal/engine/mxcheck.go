package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/imaphaul/imaphaul/internal/event"
)

// Resolver looks names up in the DNS; *net.Resolver does.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// mxPatience bounds the look-ups of a run: without a resolver nothing waits for
// longer.
const mxPatience = 3 * time.Second

// sameMail holds the domains under which one provider takes mail and serves
// IMAP: [0] of MX hosts, [1] of IMAP hosts.
var sameMail = [][2]string{
	{"google.com", "gmail.com"}, {"googlemail.com", "gmail.com"}, {"google.com", "googlemail.com"}, {"googlemail.com", "google.com"},
	{"outlook.com", "office365.com"}, {"outlook.com", "live.com"}, {"outlook.com", "hotmail.com"},
	{"yahoodns.net", "yahoo.com"}, {"mail.icloud.com", "mail.me.com"},
}

// checkMX refuses --delete2 when mail for user2 is delivered to host2 already:
// what host1 does not have there may be mail that just came in. It only says so
// when it is sure; without an answer of the DNS the run goes on.
func (r *run) checkMX(ctx context.Context) error {
	d := &r.p.Deletion
	if !d.Delete2 || !d.MXCheck || r.p.Host2.Host == "" {
		return nil
	}
	_, domain, ok := cutLast(r.p.Host2.User, "@")
	if !ok || !strings.Contains(domain, ".") {
		return nil
	}
	resolver := r.o.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	ctx, cancel := context.WithTimeout(ctx, mxPatience)
	defer cancel()
	mx, err := mxAt(ctx, resolver, domain, r.p.Host2.Host)
	if err != nil {
		r.note(fmt.Sprintf("Host2: it could not be found out where mail for %s is delivered (%v); --delete2 goes on without", domain, err))
		return nil
	}
	if mx == "" {
		return nil
	}
	r.fault(event.Error{
		Class: event.ErrRefused,
		Text:  fmt.Sprintf("Host2: --delete2 is refused: mail for %s is delivered to %s already (MX %s), so what host1 does not have may be new mail", domain, r.p.Host2.Host, mx),
		Hint:  "run without --delete2; --nomxcheck allows it, and new mail is then kept as long as it is younger than all mail of host1",
	})
	return errStopped
}

// mxAt returns the MX of domain that points at host, "" when none does.
func mxAt(ctx context.Context, resolver Resolver, domain, host string) (string, error) {
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
		if name == host || sameOwner(name, host) {
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

// sameOwner reports whether both names are of one organisation.
func sameOwner(mx, host string) bool {
	for _, pair := range sameMail {
		if within(mx, pair[0]) && within(host, pair[1]) {
			return true
		}
	}
	a, err1 := publicsuffix.EffectiveTLDPlusOne(mx)
	b, err2 := publicsuffix.EffectiveTLDPlusOne(host)
	return err1 == nil && err2 == nil && a == b
}

func within(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
