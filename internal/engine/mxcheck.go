package engine

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/guard"
)

// mxPatience bounds the look-ups of a run: without a resolver nothing waits for
// longer.
const mxPatience = 3 * time.Second

// checkMX refuses --delete2 when mail for user2 is delivered to host2 already:
// what host1 does not have there may be mail that just came in. It only says so
// when it is sure; without an answer of the DNS the run goes on.
func (r *run) checkMX(ctx context.Context) error {
	d := &r.p.Deletion
	if !d.Delete2 || !d.MXCheck || r.p.Host2.Host == "" {
		return nil
	}
	user := r.p.Host2.User
	at := strings.LastIndexByte(user, '@')
	domain := user[at+1:]
	if at < 0 || !strings.Contains(domain, ".") {
		return nil
	}
	resolver := r.o.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	ctx, cancel := context.WithTimeout(ctx, mxPatience)
	defer cancel()
	mx, err := guard.MXAt(ctx, resolver, domain, r.p.Host2.Host)
	if err != nil {
		r.note(fmt.Sprintf("Host2: it could not be detected where mail for %s is delivered (%v); --delete2 goes on without", domain, err))
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
