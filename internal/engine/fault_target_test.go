package engine_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// The promise under test: after any interruption at any point, the same command
// line run again ends with exactly one copy of every message.
//
// IMAPHAUL_CHAOS=full tries every interesting byte and several hundred others
// instead of a sample of them; IMAPHAUL_SEED chooses another sample.

// target is a way of storing messages that a destination leaves open.
type target struct {
	name, kind string
	// hide are capabilities that the destination does not tell it has.
	hide []string
	// mute: it tells no APPENDUID.
	mute bool
}

var targets = []target{
	{name: "embedded", kind: mailtest.Embedded},
	{name: "dovecot", kind: mailtest.Dovecot},
	{name: "dovecot singles", kind: mailtest.Dovecot, hide: []string{"MULTIAPPEND"}},
	{name: "dovecot synchronous", kind: mailtest.Dovecot, hide: []string{"MULTIAPPEND", "LITERAL+"}},
	{name: "dovecot without UIDPLUS", kind: mailtest.Dovecot, hide: []string{"UIDPLUS"}, mute: true},
	{name: "cyrus", kind: mailtest.Cyrus},
	{name: "courier", kind: mailtest.Courier},
	{name: "mox", kind: mailtest.Mox},
}

// server starts, or finds, a server of a kind.
func server(t testing.TB, kind string) *mailtest.Server {
	t.Helper()
	if kind == mailtest.Embedded {
		return mailtest.StartEmbedded(t, embedded.Options{})
	}
	return mailtest.Real(t, kind)
}

// account makes an account on the target's server, seen through what hides its
// capabilities.
func (g target) account(t testing.TB) account {
	t.Helper()
	if g.kind != mailtest.Embedded {
		mailtest.Kinds(t, g.kind)
	}
	a := newAccount(t, server(t, g.kind))
	var rules []meddle.Rule
	for _, c := range g.hide {
		rules = append(rules, meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(` ` + regexp.QuoteMeta(c) + `\b|` + ` ` + regexp.QuoteMeta(c) + `$`)})
	}
	if g.mute {
		rules = append(rules, meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`\[APPENDUID [^]]*\] `)})
	}
	if len(rules) > 0 {
		a, _ = meddled(t, a, rules...)
	}
	return a
}

// addr is where the account's server is reached.
func (a account) addr() string {
	port := a.port
	if port == 0 {
		port = a.s.Port
	}
	return fmt.Sprintf("%s:%d", a.s.Host, port)
}

// grace is the pause of these tests between looking for what arrived, and before
// connecting again: as long as a server on this machine may need to finish what
// it had received.
const grace = 40 * time.Millisecond

var literal = regexp.MustCompile(`\{(\d+)\+?\}\r\n`)

var fromDovecot = target{name: "dovecot", kind: mailtest.Dovecot}
