package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// side is one account during a run: how to reach it, and what is known of its
// server and folders.
type side struct {
	run  *run
	n    event.Side
	acct *plan.Account
	cfg  imapconn.Config
	// sealed connections can not send a command that changes anything.
	sealed bool

	id      map[string]string
	banner  string
	family  folders.Family
	profile provider.Profile
	space   folders.Space
	list    []imapconn.ListData
	subs    map[string]bool
	status  map[string]*imap.StatusData // what LIST told of each folder
	touched map[string]bool             // folders worked on since status was told
	world   folders.Side                // all this in the words of package folders
	maxSize int64                       // APPENDLIMIT, 0 for none
	// hasLabels: the server has Gmail's extension.
	hasLabels bool

	compression compression

	// mu guards the counters: several lanes count.
	mu                sync.Mutex
	leaving           atomic.Int32 // LOGOUTs under way: BYE is no news
	reconnections     int
	bytesIn, bytesOut int64
	commands          int64
}

// count keeps what a connection that is going away has counted.
func (s *side) count(c *imapconn.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := c.Counters()
	s.bytesIn += n.NetIn
	s.bytesOut += n.NetOut
	s.commands += int64(c.Commands())
}

// name is the folder's name in both its forms.
func folderName(raw string) event.Folder {
	return event.Folder{Raw: raw, Text: folders.Text(raw)}
}

// newSide prepares one side from the plan.
func (r *run) newSide(n event.Side, a *plan.Account) *side {
	s := &side{run: r, n: n, acct: a, subs: make(map[string]bool)}
	d := &r.p.Deletion
	s.sealed = r.p.Dry
	if n == 1 && !d.Delete1 && !d.Expunge1 && !r.p.Folders.Delete1EmptyFolders {
		// Nothing but these options ever changes the source: they are the only
		// way to make its connection writable.
		s.sealed = true
	}
	s.cfg = imapconn.Config{
		Side: int(n), Host: a.Host, Port: a.Port, Network: network(a.IPVersion),
		Timeout: a.Timeout, KeepAlive: a.KeepAlive,
		AllowCleartext: a.AllowCleartext,
		DebugContent:   r.p.Debug.Content,
		OnStatus:       func(reply imapconn.Response) { r.calm.hear(s, &reply) },
		OnSkipped: func(line string) {
			r.emit(event.Debug{Topic: "", Text: fmt.Sprintf("Host%d: a reply was not understood and is ignored: %s", n, line)})
		},
		OnNotice: func(notice imapconn.Response) {
			if notice.Code == "ALERT" || notice.Status == "BYE" && s.leaving.Load() == 0 {
				r.note(fmt.Sprintf("Host%d says: %s", n, notice.Line()))
			}
		},
	}
	if a.Compress != nil {
		s.cfg.Compress = *a.Compress
	}
	if a.DebugIMAP {
		s.cfg.Trace = r.o.Trace
	}
	r.slow(n, &s.cfg)
	if r.o.Dial != nil {
		s.cfg.Dial = r.o.Dial(n)
	}
	return s
}

func network(version int) string {
	switch version {
	case 4:
		return "tcp4"
	case 6:
		return "tcp6"
	}
	return "tcp"
}

// connect opens the first connection to each host, both at the same time.
func (r *run) connect(ctx context.Context) error {
	var sides []*side
	for n, a := range map[event.Side]*plan.Account{1: &r.p.Host1, 2: &r.p.Host2} {
		if a.Host == "" {
			continue
		}
		s := r.newSide(n, a)
		if n == 1 {
			r.src = s
		} else {
			r.dst = s
		}
		sides = append(sides, s)
	}
	r.main = &lane{}
	if r.src != nil {
		r.main.src = &link{run: r, side: r.src}
	}
	if r.dst != nil {
		r.main.dst = &link{run: r, side: r.dst}
	}
	var g errgroup.Group
	// Nothing is under way yet that would be worth finishing: a request to stop
	// ends the attempts to connect.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-r.o.Stop:
			r.stopFor(stopSignal)
			cancel()
		case <-over:
		}
	}()
	// What one side tells stays together: host1 first, as in imapsync.
	story := make([]story, 3)
	for _, s := range sides {
		g.Go(func() error {
			return s.first(ctx, r.linkOf(s), &story[s.n])
		})
	}
	err := g.Wait()
	for _, st := range story {
		for _, e := range st {
			if fault, ok := e.(event.Error); ok {
				r.fault(fault)
				continue
			}
			r.emit(e)
		}
	}
	return err
}

func (r *run) linkOf(s *side) *link {
	if s == r.src {
		return r.main.src
	}
	return r.main.dst
}

// story collects events until it is their turn.
type story []event.Event

func (s *story) emit(e event.Event) { *s = append(*s, e) }

