// Package doctor looks at the accounts of a plan before a migration: whether they can
// be reached and entered, what their servers can do, how much there is, and what is
// wrong. Its result is a plain value, printed as text or JSON.
//
// It changes nothing in a mailbox. The only exception is asked for: the write test
// makes a temporary folder on host2 (on host1 where that is the only side), and removes
// it, also after an interruption.
//
// Where host and port were guessed from an address nobody logs in: a guess rests on
// DNS, which can be forged, and a password goes only to a host that the user named
// (RFC 6186 section 6). docs/doctor.md tells what is asked of whom.
package doctor

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/mailread"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// Options are what an examination needs beside the plan.
type Options struct {
	// Open prepares an account; side is 1 or 2.
	Open func(a *plan.Account, side int) (*access.Account, error)
	// Net is the network beside IMAP.
	Net Net
	// Version is that of the program.
	Version string
	// Now is the clock, nil for time.Now.
	Now func() time.Time
}

// patience bounds how long a server may say nothing.
const patience = 15 * time.Second

// examination is one side being looked at.
type examination struct {
	all  *plan.Plan
	plan plan.Account // a copy: a guess completes it
	o    *Options
	ask  *asker

	side    *Side
	account *access.Account
	tree    *mailread.Tree
	space   folders.Space
	facts   *facts

	problems []Problem
	record   record
	// noLogin: the host is only guessed, or did not prove who it is.
	noLogin bool
}

// Run looks at the sides of a plan of "imaphaul doctor" that are given. It ends early
// with the context, and then says so.
func Run(ctx context.Context, p *plan.Plan, o Options) *Result {
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Result{Version: o.Version, Problems: []Problem{}, Next: []string{}}
	asker := newAsker(o.Net)
	var all []*examination
	var wait sync.WaitGroup
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		if a.Host == "" && !p.Doctor.Guess[i] {
			continue
		}
		x := &examination{all: p, plan: *a, o: &o, ask: asker, side: &Side{Side: i + 1, Host: a.Host, User: a.User}}
		if x.plan.Timeout <= 0 || x.plan.Timeout > patience {
			x.plan.Timeout = patience
		}
		all = append(all, x)
		r.Sides = append(r.Sides, x.side)
		wait.Go(func() { x.examine(ctx, p.Doctor.Guess[i]) })
	}
	wait.Wait()
	for _, x := range all {
		r.records = append(r.records, &x.record)
		if x.tree != nil {
			x.record.folders(&x.tree.Side, x.space)
		}
	}
	r.Machine = machine(ctx, p)
	r.conclude(ctx, p, all, o.Now())
	return r
}

// examine looks at one side.
func (x *examination) examine(ctx context.Context, guessed bool) {
	x.record.mask = newMask(&x.plan)
	domain := domainOf(x.plan.User)
	private := x.plan.Proxy.IsSet() // its name is not for the name servers here
	if guessed {
		x.facts = x.ask.ask(ctx, "", domain)
		if !x.guessed(ctx, domain) {
			x.side.DNS = x.facts.lookups
			return
		}
	}
	asked := make(chan *facts, 1)
	go func() {
		switch {
		case private:
			asked <- new(facts)
		case guessed:
			asked <- x.ask.ask(ctx, x.plan.Host, "")
		default:
			asked <- x.ask.ask(ctx, x.plan.Host, domain)
		}
	}()
	x.visit(ctx)
	f := <-asked
	x.side.DNS = f.lookups
	if x.facts != nil {
		x.side.DNS = append(x.side.DNS, x.facts.lookups...)
	}
}

// guessed completes the plan by what is known of the address.
func (x *examination) guessed(ctx context.Context, domain string) bool {
	g, why := x.ask.guess(ctx, domain, x.facts)
	x.side.Guess, x.noLogin = g, true
	if why != "" {
		x.problem(Stop, x.connectionCode(), "no IMAP server was found for "+x.plan.User+": "+why, "give it with "+x.opt("host"), "")
		return false
	}
	x.plan.Host = g.Host
	x.side.Host = g.Host
	if x.plan.Port == 0 {
		x.plan.Port = g.Port
	}
	if x.plan.SSL == nil && x.plan.StartTLS == nil {
		on := true
		if g.StartTLS {
			x.plan.StartTLS = &on
		} else {
			x.plan.SSL = &on
		}
	}
	return true
}

// visit connects, logs in where it may, and looks around.
func (x *examination) visit(ctx context.Context) {
	var err error
	if x.account, err = x.o.Open(&x.plan, x.side.Side); err != nil {
		x.problem(Stop, codeUsage, err.Error(), "correct the option", "")
		return
	}
	c := x.connect(ctx)
	if c == nil {
		return
	}
	defer func() { _ = c.Close() }() // it was only looked at
	x.met(ctx, c)
	if ctx.Err() != nil || !x.enter(ctx, c) {
		return
	}
	if err := x.look(ctx, c); err != nil {
		if ctx.Err() == nil {
			x.problem(Stop, x.connectionCode(), "the connection was lost: "+brief(err), "try again; if it happens again, the server may limit how much one may ask", "")
		}
		return
	}
	logout(ctx, c)
	if x.all.Doctor.Probe && ctx.Err() == nil {
		x.probe(ctx)
	}
	if x.all.Doctor.WriteTest && ctx.Err() == nil && x.side.Side == x.writeSide() {
		x.writeTest(ctx)
	}
}

