package imapconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// Fetch is a stream of messages from any number of UID FETCH commands, several
// of them in flight.
//
// Next returns every reply that belongs to a UID asked for, until the wanted
// item of that UID came: the body if it was asked for, else the header, else
// the size, else the flags or whatever was asked. Replies without it (a flag
// change that another client made) come through too; see the Has fields. What
// comes twice, or was not asked for, is left out.
//
// While another method of the Conn waits, messages that arrive for the stream
// are kept aside, bodies above 1 MiB in a temporary file: wait for other things
// before large windows are asked for, not in between.
type Fetch struct {
	c     *Conn
	items FetchItems
	text  string
	want  itemMask
	main  itemMask // the wanted item
	err   error

	asks    []*ask // unanswered
	again   []*ask // what servers left undone, to be sent
	queue   []*Message
	aside   int      // what it takes in memory, in bytes
	body    *Literal // kept aside and handed out last
	errs    []FetchError
	missing imap.UIDSet
	noUID   int
	astray  int
	gone    collector
	closed  bool

	// About is a number of the caller's, told again with the refusals of what is asked
	// from now on.
	About int

	seqs [1024]struct { // what the last replies told about sequence numbers
		seq uint32
		uid imap.UID
	}
}

// FetchError is a UID FETCH that was refused, wholly or in part; About is what the stream
// was about when it was asked.
type FetchError struct {
	Set   imap.UIDSet
	About int
	Err   error
}

// Error tells the set and the server's words.
func (e *FetchError) Error() string { return fmt.Sprintf("UID FETCH %s: %v", e.Set.String(), e.Err) }

// Unwrap gives the *Response.
func (e *FetchError) Unwrap() error { return e.Err }

// ask is one UID FETCH in flight.
type ask struct {
	cmd   *Command
	set   imap.UIDSet
	open  bool // a range whose UIDs need not exist: no accounting
	got   uidBits
	width uint64
	came  uint64 // messages of an open range
	// low is the lowest UID that came, selects the mailbox it is about, see Conn.
	low     imap.UID
	selects int
	// why it is asked again, for one that resume made.
	why Response
	// about is Fetch.About then.
	about int
}

// Fetch prepares a stream; nothing is sent yet. One stream at a time can have
// commands in flight.
// State: selected. RFC 3501 section 6.4.5.
func (c *Conn) Fetch(items FetchItems) *Fetch {
	f := &Fetch{c: c, items: items}
	f.text, f.want, f.err = items.wire()
	for _, m := range []itemMask{itemBody, itemHeader, itemSize, itemFlags, itemDate, itemModSeq, itemLabels, itemMsgID, itemUID} {
		if f.want&m != 0 {
			f.main = m
			break
		}
	}
	return f
}

// Ask sends UID FETCH for UIDs (sorted, as UIDSet's methods keep them) that are known to exist; it may be called while
// earlier commands are unanswered. A set too long for one line becomes several
// commands. UIDs that never come are accounted for by Missing.
func (f *Fetch) Ask(ctx context.Context, set imap.UIDSet) error {
	if len(set) == 0 {
		return nil
	}
	if set.Dynamic() {
		return fmt.Errorf("UID FETCH: the set %s holds a *; use AskRange", set.String())
	}
	for _, part := range splitSet(set, maxCommand-len(f.text)-64, f.c.MessageLimit()) {
		if err := f.send(ctx, &ask{set: part, open: f.items.ChangedSince > 0, width: setSize(part), about: f.About}); err != nil {
			return err
		}
	}
	return nil
}

// AskRange sends UID FETCH from:to for UIDs that need not exist; 0 for to
// means "*". Nothing is missing in a range. UIDs below from, which servers
// return for n:* behind the last message, are left out.
func (f *Fetch) AskRange(ctx context.Context, from, to imap.UID) error {
	return f.send(ctx, &ask{set: imap.UIDSet{{Start: max(from, 1), Stop: to}}, open: true, about: f.About})
}

func (f *Fetch) send(ctx context.Context, a *ask) error {
	if f.err != nil {
		return f.err
	}
	c := f.c
	if f.closed {
		return errors.New("UID FETCH: the stream is closed")
	}
	if c.stream != nil && c.stream != f && len(c.stream.asks) > 0 && !c.stream.closed {
		return errors.New("UID FETCH: another stream of this connection has commands in flight")
	}
	a.cmd, a.selects = &Command{name: "UID FETCH"}, c.selects
	a.cmd.finish = func(r *Response) { f.answered(a, r) }
	a.cmd.take = func(v any) bool {
		g, ok := v.(vanishedReply)
		if ok && g.earlier {
			f.gone.addSet(g.uids)
		}
		return ok && g.earlier
	}
	// Into the books before it is sent: a synchronising literal cannot occur
	// here, but the order costs nothing.
	if c.stream != f {
		c.stream = f
	}
	f.asks = append(f.asks, a)
	if _, err := c.send(ctx, a.cmd, Raw(a.set.String()), Raw(f.text)); err != nil {
		f.asks = slices.DeleteFunc(f.asks, func(b *ask) bool { return a == b })
		return err
	}
	return nil
}