// first is the first connection of a run to one host: found, opened, logged in
// and looked at.
func (s *side) first(ctx context.Context, k *link, st *story) error {
	if err := s.detect(ctx, st); err != nil {
		return s.refusedEntry(err, st)
	}
	c, err := s.login(ctx, st)
	if err != nil {
		return s.refusedEntry(err, st)
	}
	k.conn = c
	if s.run.p.Mode == plan.ModeJustConnect {
		return s.identify(ctx, c, st)
	}
	if err := s.identify(ctx, c, st); err != nil {
		return err
	}
	s.family = folders.FamilyOf(s.banner, s.id, capNames(c.Caps()))
	s.profile = provider.Of(s.acct.Host, s.banner, s.id, s.family)
	s.readAppendLimit(c)
	s.hasLabels = c.Has(capGmail)
	return s.quota(ctx, c, st)
}

func capNames(set imap.CapSet) []string {
	out := make([]string, 0, len(set))
	for c := range set {
		out = append(out, string(c))
	}
	return out
}

// detect finds port and protection when the user did not say.
func (s *side) detect(ctx context.Context, st *story) error {
	a := s.acct
	var err error
	options := imapconn.TLSOptions{
		Insecure: a.Insecure, CAFile: a.CAFile, ServerName: a.ServerName,
		CertFile: a.CertFile, KeyFile: a.KeyFile, Fingerprint: a.Fingerprint,
		MinVersion: tlsVersions[a.MinTLS], MaxVersion: tlsVersions[a.MaxTLS],
	}
	if s.cfg.TLSConfig, err = options.Config(a.Host); err != nil {
		return err
	}
	d, err := imapconn.Detect(ctx, s.cfg, imapconn.DetectOptions{Port: a.Port, SSL: a.SSL, TLS: a.StartTLS, NoProbe: !a.ProbeSSL})
	if err != nil {
		return err
	}
	if d.Probed {
		st.emit(event.Probed{Side: s.n, Host: a.Host, Open: d.Open})
	}
	s.cfg.Port, s.cfg.TLS = d.Port, d.Mode
	return nil
}

// tlsVersions are the plan's words for the lowest version of TLS.
var tlsVersions = map[string]uint16{
	"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
}

// login opens one connection and logs in. st is nil for a connection that
// replaces a lost one.
func (s *side) login(ctx context.Context, st *story) (*imapconn.Conn, error) {
	if err := s.run.calm.wait(ctx); err != nil {
		return nil, err
	}
	a := s.acct
	onlyConnect := s.run.p.Mode == plan.ModeJustConnect
	tell := func(e event.Event) {
		if st != nil {
			st.emit(e)
		}
	}
	tell(event.Connecting{Side: s.n, Host: a.Host, Port: s.cfg.Port, User: a.User, Login: !onlyConnect})
	cfg := s.compressing()
	c, err := imapconn.Connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	greeting := c.Greeting()
	if st != nil {
		s.banner = greeting.Line()
	}
	info := c.Info()
	tell(event.Connected{
		Side: s.n, RemoteIP: info.RemoteIP, LocalIP: info.LocalIP, Banner: greeting.Line(),
		Capabilities: c.CapLine(), TLS: info.TLS, StartTLS: info.StartTLS, Unverified: a.Insecure && info.TLS != "",
		PlaintextLoginSent: info.TLS == "",
	})
	if onlyConnect {
		return c, nil
	}
	creds := imapconn.Credentials{
		User: a.User, AuthUser: a.AuthUser, Password: a.Password,
		Token: a.Token, TokenFile: a.TokenFile,
		OAuthDirect: a.OAuthDirect, OAuthDirectFile: a.OAuthDirectFile,
		Mech: a.Mech, ProxyAuth: a.ProxyAuth, TryLogin: a.TryLogin, Domain: a.Domain,
	}
	mech := creds.Mechanism()
	tell(event.Authenticating{Side: s.n, Host: a.Host, Mech: mech, Advertised: mech == "LOGIN" || c.Has(imap.AuthCap(mech))})
	if err := c.Login(ctx, creds); err != nil {
		if isConnError(err) && a.Compress == nil && cfg.Compress {
			s.compression.strike() // COMPRESS belongs to the login
		}
		_ = c.Close()
		return nil, &loginError{err}
	}
	if s.sealed {
		c.Seal()
	}
	after := ""
	if err := c.AuthFallback(); err != nil {
		after = mech
	}
	tell(event.LoggedIn{Side: s.n, Host: a.Host, User: a.User, Mech: c.AuthMechanism(), AfterFailure: after, Capabilities: c.CapLine()})
	if a.Compress != nil {
		tell(event.Compression{Side: s.n, On: c.Compressed()})
	}
	return c, nil
}

// loginError is a failed login, as opposed to a failed connection.
type loginError struct{ err error }

