package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/units"
)

// Exit codes of a run for what keeps it from beginning.
const (
	codeUsage  = event.ExitUsage
	codeTLS    = event.ExitTLS
	codeErrors = event.ExitErrors
)

func itoa(n int) string { return strconv.Itoa(n) }

// opt names an option of this side.
func (x *examination) opt(name string) string { return "--" + name + itoa(x.side.Side) }

func (x *examination) connectionCode() int { return event.ExitConnection1 + x.side.Side - 1 }

// problem adds a finding about this side.
func (x *examination) problem(s Severity, code int, what, remedy, command string) {
	x.problems = append(x.problems, Problem{Severity: s, Side: x.side.Side, What: what, Remedy: remedy, Command: command, code: code})
}

// unreachable explains why no connection came about.
func (x *examination) unreachable(err error) {
	var dial *imapconn.DialError
	var greeting *imapconn.GreetingError
	var failed *imapconn.TLSError
	var dns *net.DNSError
	host, port := x.plan.Host, itoa(x.side.Port)
	here := host + " port " + port
	switch {
	case errors.As(err, &failed):
		x.tlsFailed(failed)
	case errors.As(err, &dns) && dns.IsNotFound:
		x.problem(Stop, x.connectionCode(), "there is no host of the name "+host, "check "+x.opt("host")+" for a slip, and that this machine has a way to the internet; \"imaphaul doctor ADDRESS\" finds the host that belongs to an address", "")
	case errors.As(err, &dns):
		x.problem(Stop, x.connectionCode(), "the name "+host+" cannot be looked up: "+cause(err), "check that this machine has a way to the internet and a name server", "")
	case errors.As(err, &dial) && errors.Is(err, syscall.ECONNREFUSED):
		x.problem(Stop, x.connectionCode(), "nobody listens at "+here+" (connection refused)", "check "+x.opt("host")+" and "+x.opt("port")+": IMAP is at 993 (TLS) or 143 (STARTTLS); or the server is down", "")
	case errors.As(err, &dial):
		x.problem(Stop, x.connectionCode(), "no connection to "+here+": "+brief(dial.Err), "a firewall here or there may drop it; check "+x.opt("host")+" and "+x.opt("port")+", or go through a proxy with "+x.opt("proxy"), "")
	case errors.As(err, &greeting):
		x.strange(greeting, here)
	default:
		x.problem(Stop, x.connectionCode(), "no connection to "+here+": "+brief(err), "check "+x.opt("host")+" and "+x.opt("port"), "")
	}
	x.refused(err)
}

// strange explains a greeting that is none.
func (x *examination) strange(e *imapconn.GreetingError, here string) {
	var bye *imapconn.Response
	var lost *imapconn.ConnError
	switch {
	case errors.As(e.Err, &bye):
		x.problem(Stop, x.connectionCode(), "the server at "+here+" takes nobody now: "+bye.Error(), "wait and try again; it may count too many connections from this address", "")
	case errors.As(e.Err, &lost) && lost.Timeout:
		x.problem(Stop, x.connectionCode(), "the port is open and says nothing: "+here+" sent no greeting within "+x.plan.Timeout.String(), "it may speak TLS from the first byte ("+x.opt("ssl")+"), or be another service than IMAP: check "+x.opt("port"), "")
	default:
		x.problem(Stop, x.connectionCode(), "what listens at "+here+" is no IMAP server: "+brief(e.Err), "check "+x.opt("port")+": IMAP is at 993 (TLS) or 143 (STARTTLS)", "")
	}
}

// tlsFailed explains a handshake or a certificate.
func (x *examination) tlsFailed(e *imapconn.TLSError) {
	switch {
	case e.Cert != nil:
		pin := x.opt("fingerprint") + " sha256:" + imapconn.Fingerprint(e.Cert)
		x.problem(Stop, codeTLS, "the certificate is not accepted: "+certificateFault(e), "the server's operator has to put it right; if he confirms that it is his, accept this one certificate: "+pin, "")
	case e.NotTLS:
		x.problem(Stop, codeTLS, fmt.Sprintf("port %d does not speak TLS from the first byte", x.side.Port), "begin in the clear and protect the connection: "+x.opt("tls")+" in place of "+x.opt("ssl")+"; or give the port of TLS, usually 993", "")
	default:
		x.problem(Stop, codeTLS, brief(e), "use the port on which the server offers TLS ("+x.opt("port")+"), usually 993", "")
	}
}

