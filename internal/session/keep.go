package session

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// A connection may outlast the run that opened it and serve the next one on the same
// two accounts. Between the two nobody but who keeps it may use it.

// Renew has a control be that of the next run. It is called while no run uses it.
func (c *Control) Renew(o Orders) {
	fresh := NewControl(o).o.Load()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.o.Store(fresh)
	c.cause = ""
	c.errors.Store(0)
}

// Rejoin has an account take part in the next run: what is known of its server stays,
// the figures begin anew. Control and Limits of r must be those of the run before.
func (s *Account) Rejoin(r Run) {
	s.control, s.backoff, s.limits = r.Control, r.Backoff, r.Limits
	s.backoff.Join(s.Governor)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = nil
	s.bytesIn, s.bytesOut, s.commands, s.reconnections, s.commandNames = 0, 0, 0, 0, nil
}

// Keep counts what the link's connection moved in the run that ends, without ending
// it. It reports whether there is one that can serve another run.
func (k *Link) Keep() bool {
	c := k.Conn
	if c == nil || c.Err() != nil || c.InFlight() > 0 {
		return false
	}
	s := k.Account
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(c)
	if s.counted == nil {
		s.counted = make(map[*imapconn.Conn]Figures)
	}
	n := c.Counters()
	s.counted[c] = Figures{BytesIn: n.NetIn, BytesOut: n.NetOut, Commands: int64(c.Commands()), CommandNames: c.CommandNames()}
	return true
}

// Rest has the link's connection take little memory until Resume. One with DEFLATE
// takes much and cannot be listened to: it is ended, and what replaces it, when it is
// needed, goes without.
func (k *Link) Rest(ctx context.Context) {
	k.Forget()
	k.Opened = nil // it can be long
	c := k.Conn
	if c == nil || c.Err() != nil {
		return
	}
	if c.Compressed() {
		k.Account.compression.state.Store(deflateNever)
		k.Account.Config.Compress = false
		(&Pair{Src: k}).Close(ctx)
		return
	}
	_ = k.settle(ctx) // whoever needs the connection next finds out that it is lost
	c.Rest()
}

// settle has the server tell the counts of all folders as they are: of the folder that is
// selected some (Dovecot) tell those that the session saw last.
func (k *Link) settle(ctx context.Context) error {
	c := k.Conn
	switch {
	case c.Mailbox() == nil:
		return nil
	case c.Has(imap.CapUnselect):
		return c.Unselect(ctx)
	}
	return c.Noop(ctx)
}

// Resume ends Rest: the connection is fit for a run.
func (k *Link) Resume(ctx context.Context) error {
	k.Forget()
	k.Conn.Resume()
	return k.settle(ctx)
}

// Patient waits until the servers let everybody go on, and the connections are there
// again where they were lost.
func (k *Link) Patient(ctx context.Context) error {
	if err := k.Account.backoff.WaitWith(ctx, k); err != nil {
		return err
	}
	_, err := k.Alive(ctx)
	return err
}
