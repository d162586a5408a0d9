package imapconn

import (
	"context"
	"fmt"
	"net"
	"slices"
)

var errClosed = net.ErrClosed

// Command is a command sent. It is of use only to the Conn that sent it.
type Command struct {
	name string
	tag  string
	// number is the tag without its prefix.
	number uint32
	// unasked: it carries a literal that left without the server's consent.
	unasked bool
	done    bool
	res     Response
	// part: it was answered OK and not carried out for all its messages.
	part *part
	// permitted: the seal does not hold it back, see PermitAppend.
	permitted bool

	// take is offered untagged data and says whether it took it.
	take func(v any) bool
	// finish sees the tagged reply before Wait returns.
	finish func(r *Response)
	// over is why what take collected is not all, nil if it is.
	over error
}

// Name is the command's name without arguments.
func (cmd *Command) Name() string { return cmd.name }

// Done reports whether the tagged reply came.
func (cmd *Command) Done() bool { return cmd.done }

// Response returns the tagged reply of a command that is done.
func (cmd *Command) Response() Response { return cmd.res }

// Send writes a command without waiting for its answer. A name of two words,
// such as "UID STORE", is fine. It blocks only where the server must be asked
// for a literal. The bytes leave at the next Wait or Flush.
func (c *Conn) Send(ctx context.Context, name string, args ...Arg) (*Command, error) {
	return c.send(ctx, &Command{name: name}, args...)
}

// Wait reads replies until cmd is answered: nil for OK, *Response otherwise.
func (c *Conn) Wait(ctx context.Context, cmd *Command) error {
	if cmd.done {
		return cmd.err()
	}
	if err := c.enter(ctx); err != nil {
		return err
	}
	for !cmd.done {
		if _, err := c.readReply(nil); err != nil {
			return err
		}
	}
	return cmd.err()
}

// Flush sends what is buffered, without waiting for answers.
func (c *Conn) Flush(ctx context.Context) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	if err := c.s.Flush(); err != nil {
		return c.failWrite(c.doing(), err)
	}
	return nil
}

func (cmd *Command) err() error {
	if cmd.res.OK() {
		return nil
	}
	r := cmd.res
	return &r
}

// run sends and waits.
func (c *Conn) run(ctx context.Context, name string, args ...Arg) error {
	return c.collect(ctx, nil, name, args...)
}

// collect sends a command that takes untagged data, and waits.
func (c *Conn) collect(ctx context.Context, take func(any) bool, name string, args ...Arg) error {
	cmd, err := c.send(ctx, &Command{name: name, take: take}, args...)
	if err != nil {
		return err
	}
	return c.Wait(ctx, cmd)
}

// Pending is a command sent by a StartM method; Wait gives M's result.
type Pending[T any] struct {
	c    *Conn
	cmd  *Command
	data *T
}

// Wait reads replies until the command is answered. The data is what arrived,
// also beside an error.
func (p *Pending[T]) Wait(ctx context.Context) (T, error) {
	err := p.c.Wait(ctx, p.cmd)
	if err == nil && p.cmd.over != nil {
		err = fmt.Errorf("%s: %w", p.cmd.name, p.cmd.over)
	}
	return *p.data, err
}

// Done reports whether Wait would return without reading.
func (p *Pending[T]) Done() bool { return p.cmd.done }

// start sends a command whose result is data.
func start[T any](ctx context.Context, c *Conn, data *T, cmd *Command, args ...Arg) (*Pending[T], error) {
	cmd, err := c.send(ctx, cmd, args...)
	if err != nil {
		return nil, err
	}
	return &Pending[T]{c: c, cmd: cmd, data: data}, nil
}

// wait is Wait of a start that may have failed.
func wait[T any](ctx context.Context, p *Pending[T], err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return p.Wait(ctx)
}

// Nothing is the result of a command that has none.
type Nothing struct{}

// simple starts a command without data.
func (c *Conn) simple(ctx context.Context, name string, args ...Arg) (*Pending[Nothing], error) {
	return start(ctx, c, &Nothing{}, &Command{name: name}, args...)
}

// send is the one place at which commands are written.
func (c *Conn) send(ctx context.Context, cmd *Command, args ...Arg) (*Command, error) {
	if err := c.open(ctx, cmd, args); err != nil {
		return nil, err
	}
	for _, a := range args {
		c.put(" ", " ")
		if err := c.arg(cmd, a); err != nil {
			return nil, err
		}
	}
	return cmd, c.endLine()
}

// complete enters a tagged reply.
func (c *Conn) complete(cmd *Command, r Response) {
	if i := slices.Index(c.flight, cmd); i == 0 {
		c.flight[0] = nil
		c.flight = c.flight[1:]
	} else if i > 0 {
		c.flight = slices.Delete(c.flight, i, i+1)
	}
	c.count(cmd, -1)
	if cmd.unasked {
		c.unasked--
	}
	if cmd.number > c.doubtedAt {
		c.doubtedAt = 0
	}
	r.Command = cmd.name
	if r.OK() {
		c.readLimit(cmd, &r)
	}
	cmd.res, cmd.done = r, true
	if cmd.finish != nil {
		cmd.finish(&cmd.res)
	}
}
