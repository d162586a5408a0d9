package runner

import (
	"context"
	"net"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/mx"
	"github.com/imaphaul/imaphaul/internal/plan"
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

// blind are sentences about what options of a plan do that its rehearsal does not
// foretell.
func blind(p *plan.Plan) (all []string) {
	t := &p.Transform
	say := func(on bool, option, what string) {
		if on {
			all = append(all, option+" "+what)
		}
	}
	say(p.Dry1 && len(t.PipeMess) > 0, "--pipemess", "is not run, so what it leaves out or changes is not known; --dry --nodry1 runs it")
	say(p.Dry1 && t.MaxLineLengthCmd != "", "--maxlinelengthcmd", "is not run; --dry --nodry1 runs it")
	say(p.Dry1 && len(t.SkipMess) > 0, "--skipmess", "looks into messages, which are not read; --nodry1 reads them")
	say(p.Dry1 && len(t.RegexMess) > 0, "--regexmess", "looks into messages, which are not read; --nodry1 reads them")
	say(p.Dry1 && (t.MaxLineLength != nil || t.MinMaxLineLength != nil), "--maxlinelength and --minmaxlinelength", "look into messages, which are not read; --nodry1 reads them")
	say(p.Flags.SyncAfterCopy, "--syncflagsaftercopy", "stores flags that host2 lost, which only storing can tell")
	say(p.Folders.SyncACLs, "--syncacls", "may be refused by host2, which only writing can tell")
	return all
}