// certificateFault says in a few words what is wrong with a certificate.
func certificateFault(err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var failed *imapconn.TLSError
	var cert *x509.Certificate
	if errors.As(err, &failed) {
		cert = failed.Cert
	}
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && cert != nil && time.Now().Before(cert.NotBefore):
		return "it is not valid before " + cert.NotBefore.UTC().Format(time.DateOnly)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && cert != nil:
		return "it expired on " + cert.NotAfter.UTC().Format(time.DateOnly)
	case errors.As(err, &host):
		return "it is for another name"
	case errors.As(err, &unknown):
		return "nobody knows the authority that signed it"
	}
	if failed != nil && failed.Err != nil {
		return brief(failed.Err)
	}
	return brief(err)
}

// loginRefused explains a refused login.
func (x *examination) loginRefused(err error) {
	x.refused(err)
	n, user := itoa(x.side.Side), x.plan.User
	home, _ := provider.HomeAt(x.plan.Host)
	command := ""
	if home.Login != "" && x.account.Credentials().TokenSource == nil {
		command = "imaphaul login " + home.Login + " --user " + user
	}
	code := event.ExitAuthenticateUser1 + x.side.Side - 1
	what := "the login of " + user + " was refused: " + brief(err)
	var crowded interface{ Crowded() bool }
	var own interface {
		Advice(side, user string) string
	}
	switch advice, known := provider.Advise(x.plan.Host+" "+x.side.Greeting, err.Error()); {
	case errors.Is(err, imapconn.ErrCleartext):
		x.problem(Stop, codeTLS, brief(err), "use the port on which the server offers TLS ("+x.opt("port")+"), usually 993", "")
	case errors.As(err, &crowded) && crowded.Crowded():
		x.problem(Stop, x.connectionCode(), "the server has no room for the login of "+user+" now: "+brief(err), "the password was neither accepted nor refused: close other programs that read this account, wait and try again", "")
	case errors.As(err, &own) && own.Advice(n, user) != "":
		x.problem(Stop, code, what, own.Advice(n, user), command)
	case known:
		x.problem(Stop, code, what+": "+advice.Cause, advice.For(n, user), command)
	default:
		from := x.plan.PasswordFrom
		if from == "" {
			from = "no password was sent"
		}
		x.problem(Stop, code, what, "check "+x.opt("user")+" and the password or token ("+from+")", command)
	}
}

// weigh finds what is wrong on a side that was reached.
func (x *examination) weigh(now time.Time) {
	s := x.side
	if c := s.Certificate; c != nil && c.Accepted && c.NotAfter.Sub(now) < 14*24*time.Hour && !x.plan.Insecure && now.Before(c.NotAfter) {
		x.problem(Warning, 0, fmt.Sprintf("the certificate expires in %d days", int(c.NotAfter.Sub(now).Hours()/24)), "the server's operator has to renew it; a long migration would stop there", "")
	}
	if s.Protection == "none" && s.Reached && !slices.ContainsFunc(x.problems, func(p Problem) bool { return p.code == codeTLS }) {
		x.problem(Note, 0, "the connection is not protected by TLS", "on this machine nobody listens on the way; elsewhere use the port that offers TLS", "")
	}
	for _, q := range s.Quotas {
		if s.Side == 2 && q.Name == "STORAGE" && q.Limit > 0 && q.Usage >= q.Limit {
			x.problem(Stop, event.ExitOverquota, fmt.Sprintf("the mailbox is full: %s of %s are used", units.Bytes(q.Usage), units.Bytes(q.Limit)), "give it more room, or delete something there", "")
		}
	}
	if s.Size != nil && s.Size.Incomplete != "" {
		x.problem(Warning, 0, "these could not be counted: "+s.Size.Incomplete, "\"--justfoldersizes\" names them", "")
	}
	if p := s.Profile; p != nil && x.all.Transfer.Connections > p.Connections {
		x.problem(Warning, 0, fmt.Sprintf("--connections %d is more than %s is known to bear, which is %d", x.all.Transfer.Connections, p.Name, p.Connections), "give no more than "+itoa(p.Connections), "")
	}
	if p := s.Probe; p != nil && p.LetIn < max(x.all.Transfer.Connections, 1) {
		x.problem(Warning, 0, fmt.Sprintf("%d connections are let in at a time, and --connections is %d: %s", p.LetIn, x.all.Transfer.Connections, p.Refused), "give no more than "+itoa(max(p.LetIn, 1)), "")
	}
	x.weighTest()
	if s.Tree != nil && len(s.Tree.Left) > 0 && (s.WriteTest == nil || len(s.WriteTest.Swept) < len(s.Tree.Left)) {
		x.problem(Warning, 0, "an interrupted write test left a folder: "+strings.Join(s.Tree.Left, ", "), "\"imaphaul doctor --writetest\" removes it, if nothing else is in it", "")
	}
	if d := s.ClockAhead; d != nil && d.Abs() > 2*time.Minute {
		x.problem(Warning, 0, "the server's clock and that of this machine differ by "+d.Abs().String(), "set the wrong one: tokens and ages of messages depend on it", "")
	}
	for _, l := range s.DNS {
		if l.Kind == "MX" && l.TTL != nil && *l.TTL > 3600 {
			x.problem(Note, 0, fmt.Sprintf("the MX record of %s is kept for %s by those who asked", l.Name, ttlWords(*l.TTL)), "lower its TTL to 300 seconds a day before the cutover", "")
		}
	}
}

