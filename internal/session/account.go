package session

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// Spec says which account is used, and how.
type Spec struct {
	Side    event.Side
	Account *plan.Account
	// Preset: an option for this kind of server was given (--gmail1, --office2 and so
	// on), so that nothing need be said of --providerN.
	Preset bool
	// OnlyConnect: nobody logs in.
	OnlyConnect bool
	// Sealed connections cannot send a command that changes anything.
	Sealed bool
	// DebugContent: the trace has bodies, too (--debugcontent).
	DebugContent bool
	// Trace receives the dialogue, if the plan asks for it.
	Trace io.Writer
	// Tokens are the account's, if it has any.
	Tokens Tokens
	// Version is told to servers that want to know (ID).
	Version string
	// Dial replaces the network, for tests.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Gate is asked before every write, and UserTimeout bounds how long bytes may stay
	// on their way, see imapconn.Config; both for the holder of a lease.
	Gate        imapconn.Gate
	UserTimeout time.Duration
}

// CapGmail is the capability of Gmail's extension: labels and message numbers.
const CapGmail imap.Cap = "X-GM-EXT-1"

// Account is one account during a run: how to reach it, and what its server says
// before any folder is looked at.
type Account struct {
	N      event.Side
	Plan   *plan.Account
	Config imapconn.Config
	// Governor is what the account bears.
	Governor *Governor

	spec    Spec
	control *Control
	backoff *Backoff
	limits  *Limits
	tokens  Tokens
	sealed  bool

	id      map[string]string
	Banner  string
	Family  folders.Family
	Profile provider.Profile
	MaxSize int64 // APPENDLIMIT, 0 for none
	// Quota is how full the account is; asked of host2 only.
	Quota event.Quota
	// HasLabels: the server has Gmail's extension.
	HasLabels bool
	// LetIn: the server has told of a folder. What it says later is not the refusal
	// of a login.
	LetIn bool

	compression compression
	chatter     chatter
	// Meter counts commands and round trips of all connections, Lines those that are
	// open.
	Meter imapconn.Meter
	Lines atomic.Int32

	// mu guards the counters: several connections count.
	mu sync.Mutex
	// statusKills are the folders whose STATUS ends every connection.
	statusKills map[string]bool
	// closed is why no connection can be opened any more, nil while that is not
	// known.
	closed            *EntryError
	leaving           atomic.Int32 // LOGOUTs under way: BYE is no news
	floods            atomic.Int32 // how often it sent without end what nobody asked for
	reconnections     int
	bytesIn, bytesOut int64
	commands          int64
	commandNames      map[string]int64
	// counted is what was counted of connections that are still open, see Keep.
	counted map[*imapconn.Conn]Figures
	fault   error // of the certificate, which was let pass on loopback
}

// Run is what all connections of a run share.
type Run struct {
	Control *Control
	Backoff *Backoff
	Limits  *Limits
}

// NewAccount prepares an account; nothing is sent.
func NewAccount(spec Spec, r Run, g *Governor) *Account {
	a := spec.Account
	s := &Account{N: spec.Side, Plan: a, Governor: g, spec: spec, control: r.Control, backoff: r.Backoff, limits: r.Limits, tokens: spec.Tokens, sealed: spec.Sealed}
	s.backoff.Join(g)
	s.Config = imapconn.Config{
		Side: int(s.N), Host: a.Host, Port: a.Port, Network: network(a.IPVersion),
		Timeout: a.Timeout, KeepAlive: a.KeepAlive,
		AllowCleartext: a.AllowCleartext,
		DebugContent:   spec.DebugContent,
		Consent:        new(imapconn.Consent),
		Meter:          &s.Meter,
		Dial:           spec.Dial,
		Gate:           spec.Gate,
		UserTimeout:    spec.UserTimeout,
		OnOutOfStep:    s.outOfStep,
		OnStatus:       func(reply imapconn.Response) { s.backoff.Observe(g, s.N, &reply, s.Classify(&reply)) },
		OnSkipped: func(line string) {
			if line = s.chatter.hear("replies that were not understood", line); line != "" {
				s.control.Emit(event.Debug{Topic: "", Text: fmt.Sprintf("Host%d: a reply was not understood and is ignored: %s", s.N, line)})
			}
		},
		OnNotice: func(notice imapconn.Response) {
			if notice.Code == "ALERT" || notice.Status == "BYE" && s.leaving.Load() == 0 {
				if line := s.chatter.hear("notices", notice.Line()); line != "" {
					s.control.Note(fmt.Sprintf("Host%d says: %s", s.N, line))
				}
			}
		},
	}
	for _, name := range a.DisabledCaps {
		s.Config.HideCaps = append(s.Config.HideCaps, imap.Cap(name))
	}
	if a.Compress != nil {
		s.Config.Compress = *a.Compress
	}
	if a.DebugIMAP {
		s.Config.Trace = spec.Trace
	}
	s.limits.slow(s.N, &s.Config)
	return s
}

