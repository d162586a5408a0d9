package batchrun

import (
	"fmt"
	"sync"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/hosts"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// A wrong password is tried once: many servers lock an account after some wrong ones, and
// several rows may name the same account. What a login that was tried first came to counts
// as a run of its row.

// login is who logs in where, by a password.
type login struct{ server, user, password string }

// refusals are the logins that servers refused, with the number of the row. The zero value
// is ready to use, safe for concurrent use.
type refusals struct {
	mu sync.Mutex
	by map[login]int
}

// loginsOf are the logins of a plan by password, the zero login for another one.
func loginsOf(p *plan.Plan) (of [2]login) {
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		if a.Password.IsSet() {
			of[i] = login{hosts.Of(a).String(), a.User, a.Password.Reveal()}
		}
	}
	return of
}

// isRefused reports whether a code says that a server does not take the login.
func isRefused(code int) bool {
	return code == event.ExitAuthenticateUser1 || code == event.ExitAuthenticateUser2
}

// note remembers how a row ended that had these logins.
func (r *refusals) note(of [2]login, row, code int) {
	if !isRefused(code) {
		return
	}
	if who := of[code-event.ExitAuthenticateUser1]; who != (login{}) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.by == nil {
			r.by = make(map[login]int)
		}
		r.by[who] = row
	}
}

// before is the code with which a row ends that has these logins, and why, if one of them
// was refused to another row; 0 for none.
func (r *refusals) before(of [2]login, row int) (code int, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, who := range of {
		if other, ok := r.by[who]; ok && other != row {
			return event.ExitAuthenticateUser1 + i, fmt.Sprintf("Host%d: not tried, since row %d was refused there with the same user and password", i+1, other)
		}
	}
	return 0, ""
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
