package imapconn

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// Conn is one connection. See the package comment for its rules.
type Conn struct {
	cfg    Config
	s      *imapwire.Stream
	tracer *imapwire.Tracer

	tagPrefix string
	tags      uint32
	sent      map[string]int64 // commands by name
	flight    []*Command       // sent and not answered, oldest first
	// unasked counts those of them that carry a literal nobody consented to;
	// doubtedAt is the number of the last such command that was refused, until
	// the server has answered a later one; everUnasked: there was one.
	unasked     int
	everUnasked bool
	doubtedAt   uint32
	wanting     [kinds]int // how many of them want each kind of data
	err         error      // why the connection is dead
	bye         *Response
	byeAt       time.Time // when it came
	closed      bool

	caps      imap.CapSet
	capsFresh bool // set whenever caps are

	sock net.Conn // below everything
	// certWanted: the server asked for a certificate of ours, and there is none.
	certWanted bool
	greeting   Response
	authUsed   string
	authError  error
	source     TokenSource   // where token comes from, nil for none
	token      secret.Secret // with which the login was tried last
	hide       []string      // secrets, in every form in which they travelled

	// limit is the lowest MESSAGELIMIT that the server named, 0 for none.
	limit int
	spent spending
	// selects counts the commands sent that change which mailbox is selected.
	selects int
	// silentNone: the server was seen to leave out the line of a search that finds
	// nothing.
	silentNone bool

	sealed  bool
	permit  string // the mailbox that PermitAppend named
	mailbox *Mailbox

	writing *Append // its command is open: nothing else may be written
	idling  *Command
	news    *News // while somebody listens

	waitCont bool // a "+" is expected
	contText []byte
	gotCont  bool

	sc     imapwire.Scanner
	line   []byte // a line read ahead, to be dispatched first
	trip   time.Duration
	out    []byte // command being written
	shown  []byte // the same for the trace
	stream *Fetch // the FETCH stream with commands in flight
	fp     fetchParser
	names  interner
}

// Mailbox is the selected mailbox as it is known now.
type Mailbox struct {
	// Name as given to Select, raw.
	Name string
	// Exists is the number of messages, kept up to date by unsolicited replies.
	Exists uint32
	// Left is how many of those that were there when it was opened the server did not say
	// to be gone. What arrived since is not among them.
	Left uint32
	// ReadOnly says that the server will not store changes.
	ReadOnly bool
	// UIDNext is that of when it was opened, 0 where it was not told.
	UIDNext imap.UID
}

func newConn(cfg Config, s *imapwire.Stream, t *imapwire.Tracer) *Conn {
	c := &Conn{cfg: cfg, s: s, tracer: t, caps: imap.CapSet{}, tagPrefix: cfg.TagPrefix}
	if c.tagPrefix == "" {
		c.tagPrefix = newTagPrefix()
	}
	if c.cfg.Consent == nil {
		c.cfg.Consent = new(Consent)
	}
	c.fp.c = c
	return c
}

// Side returns the side given in Config.
func (c *Conn) Side() int { return c.cfg.Side }

// Host returns the host given in Config.
func (c *Conn) Host() string { return c.cfg.Host }

// Greeting is the server's first line.
func (c *Conn) Greeting() Response { return c.greeting }

// Err returns why the connection is dead, nil while it is alive.
func (c *Conn) Err() error { return c.err }

// Mailbox returns the selected mailbox, nil when none is.
func (c *Conn) Mailbox() *Mailbox {
	if c.mailbox == nil {
		return nil
	}
	m := *c.mailbox
	return &m
}

// Counters are the bytes of a connection so far.
type Counters = imapwire.Counters

// Counters are the bytes that passed. Safe from any goroutine.
func (c *Conn) Counters() Counters { return c.s.Counters() }

// RoundTrip is the shortest time in which the server began to answer a command
// that was sent while no other was in flight; 0 before the first one. It is at
// least what the line takes, and little more where the server had nothing to do.
func (c *Conn) RoundTrip() time.Duration { return c.trip }

func (c *Conn) roundTrip(took time.Duration) {
	if m := c.cfg.Meter; m != nil {
		m.Trips.Add(1)
		if n := int64(max(took, 1)); m.Shortest.Load() == 0 || n < m.Shortest.Load() {
			m.Shortest.Store(n) // two connections may overwrite each other, with values as good
		}
	}
	if c.trip == 0 || took < c.trip {
		c.trip = max(took, 1)
	}
}

// Meter counts while connections are open; it may be read at any time.
type Meter struct {
	// Commands were sent; Trips are those among them that were sent while no other was
	// in flight, so that a round trip was waited for. Shortest is the shortest of these,
	// in nanoseconds, 0 before the first one.
	Commands, Trips, Shortest atomic.Int64
}

// InFlight is the number of commands sent and not answered yet.
func (c *Conn) InFlight() int { return len(c.flight) }

// enter begins a public method: dead and cancelled calls end here.
func (c *Conn) enter(ctx context.Context) error {
	if c.err != nil {
		return c.err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c.s.SetContext(ctx)
	return nil
}

// skipped reports a line that was not understood.
func (c *Conn) skipped(line []byte) {
	c.chatter(line)
	if c.cfg.OnSkipped == nil {
		return
	}
	const limit = 200
	if len(line) > limit {
		line = append(bytes.Clone(line[:limit]), "..."...)
	}
	c.cfg.OnSkipped(imapwire.Redact(printable(line), c.hide))
}

func (c *Conn) notice(r *Response) {
	if c.cfg.OnNotice != nil {
		c.cfg.OnNotice(*r)
	}
}

// doing names what is under way, for errors.
func (c *Conn) doing() string {
	if len(c.flight) == 0 {
		return "idle"
	}
	return "waiting for the answer to " + c.flight[0].name
}

// Noop does nothing but hear what the server has to say. State: any.
func (c *Conn) Noop(ctx context.Context) error { return c.run(ctx, "NOOP") }

// Enable turns extensions on and returns what was enabled.
// Capability: ENABLE. State: authenticated, nothing selected. RFC 5161.
func (c *Conn) Enable(ctx context.Context, caps ...imap.Cap) ([]imap.Cap, error) {
	args := make([]Arg, len(caps))
	for i, k := range caps {
		args[i] = Raw(k)
	}
	var got []imap.Cap
	err := c.collect(ctx, func(v any) bool {
		r, ok := v.(enabledReply)
		if ok {
			for _, w := range r[:min(len(r), maxWords-len(got))] {
				got = append(got, imap.Cap(w))
			}
		}
		return ok
	}, "ENABLE", args...)
	return got, err
}

// Compress turns on DEFLATE in both directions. Capability: COMPRESS=DEFLATE.
// State: authenticated, no command in flight. RFC 4978.
func (c *Conn) Compress(ctx context.Context) error {
	if c.err == nil && len(c.flight) > 0 {
		return fmt.Errorf("COMPRESS: %d commands are in flight", len(c.flight))
	}
	if err := c.run(ctx, "COMPRESS", Raw("DEFLATE")); err != nil {
		return err
	}
	if err := c.s.StartDeflate(); err != nil {
		return c.fail("COMPRESS", err)
	}
	return nil
}

// Compressed reports whether DEFLATE is on.
func (c *Conn) Compressed() bool { return c.s.Deflated() }
