package imapconn

import (
	"context"
	"errors"
	"time"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// Abort closes the socket at once. Safe from any goroutine; the owner's
// blocked call returns a *ConnError.
func (c *Conn) Abort() { _ = c.s.Abort() }

// Close closes the socket without LOGOUT and releases what is held.
func (c *Conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	if c.err == nil {
		c.err = &ConnError{Host: c.cfg.Label() + " " + c.cfg.Host, Op: "idle", Err: errors.New("closed by us")}
	}
	c.fp.release()
	if c.stream != nil {
		c.stream.release()
	}
	return c.s.Close()
}

// failWrite is fail for a write that the server did not take. A server that
// throws a client out says why before it closes; that is worth a moment.
func (c *Conn) failWrite(op string, err error) error {
	var t *imapwire.TimeoutError
	if c.err == nil && c.bye == nil && !c.fp.live && !errors.As(err, &t) && c.s.Context().Err() == nil {
		c.s.SetTimeout(farewellTime)
		for range 1000 {
			l, err := c.s.Line()
			if err != nil {
				break
			}
			if len(l.Text) < 2 || l.Text[0] != '*' {
				continue
			}
			if r := parseResponse(l.Text, l.Text[1:]); r.Status == "BYE" {
				c.redact(&r)
				c.bye = &r
				break
			}
		}
	}
	return c.fail(op, err)
}

// farewellTime bounds the wait for a server's last words.
const farewellTime = time.Second

// leaves notes a farewell. What may follow it is the reply to the command under way
// and the end of the connection (RFC 3501 section 7.1.5); neither is waited for
// longer than lastWords.
func (c *Conn) leaves(r *Response) {
	if c.bye == nil {
		c.byeAt = time.Now()
		if t := c.cfg.Timeout; t == 0 || t > lastWords {
			c.s.SetTimeout(lastWords)
		}
	}
	c.bye = r
}

// lastWords is how long a server may go on after BYE.
const lastWords = 2 * time.Second

// overdue ends a connection on which a server said BYE and goes on talking.
func (c *Conn) overdue() error {
	if c.bye == nil || c.byeAt.IsZero() || time.Since(c.byeAt) < lastWords {
		return nil
	}
	return c.fail(c.doing(), errors.New("the server said BYE and does not close the connection"))
}

// fail makes the connection dead and returns why.
func (c *Conn) fail(op string, err error) error {
	if c.err != nil {
		return c.err
	}
	var t *imapwire.TimeoutError
	c.err = &ConnError{
		Host: c.cfg.Label() + " " + c.cfg.Host, Op: op,
		Err: explainEOF(err), Timeout: errors.As(err, &t), Bye: c.bye,
	}
	_ = c.s.Abort() // the connection is lost anyway
	c.fp.release()
	return c.err
}

// Logout says good-bye and closes. State: any. Its error is only of interest
// to those who count; the connection is closed in any case.
func (c *Conn) Logout(ctx context.Context) error {
	err := c.run(ctx, "LOGOUT")
	var lost *ConnError
	if errors.As(err, &lost) && c.bye != nil && !lost.Timeout && !isCancel(err) {
		err = nil // said BYE and closed before the tagged reply: good enough
	}
	if err == nil {
		linger(c.sock, -1)
	}
	if cerr := c.Close(); err == nil && cerr != nil && !errors.Is(cerr, errClosed) {
		err = cerr
	}
	return err
}
