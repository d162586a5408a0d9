package engine

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/plan"
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
	if err := r.openJournal(ctx); err != nil {
		return err
	}
	if !r.p.Dry {
		r.journalFailed(r.j.NoteMailTo2(time.Now(), mx)) // the next run may not get an answer
	}
	return r.refuseDelete2(fmt.Sprintf("mail for %s is delivered to %s already (MX %s)", domain, r.p.Host2.Host, mx))
}

func (r *run) refuseDelete2(why string) error {
	r.fault(event.Error{
		Class: event.ErrRefused,
		Text:  fmt.Sprintf("Host2: --delete2 is refused: %s, so what host1 does not have may be new mail", why),
		Hint:  "run without --delete2; --nomxcheck allows it, and new mail is then kept as long as it is younger than all mail of host1",
	})
	return errStopped
}

// recallMX has nothing be deleted on host2 where mail was once seen to be delivered there,
// whatever the DNS says now, or does not say: by this call, or by an earlier one, which the
// journal tells. --nomxcheck leaves that to who gives it.
func (r *run) recallMX() error {
	d, kept := &r.p.Deletion, r.o.Keep
	if kept != nil && !kept.MailTo2.IsZero() {
		r.journalFailed(r.j.NoteMailTo2(kept.MailTo2, kept.MX))
	}
	if kept != nil {
		r.journalFailed(r.j.NoteMailBefore(kept.MailBefore))
		before, err := r.j.MailBefore()
		r.journalFailed(err)
		kept.MailBefore = kept.MailBefore.Join(before)
	}
	deletes := d.Delete2 || d.Delete2Duplicates || d.Expunge2 || r.p.Folders.Delete2Folders
	if !deletes || !d.MXCheck || r.p.Mode != plan.ModeSync {
		return nil
	}
	seen, mx, err := r.j.MailTo2()
	r.journalFailed(err)
	if seen.IsZero() {
		return nil
	}
	why := fmt.Sprintf("mail was seen to be delivered to %s (MX %s) at %s", r.p.Host2.Host, mx, seen.Local().Format("2006-01-02 15:04"))
	if kept == nil {
		if !d.Delete2 {
			return nil
		}
		return r.refuseDelete2(why)
	}
	if kept.MailTo2.IsZero() {
		r.warn(fmt.Sprintf("Host2: %s. Nothing is deleted there: what host1 does not have may be new mail; --nomxcheck allows it", why))
		kept.MailTo2, kept.MX = seen, mx
	}
	// The plan is that of this pass.
	d.Delete2, d.Delete2Duplicates, d.Expunge2 = false, false, false
	r.p.Folders.Delete2Folders = false
	return nil
}
