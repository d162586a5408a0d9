package engine

import (
	"context"
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
	"github.com/imaphaul/imaphaul/internal/session"
)

// side is one account during a run: how to reach it, and what is known of its
// server and folders.
type side struct {
	run  *run
	n    event.Side
	acct *plan.Account
	cfg  imapconn.Config
	// tokens are the account's, if it has any.
	tokens Tokens
	// sealed connections can not send a command that changes anything.
	sealed bool

	// governor is what the account bears.
	governor *session.Governor

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
	chatter     chatter

	// mu guards the counters: several lanes count.
	mu sync.Mutex
	// closed is why no connection can be opened any more, nil while that is not
	// known.
	closed            *entryError
	leaving           atomic.Int32 // LOGOUTs under way: BYE is no news
	reconnections     int
	bytesIn, bytesOut int64
	commands          int64
	commandNames      map[string]int64
	fault             error // of the certificate, which was let pass on loopback
}

// count keeps what a connection that is going away has counted.
func (s *side) count(c *imapconn.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := c.Counters()
	s.bytesIn += n.NetIn
	s.bytesOut += n.NetOut
	s.commands += int64(c.Commands())
	if s.commandNames == nil {
		s.commandNames = make(map[string]int64)
	}
	for name, k := range c.CommandNames() {
		s.commandNames[name] += k
	}
	s.governor.Closed()
}

// name is the folder's name in both its forms.
func folderName(raw string) event.Folder {
	return event.Folder{Raw: raw, Text: folders.Text(raw)}
}

// newSide prepares one side from the plan.
func (r *run) newSide(n event.Side, a *plan.Account) *side {
	s := &side{run: r, n: n, acct: a, subs: make(map[string]bool), governor: r.o.Governors.Of(a.Host, a.Port, a.User)}
	r.backoff.Join(s.governor)
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
		Consent:        new(imapconn.Consent),
		OnOutOfStep:    func(e *imapconn.OutOfStepError) { r.outOfStep(n, e) },
		OnStatus:       func(reply imapconn.Response) { r.backoff.Observe(s.governor, n, &reply, s.classify(&reply)) },
		OnSkipped: func(line string) {
			if line = s.chatter.hear("replies that were not understood", line); line != "" {
				r.emit(event.Debug{Topic: "", Text: fmt.Sprintf("Host%d: a reply was not understood and is ignored: %s", n, line)})
			}
		},
		OnNotice: func(notice imapconn.Response) {
			if notice.Code == "ALERT" || notice.Status == "BYE" && s.leaving.Load() == 0 {
				if line := s.chatter.hear("notices", notice.Line()); line != "" {
					r.note(fmt.Sprintf("Host%d says: %s", n, line))
				}
			}
		},
	}
	if r.o.Tokens != nil {
		s.tokens = r.o.Tokens(n)
	}
	for _, name := range a.DisabledCaps {
		s.cfg.HideCaps = append(s.cfg.HideCaps, imap.Cap(name))
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
		case <-r.control.Requested():
			r.control.StopFor(event.StopSignal)
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
	c, err := s.enter(ctx, st)
	if err != nil {
		return s.refusedEntry(err, st)
	}
	k.conn = c
	if s.run.p.Mode == plan.ModeJustConnect {
		return s.identify(ctx, c, st)
	}
	if err := s.identify(ctx, c, st); err != nil {
		return s.refusedEntry(&loginError{s, err}, st)
	}
	s.family = folders.FamilyOf(s.banner, s.id, capNames(c.Caps()))
	s.profile = provider.Of(s.acct.Host, s.banner, s.id, s.family)
	s.governor.Learn(s.profile)
	st.emit(event.Note{Text: s.profileText()})
	s.readAppendLimit(c)
	s.hasLabels = c.Has(capGmail)
	if err := s.quota(ctx, c, st); err != nil {
		return s.refusedEntry(&loginError{s, err}, st)
	}
	return nil
}

func capNames(set imap.CapSet) []string {
	out := make([]string, 0, len(set))
	for c := range set {
		out = append(out, string(c))
	}
	return out
}

// identify exchanges ID, where the server has it and the user does not mind.
func (s *side) identify(ctx context.Context, c *imapconn.Conn, st *story) error {
	if !s.acct.SendID || !c.Has(imap.CapID) {
		st.emit(event.Identified{Side: s.n})
		return nil
	}
	got, err := c.ID(ctx, [2]string{"name", "imaphaul"}, [2]string{"version", s.run.o.Version})
	if err != nil && (isConnError(err) || s.behindDoor(err) != nil) {
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
		if err != nil && (isConnError(err) || s.behindDoor(err) != nil) {
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

// profileText tells which profile was taken, and why.
func (s *side) profileText() string {
	p := s.profile
	commands := "as many commands under way as the line carries"
	if p.Commands > 0 {
		commands = fmt.Sprintf("up to %d commands under way on each", p.Commands)
	}
	return fmt.Sprintf("Host%d: taken for %s, %s: up to %d connections, %s (%s, %s)", s.n, p.Name, p.Why, p.Connections, commands, p.Source, p.Date)
}

// classify tells what a reply of this server asks for.
func (s *side) classify(r *imapconn.Response) provider.Verdict {
	return provider.Classify(s.family, provider.Reply{Command: r.Command, Status: r.Status, Code: r.Code, Text: r.Text})
}
