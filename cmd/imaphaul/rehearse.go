package main

import (
	"context"
	"net"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/mx"
)

// probeTime is for how long a rehearsal reads messages of host1 to learn its rate.
const probeTime = 3 * time.Second

// delivery asks the DNS where mail for a domain arrives.
func (r *runner) delivery(ctx context.Context, domain string) event.Delivery {
	d := event.Delivery{Domain: domain}
	a, err := mx.Lookup(ctx, domain)
	if err != nil {
		d.Err = err
		return d
	}
	d.Hosts, d.TTL = a.Hosts, a.TTL
	// By names only: addresses would have to be asked for, too.
	at, err := guard.MXAt(ctx, known(a.Hosts), domain, r.p.Host2.Host)
	d.AtHost2 = err == nil && at != ""
	return d
}

// known is a resolver of one answer.
type known []string

func (k known) LookupMX(context.Context, string) ([]*net.MX, error) {
	var list []*net.MX
	for _, host := range k {
		list = append(list, &net.MX{Host: host})
	}
	return list, nil
}

func (known) LookupHost(_ context.Context, host string) ([]string, error) {
	return nil, &net.DNSError{Err: "not asked", Name: host}
}