// Close abandons the stream: what its commands still bring is skipped as it
// comes. A stream read to io.EOF needs no Close.
func (f *Fetch) Close() {
	f.closed = true
	f.release()
}

// Flush sends what Ask buffered without waiting.
func (f *Fetch) Flush(ctx context.Context) error { return f.c.Flush(ctx) }

// Outstanding is the number of commands unanswered, or still to be sent because
// the server left a part undone.
func (f *Fetch) Outstanding() int { return len(f.asks) + len(f.again) }

// Missing returns the UIDs of answered commands whose wanted item never came,
// and forgets them.
func (f *Fetch) Missing() imap.UIDSet {
	m := f.missing
	f.missing = nil
	return m
}

// CommandErrs returns the refusals so far, and forgets them. The UIDs that a
// refused command did not deliver are missing, too.
func (f *Fetch) CommandErrs() []FetchError {
	e := f.errs
	f.errs = nil
	return e
}

// NoUID is the number of replies left out because nothing told their UID.
func (f *Fetch) NoUID() int { return f.noUID }

// Astray is the number of replies with the wanted item of messages that were not asked
// for; what servers tell by themselves comes with flags, and does not count.
func (f *Fetch) Astray() int { return f.astray }

// Vanished are the UIDs that the server reported as gone, if it was asked.
func (f *Fetch) Vanished() imap.UIDSet { return f.gone.all() }

// Next returns the next message of any command, and io.EOF when all commands
// are answered. The message and its body are valid until the following Next.
func (f *Fetch) Next(ctx context.Context) (*Message, error) {
	f.body.release()
	f.body = nil
	if f.closed {
		return nil, io.EOF
	}
	c := f.c
	if m := f.kept(); m != nil {
		return m, nil
	}
	if f.Outstanding() == 0 && !c.fp.live {
		if f.err != nil {
			return nil, f.err
		}
		return nil, io.EOF
	}
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	for {
		if err := f.askAgain(ctx); err != nil {
			return nil, err
		}
		if len(f.asks) == 0 && !c.fp.live {
			return nil, io.EOF
		}
		m, err := c.readReply(f)
		if m != nil || err != nil {
			return m, err
		}
		if m := f.kept(); m != nil {
			return m, nil
		}
	}
}

// FetchEach fetches items of the messages of a set and gives each that comes to
// take. Those that do not come are left out without a word.
// State: selected. RFC 3501 section 6.4.5.
func (c *Conn) FetchEach(ctx context.Context, set imap.UIDSet, items FetchItems, take func(*Message) error) error {
	f := c.Fetch(items)
	if err := f.Ask(ctx, set); err != nil {
		return err
	}
	return f.Each(ctx, take)
}

// Each gives every message to take, until all commands are answered. An error of
// take ends it.
func (f *Fetch) Each(ctx context.Context, take func(*Message) error) error {
	for {
		m, err := f.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(m)
		}
		if err != nil {
			return err
		}
	}
}

// kept takes the oldest message off the queue.
func (f *Fetch) kept() *Message {
	if len(f.queue) == 0 {
		return nil
	}
	m := f.queue[0]
	f.aside -= m.aside()
	f.queue[0] = nil
	f.queue = f.queue[1:]
	f.body = m.Body
	return m
}

// keep puts a message aside for a later Next.
func (f *Fetch) keep(m *Message) error {
	f.queue = append(f.queue, m.clone())
	if f.aside += m.aside(); int64(f.aside) <= f.c.most(maxAside) {
		return nil
	}
	return f.c.fail(f.c.doing(), fmt.Errorf("%w: %d MiB of messages before its answer to another command", ErrFlood, f.aside>>20))
}

// aside is what the message takes in memory while it is kept.
func (m *Message) aside() int {
	n := m.costOf()
	if m.Body != nil && m.Body.spool != nil {
		n += len(m.Body.spool.mem)
	}
	return n
}

// release drops kept bodies.
func (f *Fetch) release() {
	for _, m := range f.queue {
		m.Body.release()
	}
	f.queue, f.aside = nil, 0
	f.body.release()
	f.body = nil
}

// release ends a body that was kept aside.
func (l *Literal) release() {
	if l == nil {
		return
	}
	l.spool.close()
	l.spool, l.c = nil, nil
}
