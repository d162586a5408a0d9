package batchrun

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/hosts"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/runner"
)

// A wrong password is tried once: many servers lock an account after some wrong ones, and
// several rows may name the same account. So of rows with the same login one logs in first,
// and the others wait until it is in. What a login that was tried first came to counts as a
// run of its row.

// login is who logs in where, by a password. An administrator (--authuserN) does so for
// others: that he is refused for one account may be about that account.
type login struct {
	server, user, password string
	admin                  bool
}

// mostRefusals is how many rows may be refused with the password of an administrator that
// was accepted for none.
const mostRefusals = 3

// logins is what is known of the logins of rows that run, and of those that servers
// refused. The zero value is ready to use, safe for concurrent use.
type logins struct {
	mu sync.Mutex
	of map[login]*tried
}

// tried is what is known of one login.
type tried struct {
	rows     int           // that run with it
	first    chan struct{} // closed when the row that tries it first knows; nil for nobody
	accepted bool          // at least once
	refused  int           // the last row to which it was refused, 0 for none
	refusals int
}

// why says why a row is not to try a login on side n, "" if it may.
func (t *tried) why(who login, n, row int) string {
	switch {
	case t == nil || t.refused == 0 || t.refused == row:
		return ""
	case !who.admin:
		return fmt.Sprintf("Host%d: not tried, since row %d was refused there with the same user and password", n, t.refused)
	case t.accepted || t.refusals < mostRefusals:
		return ""
	}
	return fmt.Sprintf("Host%d: not tried, since %d rows were refused there with the same --authuser%d and password, and none was accepted", n, t.refusals, n)
}

// loginsOf are the logins of a plan by password, the zero login for another one. Names that
// are one server are one here, and so are users that differ in case, as in [AccountsOf].
func (b *run) loginsOf(p *plan.Plan) (of [2]login) {
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		if a.Password.IsSet() {
			of[i] = login{hosts.Of(a).In(b.same), strings.ToLower(cmp.Or(a.AuthUser, a.User)), a.Password.Reveal(), a.AuthUser != "" && !strings.EqualFold(a.AuthUser, a.User)}
		}
	}
	if of[0] == of[1] {
		of[1] = login{}
	}
	return of
}

// isRefused reports whether a code says that a server does not take the login.
func isRefused(code int) bool {
	return code == event.ExitAuthenticateUser1 || code == event.ExitAuthenticateUser2
}

// begin waits until no other row tries one of these logins for the first time. The code is
// not 0, with the reason, for a row that is not to try them, since one was refused to
// another row, or because the batch ends.
func (l *logins) begin(ctx context.Context, stop <-chan struct{}, of [2]login, row int) (code int, why string) {
	for {
		first, code, why := l.take(of, row)
		if first == nil {
			return code, why
		}
		select {
		case <-first:
		case <-stop:
			return event.ExitBySignal, ""
		case <-ctx.Done():
			return event.ExitBySignal, ""
		}
	}
}

// take takes both logins for a row, or none: then what to wait for comes back, or the code
// with which the row ends. Nobody who waits for one holds the other one.
func (l *logins) take(of [2]login, row int) (first <-chan struct{}, code int, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, who := range of {
		if why := l.of[who].why(who, i+1, row); why != "" {
			return nil, event.ExitAuthenticateUser1 + i, why
		}
	}
	for _, who := range of {
		if t := l.of[who]; t != nil && t.first != nil {
			return t.first, 0, ""
		}
	}
	for _, who := range of {
		if who == (login{}) {
			continue
		}
		t := l.of[who]
		if t == nil {
			if l.of == nil {
				l.of = make(map[login]*tried)
			}
			t = new(tried)
			l.of[who] = t
		}
		if t.rows++; t.rows == 1 && !t.accepted {
			t.first = make(chan struct{})
		}
	}
	return nil, 0, ""
}

// good says that a login was accepted: others may use it.
func (l *logins) good(who login) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.of[who]; t != nil {
		t.accepted = true
		t.known()
	}
}

// refusedIn says which logins of a row were refused: its exit code names one of them, and
// the other one may have been refused as well. One that was let in before was refused in a
// later connection, which is told by its code only where that is what the row ended by.
func refusedIn(end runner.End, letIn [2]bool) (sides [2]bool) {
	for i, class := range []event.Class{event.ErrAuthUser1, event.ErrAuthUser2} {
		sides[i] = end.Code == event.ExitAuthenticateUser1+i || !letIn[i] && end.Stats != nil && end.Stats.ByClass[class] > 0
	}
	return sides
}

// end gives back the logins of a row that began, and remembers those that were refused.
func (l *logins) end(of [2]login, row int, refused [2]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, who := range of {
		t := l.of[who]
		if t == nil {
			continue
		}
		if refused[i] {
			t.refused = row
			t.refusals++
		}
		t.known() // or not, and the next row tries
		if t.rows--; t.rows == 0 && t.refused == 0 && !who.admin {
			delete(l.of, who)
		}
	}
}

// known lets those go on who wait for the row that tries first.
func (t *tried) known() {
	if t.first != nil {
		close(t.first)
		t.first = nil
	}
}

// dropRefused takes the rows whose login was refused from those that are to run, and
// returns how many rows wait for somebody to correct a login, those of earlier calls as
// well.
func (b *run) dropRefused() (waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := make([]batch.Job, 0, len(b.jobs))
	for _, j := range b.jobs {
		if !isRefused(b.results[j.Row.Number].code) {
			kept = append(kept, j)
		}
	}
	b.jobs = kept
	for _, r := range b.results {
		if isRefused(r.code) && r.state == batch.StatePerson {
			waiting++
		}
	}
	return waiting
}