func (x *examination) weighTest() {
	t := x.side.WriteTest
	if t == nil {
		return
	}
	if t.Failed != "" {
		x.problem(Stop, codeErrors, "the write test failed: "+t.Failed, "a run would fail likewise: ask the provider, or check the rights of the account", "")
	}
	for _, k := range t.Kept {
		if !k.Kept {
			x.problem(Warning, 0, "the server does not keep "+k.What+": "+k.Says, "a run repairs what can be repaired and tells the rest (docs/scenarios.md)", "")
		}
	}
	if !t.Removed {
		x.problem(Warning, 0, "the temporary folder "+t.Folder+" could not be removed: "+t.NotRemoved, "\"imaphaul doctor --writetest\" tries again; or delete it in a mail program", "")
	}
}

// conclude puts what was found in order, and says what to run next.
func (r *Result) conclude(ctx context.Context, p *plan.Plan, all []*examination, now time.Time) {
	for _, x := range all {
		x.weigh(now)
		r.Problems = append(r.Problems, x.problems...)
	}
	r.both()
	if m := r.Machine; m != nil {
		if m.Failed != "" {
			r.add(Stop, event.ExitNoFile, "the journal cannot be used: "+m.Failed, "give another directory with --cachedir")
		}
		if m.Free >= 0 && m.Free < 64<<20 {
			r.add(Warning, 0, "the disk of the journal has only "+units.Bytes(m.Free)+" left", "make room: a journal takes 33 bytes for each message, large messages pass through temporary files")
		}
	}
	if ctx.Err() != nil {
		r.add(Stop, event.ExitBySignal, "interrupted: the report is not complete", "run it again")
	}
	rank := map[Severity]int{Stop: 0, Warning: 1, Note: 2}
	slices.SortStableFunc(r.Problems, func(a, b Problem) int { return rank[a.Severity] - rank[b.Severity] })
	r.Ready = len(r.Problems) == 0 || r.Problems[0].Severity != Stop
	if !r.Ready {
		r.code = r.Problems[0].code
		if ctx.Err() != nil {
			r.code = event.ExitBySignal
		}
	}
	var not []string
	for n := 1; n <= 2; n++ {
		s := r.of(n)
		switch {
		case s == nil:
			not = append(not, fmt.Sprintf("host%d, which was not given", n))
		case !s.LoggedIn:
			not = append(not, fmt.Sprintf("the account on host%d, since nobody logged in", n))
		}
	}
	r.Unchecked = strings.Join(not, "; ")
	r.next(p, all)
}

// both finds what only both sides together show.
func (r *Result) both() {
	one, two := r.of(1), r.of(2)
	if one == nil || two == nil {
		return
	}
	if strings.EqualFold(one.Host, two.Host) && one.User == two.User && one.Port == two.Port && one.User != "" {
		r.add(Warning, 0, "host1 and host2 are the same account", "check --host2 and --user2")
	}
	if one.Size == nil {
		return
	}
	for _, q := range two.Quotas {
		if room := q.Limit - q.Usage; q.Name == "STORAGE" && q.Limit > 0 && room > 0 && one.Size.Bytes > room {
			r.add(Warning, 0, fmt.Sprintf("host1 holds %s, and host2 has room for %s", units.Bytes(one.Size.Bytes), units.Bytes(room)), "give host2 more room, unless most of it is there already")
		}
	}
	if two.AppendLimit > 0 && one.Size.Largest > two.AppendLimit {
		r.add(Warning, 0, fmt.Sprintf("the largest message of host1 has %s, and host2 takes no more than %s (APPENDLIMIT)", units.Bytes(one.Size.Largest), units.Bytes(two.AppendLimit)), "such messages are refused and told; --skippedfile lists them")
	}
}

func (r *Result) add(s Severity, code int, what, remedy string) {
	r.Problems = append(r.Problems, Problem{Severity: s, What: what, Remedy: remedy, code: code})
}

// of is a side, nil when it was not looked at.
func (r *Result) of(n int) *Side {
	for _, s := range r.Sides {
		if s.Side == n {
			return s
		}
	}
	return nil
}