func (e *loginError) Error() string { return e.err.Error() }
func (e *loginError) Unwrap() error { return e.err }

// refusedEntry turns a failed first connection into the error imapsync's users
// know, and ends the run.
func (s *side) refusedEntry(err error, st *story) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if s.run.stopCause() == stopDay {
		return errors.Join(errStopped, err) // it is told
	}
	a := s.acct
	e := event.Error{Class: event.ErrConnection1}
	if s.n == 2 {
		e.Class = event.ErrConnection2
	}
	var login *loginError
	var tlsErr *imapconn.TLSError
	switch {
	case errors.Is(err, imapconn.ErrCleartext):
		e.Class = event.ErrTLS
		e.Text = fmt.Sprintf("Host%d failure: %s", s.n, err)
		e.Hint = fmt.Sprintf("use TLS, or give --nossl%d --notls%d to send the password in clear on purpose", s.n, s.n)
	case errors.As(err, &login):
		e.Class = event.ErrAuthUser1
		if s.n == 2 {
			e.Class = event.ErrAuthUser2
		}
		mech := (&imapconn.Credentials{AuthUser: a.AuthUser, Token: a.Token, TokenFile: a.TokenFile, OAuthDirect: a.OAuthDirect, OAuthDirectFile: a.OAuthDirectFile, Mech: a.Mech}).Mechanism()
		e.Text = fmt.Sprintf("Host%d failure: Error login on [%s] with user [%s] auth [%s]: %s", s.n, a.Host, a.User, mech, serverWords(err))
		e.Hint = fmt.Sprintf("check --user%d and the password (from %s)", s.n, or(a.PasswordFrom, "no source"))
	case errors.As(err, &tlsErr):
		e.Class = event.ErrTLS
		e.Text = fmt.Sprintf("Host%d failure: Can not go to tls encryption on host%d [%s]: %s", s.n, s.n, a.Host, tlsErr.Error())
	default:
		e.Text = fmt.Sprintf("Host%d failure: can not open imap connection on host%d [%s] with user [%s]: %s", s.n, s.n, a.Host, a.User, err)
		e.Hint = fmt.Sprintf("check --host%d and --port%d, and that the server can be reached from here", s.n, s.n)
		var mute *imapconn.GreetingError
		if errors.As(err, &mute) && s.cfg.TLS != imapconn.TLSImplicit {
			e.Hint += fmt.Sprintf("; a port that speaks TLS from the start says nothing by itself: then give --ssl%d", s.n)
		}
	}
	st.emit(e)
	return errors.Join(errStopped, err)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// serverWords is the server's own line when there is one.
func serverWords(err error) string {
	if resp, ok := refusalIn(err); ok && resp.Line() != "" {
		return resp.Line()
	}
	return err.Error()
}

// identify exchanges ID, where the server has it and the user does not mind.
func (s *side) identify(ctx context.Context, c *imapconn.Conn, st *story) error {
	if !s.acct.SendID || !c.Has(imap.CapID) {
		st.emit(event.Identified{Side: s.n})
		return nil
	}
	got, err := c.ID(ctx, [2]string{"name", "imaphaul"}, [2]string{"version", s.run.o.Version})
	if err != nil && isConnError(err) {
		return err
	}
	s.id = got
	if got == nil {
		got = map[string]string{}
	}
	st.emit(event.Identified{Side: s.n, Fields: got})
	return nil
}

// readAppendLimit reads APPENDLIMIT=n of the capabilities (RFC 7889).
func (s *side) readAppendLimit(c *imapconn.Conn) {
	for name := range c.Caps() {
		if v, ok := strings.CutPrefix(string(name), "APPENDLIMIT="); ok {
			var n int64
			if _, err := fmt.Sscan(v, &n); err == nil && n > 0 {
				s.maxSize = n
			}
		}
	}
}

// quota asks host2 how full it is.
func (s *side) quota(ctx context.Context, c *imapconn.Conn, st *story) error {
	if s.n != 2 {
		return nil
	}
	q := event.Quota{Side: s.n, HasQuota: c.Has(imap.CapQuota)}
	if q.HasQuota {
		roots, err := c.GetQuotaRoot(ctx, "INBOX")
		if err != nil && isConnError(err) {
			return err
		}
		for _, root := range roots {
			for _, res := range root.Resources {
				if strings.EqualFold(res.Name, "STORAGE") && q.Limit == 0 {
					q.Used, q.Limit = res.Usage*1024, res.Limit*1024
				}
			}
		}
	}
	st.emit(q)
	return nil
}

// classify tells what a reply of this server asks for.
func (s *side) classify(r *imapconn.Response) provider.Verdict {
	return provider.Classify(s.family, provider.Reply{Command: r.Command, Status: r.Status, Code: r.Code, Text: r.Text})
}