// Stopping reports whether no new work may be begun.
func (s *Account) Stopping() bool { return s.control.Stopping() }

// Figures are what the connections of an account have come to, without those that are
// still open.
type Figures struct {
	BytesIn, BytesOut, Commands int64
	Reconnections               int
	// CommandNames is how often each command was sent, by its name in upper case.
	CommandNames map[string]int64
}

// Figures are those so far.
func (s *Account) Figures() Figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Figures{s.bytesIn, s.bytesOut, s.commands, s.reconnections, maps.Clone(s.commandNames)}
}

// count keeps what a connection that is going away has counted.
func (s *Account) count(c *imapconn.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(c)
	delete(s.counted, c)
	s.Governor.Closed()
	s.Lines.Add(-1)
}

// add counts what moved on a connection since it was counted last. s.mu is held.
func (s *Account) add(c *imapconn.Conn) {
	n, before := c.Counters(), s.counted[c]
	s.bytesIn += n.NetIn - before.BytesIn
	s.bytesOut += n.NetOut - before.BytesOut
	s.commands += int64(c.Commands()) - before.Commands
	if s.commandNames == nil {
		s.commandNames = make(map[string]int64)
	}
	for name, k := range c.CommandNames() {
		if k -= before.CommandNames[name]; k > 0 {
			s.commandNames[name] += k
		}
	}
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

// Story collects events until it is their turn.
type Story []event.Event

func (s *Story) add(e event.Event) { *s = append(*s, e) }

// Open is the first connection of a run to one host: found, opened, logged in
// and looked at.
func (s *Account) Open(ctx context.Context, k *Link, st *Story) error {
	c, err := s.enter(ctx, st)
	if err != nil {
		return s.RefusedEntry(err, st)
	}
	k.Conn = c
	if s.spec.OnlyConnect {
		return s.identify(ctx, c, st)
	}
	if err := s.extra(ctx, k, st, s.identify, func() { st.add(event.Identified{Side: s.N}) }); err != nil {
		return err
	}
	c = k.Conn
	s.Family = folders.FamilyOf(s.Banner, s.id, capNames(c.Caps()))
	s.learn(st)
	s.readAppendLimit(c)
	s.HasLabels = c.Has(CapGmail)
	return s.extra(ctx, k, st, s.quota, func() { st.add(event.Quota{Side: s.N, HasQuota: true}) })
}

func capNames(set imap.CapSet) []string {
	out := make([]string, 0, len(set))
	for c := range set {
		out = append(out, string(c))
	}
	return out
}

// identify exchanges ID, where the server has it and the user does not mind.
func (s *Account) identify(ctx context.Context, c *imapconn.Conn, st *Story) error {
	if !s.Plan.SendID || !c.Has(imap.CapID) {
		st.add(event.Identified{Side: s.N})
		return nil
	}
	got, err := c.ID(ctx, [2]string{"name", "imaphaul"}, [2]string{"version", s.spec.Version})
	if err != nil && (IsConnError(err) || s.BehindDoor(err) != nil) {
		return err
	}
	s.id = got
	if got == nil {
		got = map[string]string{}
	}
	st.add(event.Identified{Side: s.N, Fields: got})
	return nil
}

// readAppendLimit reads APPENDLIMIT=n of the capabilities (RFC 7889).
func (s *Account) readAppendLimit(c *imapconn.Conn) {
	for name := range c.Caps() {
		if v, ok := strings.CutPrefix(string(name), "APPENDLIMIT="); ok {
			var n int64
			if _, err := fmt.Sscan(v, &n); err == nil && n > 0 {
				s.MaxSize = n
			}
		}
	}
}

// quota asks host2 how full it is.
func (s *Account) quota(ctx context.Context, c *imapconn.Conn, st *Story) error {
	if s.N != 2 {
		return nil
	}
	q := event.Quota{Side: s.N, HasQuota: c.Has(imap.CapQuota)}
	if q.HasQuota {
		roots, err := c.GetQuotaRoot(ctx, "INBOX")
		if err != nil && (IsConnError(err) || s.BehindDoor(err) != nil) {
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
	s.Quota = q
	st.add(q)
	return nil
}

// profileText tells which profile was taken, and why.
func (s *Account) profileText() string {
	p := s.Profile
	commands := "as many commands under way as the line carries"
	if p.Commands > 0 {
		commands = fmt.Sprintf("up to %d commands under way on each", p.Commands)
	}
	return fmt.Sprintf("Host%d: taken for %s, %s: up to %d connections, %s (%s, %s)", s.N, p.Name, p.Why, p.Connections, commands, p.Source, p.Date)
}

// Classify tells what a reply of this server asks for.
func (s *Account) Classify(r *imapconn.Response) provider.Verdict {
	return provider.Classify(s.Family, reply(r))
}

func reply(r *imapconn.Response) provider.Reply {
	return provider.Reply{Command: r.Command, Status: r.Status, Code: r.Code, Text: r.Text}
}
