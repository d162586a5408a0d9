package imapconn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// News is what a server told by itself, while no command asked for anything. It says
// that something happened and not what: that is asked for, since no untagged reply is
// proof of anything.
type News struct {
	// Selected: the selected mailbox has other messages, or other flags.
	Selected bool
	// Elsewhere: the counts of another mailbox were told (NOTIFY).
	Elsewhere bool
	// Names: mailboxes came, went, or have another name (NOTIFY).
	Names bool
	// Overflow: the server tells nothing by itself any more (RFC 5465 section 5.8).
	Overflow bool
	// Ended: the server has ended IDLE by itself.
	Ended bool
}

// Any reports whether anything was told.
func (n News) Any() bool { return n != News{} }

// take notes a reply that no command took.
func (n *News) take(v any) {
	switch v := v.(type) {
	case numReply:
		n.Selected = n.Selected || v.word != "RECENT"
	case fetchReply, vanishedReply:
		n.Selected = true
	case *imap.StatusData:
		n.Elsewhere = true
	case *ListData:
		n.Names = true
	case *Response:
		n.Overflow = n.Overflow || v.Code == "NOTIFICATIONOVERFLOW"
	}
}

// idleAnswer bounds the wait for the end of IDLE after DONE, whatever the time-out of
// other commands is.
const idleAnswer = 30 * time.Second

// Idling is an IDLE under way. Nothing else may be sent before Done.
type Idling struct {
	c   *Conn
	cmd *Command
}

// Idle begins IDLE: from now on the server tells what happens in the selected mailbox,
// and where NOTIFY is set in others. A server that does not want to gives a *Response.
// Servers end it after 30 minutes or sooner, so it is to be begun anew before (RFC 2177
// section 3). Capability: IDLE. State: authenticated.
func (c *Conn) Idle(ctx context.Context) (*Idling, error) {
	news := c.news
	if news == nil {
		news = new(News)
	}
	cmd, err := c.send(ctx, &Command{name: "IDLE"})
	if err != nil {
		return nil, err
	}
	c.news = news // what comes before the server's consent is news as well
	if err := c.continuation(cmd); err != nil {
		return nil, err
	}
	c.idling = cmd
	return &Idling{c: c, cmd: cmd}, nil
}

// Wait waits for news: until there are some, for d, or until ctx ends. That of ctx
// harms nothing; run is the context whose end ends the connection.
func (i *Idling) Wait(run, ctx context.Context, d time.Duration) (News, error) { //nolint:revive // two contexts, the first as everywhere
	n, err := i.c.listen(run, ctx, d, i.cmd)
	n.Ended = err == nil && i.cmd.done
	return n, err
}

// Done ends IDLE. What was told meanwhile is in the result, too.
func (i *Idling) Done(ctx context.Context) (News, error) {
	c := i.c
	if err := c.enter(ctx); err != nil {
		return News{}, err
	}
	c.idling = nil
	if !i.cmd.done {
		c.put("DONE", "DONE")
		if err := c.endLine(); err != nil {
			return News{}, err
		}
		if t := c.cfg.Timeout; t == 0 || t > idleAnswer {
			c.s.SetTimeout(idleAnswer)
			defer c.s.SetTimeout(t)
		}
	}
	err := c.Wait(ctx, i.cmd)
	n := c.heard()
	var refused *Response
	if errors.As(err, &refused) && c.err == nil {
		err = nil // it is over, whatever the server calls that
	}
	return n, err
}

// Listen waits for what a server tells by itself without IDLE, see NOTIFY. Its
// arguments are those of Idling.Wait.
func (c *Conn) Listen(run, ctx context.Context, d time.Duration) (News, error) { //nolint:revive // as Idling.Wait
	if c.news == nil {
		c.news = new(News)
	}
	return c.listen(run, ctx, d, nil)
}

// Hear begins to note what the server tells by itself: what comes beside the answers
// of commands is news for the next Wait or Listen.
func (c *Conn) Hear() { c.news = new(News) }

// Unhear ends Hear.
func (c *Conn) Unhear() { c.news = nil }

// heard takes the news so far.
func (c *Conn) heard() News {
	if c.news == nil {
		return News{}
	}
	n := *c.news
	*c.news = News{}
	return n
}

// listen reads replies until one of them is news, or cmd is answered.
func (c *Conn) listen(run, ctx context.Context, d time.Duration, cmd *Command) (News, error) { //nolint:revive // as Idling.Wait
	if err := c.enter(run); err != nil {
		return News{}, err
	}
	for end := time.Now().Add(d); ; {
		if n := c.heard(); n.Any() || cmd != nil && cmd.done {
			return n, nil
		}
		left := time.Until(end)
		if left <= 0 {
			return News{}, nil
		}
		select {
		case <-ctx.Done(): // the wait is over, which is no error
			return News{}, nil
		default:
		}
		more, err := c.s.Await(ctx, left)
		switch {
		case errors.Is(err, imapwire.ErrDeflated):
			return News{}, err
		case err != nil:
			return News{}, c.fail("listening", err)
		case !more:
			return News{}, nil
		}
		if _, err := c.readReply(nil); err != nil {
			return News{}, err
		}
		if c.bye != nil {
			return News{}, c.fail("listening", errors.New("the server said BYE"))
		}
	}
}

// Notify asks the server to tell by itself what happens in all mailboxes of the user
// but the selected one: messages that come and go, flags that change, and mailboxes
// that come, go or are renamed. A server that cannot tell all that refuses with a
// *Response. Capability: NOTIFY. State: authenticated. RFC 5465.
func (c *Conn) Notify(ctx context.Context) error {
	return c.run(ctx, "NOTIFY", Raw("SET (personal (MessageNew MessageExpunge FlagChange MailboxName))"))
}

// NotifyNone asks it to tell nothing any more.
func (c *Conn) NotifyNone(ctx context.Context) error { return c.run(ctx, "NOTIFY", Raw("NONE")) }

// Rest gives up the large buffers of a connection of which nothing but news is
// expected, until Resume. It may be called when nothing is under way.
func (c *Conn) Rest() {
	if len(c.flight) > 0 || c.line != nil {
		return
	}
	c.s.Rest()
	c.out, c.shown, c.contText = nil, nil, nil
	// What was read last points into the buffer that was given up, and into the listing of
	// which it was a part.
	c.fp.release()
	c.fp, c.sc, c.stream = fetchParser{c: c}, imapwire.Scanner{}, nil
}

// Resume takes them again.
func (c *Conn) Resume() { c.s.Resume() }

// busyIdling is why a command cannot be sent now.
func (c *Conn) busyIdling(name string) error {
	if c.idling == nil {
		return nil
	}
	return fmt.Errorf("%s: IDLE is on; end it with Done first", name)
}