// writeSide is the side on which a write test is made: host1 only where it is alone.
func (x *examination) writeSide() int {
	if x.all.Host2.Host == "" && !x.all.Doctor.Guess[1] {
		return 1
	}
	return 2
}

// connect opens the connection. Where only the certificate is at fault, it is opened
// all the same, and nobody logs in on it. nil: there is none, and a problem says why.
func (x *examination) connect(ctx context.Context) *imapconn.Conn {
	c, err := x.account.Connect(ctx)
	if port, _, wayErr := x.account.Way(ctx); wayErr == nil {
		x.side.Port = port
	}
	if err == nil {
		return c
	}
	if ctx.Err() != nil {
		return nil
	}
	x.unreachable(err)
	var failed *imapconn.TLSError
	if !errors.As(err, &failed) || failed.Cert == nil {
		return nil
	}
	x.noLogin = true
	x.side.Certificate = described(failed.Cert)
	x.side.Certificate.Why = certificateFault(failed)
	c, err = x.account.ConnectWith(ctx, func(cfg *imapconn.Config) {
		if cfg.TLSConfig == nil {
			return
		}
		t := cfg.TLSConfig.Clone()
		t.InsecureSkipVerify, t.VerifyConnection, t.VerifyPeerCertificate = true, nil, nil
		cfg.TLSConfig, cfg.Waived = t, nil
	})
	if err != nil {
		return nil
	}
	return c
}

// met writes down what a server shows of itself before anybody logs in.
func (x *examination) met(ctx context.Context, c *imapconn.Conn) {
	s := x.side
	greeting, info := c.Greeting(), c.Info()
	s.Reached, s.Greeting, s.Address = true, greeting.Line(), info.RemoteIP
	x.record.mask.hide(info.LocalIP, info.RemoteIP)
	x.record.greeting(&greeting)
	x.record.capability(c)
	s.Protection = "none"
	if info.TLS != "" {
		_, s.Cipher, _ = strings.Cut(strings.TrimPrefix(info.TLS, "TLS "), " ")
		s.Protection = "TLS"
		if info.StartTLS {
			s.Protection = "STARTTLS"
		}
		if s.Certificate == nil {
			s.Certificate = certificate(c)
			s.Certificate.Accepted = true
			switch waived := x.account.Waived(); {
			case x.plan.Insecure:
				s.Certificate.Why = "not checked, as you asked (" + x.opt("insecure") + ")"
			case waived != nil:
				s.Certificate.Why = "only since the host is this machine: " + certificateFault(waived)
			case x.plan.Fingerprint != "":
				s.Certificate.Why = "by its fingerprint"
			}
		}
		s.TLS = versions(ctx, x.account)
	}
	s.Mechanisms = mechanisms(c)
	creds := x.account.Credentials()
	s.Mechanism = creds.Mechanism()
	s.Capabilities, s.Others = capabilities(c, s.Side)
}

// enter logs in. false: nobody is logged in, and where that is wrong a problem says so.
func (x *examination) enter(ctx context.Context, c *imapconn.Conn) bool {
	a, s := &x.plan, x.side
	unprotected := s.Protection == "none" && !imapconn.Loopback(a.Host) && !a.AllowCleartext
	if unprotected {
		x.problem(Stop, codeTLS, "the server offers no TLS on port "+itoa(s.Port)+": a password would travel in the clear", "use the port on which it offers TLS ("+x.opt("port")+"), usually 993; or, if nobody can listen on the way, "+x.opt("nossl")+" "+x.opt("notls"), "")
		return false
	}
	if x.noLogin || a.User == "" || !x.secretGiven(c) {
		return false
	}
	if err := x.account.Login(ctx, c); err != nil {
		if ctx.Err() == nil {
			x.loginRefused(err)
		}
		return false
	}
	s.LoggedIn, s.Mechanism = true, c.AuthMechanism()
	x.record.login(c)
	if a.SendID && c.Has(imap.CapID) {
		id, err := c.ID(ctx, [2]string{"name", "imaphaul"}, [2]string{"version", x.o.Version})
		if err != nil {
			x.refused(err)
			return c.Err() == nil
		}
		s.ID = id
		x.record.id(id)
	}
	return true
}

// secretGiven reports whether there is something to log in with.
func (x *examination) secretGiven(c *imapconn.Conn) bool {
	a, cr := &x.plan, x.account.Credentials()
	greeting := c.Greeting()
	return greeting.Status == "PREAUTH" || a.Mech == "EXTERNAL" || a.Password.IsSet() || a.Token.IsSet() || a.TokenFile != "" ||
		cr.TokenSource != nil || a.OAuthDirect.IsSet() || a.OAuthDirectFile != ""
}

// logout says good-bye; its time is bounded.
func logout(ctx context.Context, c *imapconn.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if c.Err() == nil {
		_ = c.Logout(ctx) // whatever it answers
	}
	_ = c.Close()
}
