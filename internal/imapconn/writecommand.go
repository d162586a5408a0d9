package imapconn

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// Arg is an argument of a command: Raw, Str or a secret.Secret.
type Arg any

// Raw goes on the wire as it is; it must not hold a line end or NUL.
type Raw string

// Str goes as an atom, a quoted string or a literal, whichever carries its
// bytes unchanged (RFC 3501, astring). Mailbox names are Str.
type Str string

// quotedStr is Str that is never sent as an atom.
type quotedStr string

// open checks a command against the seal, enters it into the books and begins
// its line. Nothing is written when it returns an error.
func (c *Conn) open(ctx context.Context, cmd *Command, args []Arg) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	if !cmd.permitted {
		if err := c.guard(cmd.name, args); err != nil {
			return err
		}
	}
	for _, a := range args {
		if err := checkArg(cmd.name, a); err != nil {
			return err
		}
	}
	if c.writing != nil {
		return fmt.Errorf("%s: an APPEND is being written; Finish it first", cmd.name)
	}
	if err := c.busyIdling(cmd.name); err != nil {
		return err
	}
	c.tags++
	if c.cfg.Meter != nil {
		c.cfg.Meter.Commands.Add(1)
	}
	cmd.number = c.tags
	cmd.tag = c.tagPrefix + strconv.FormatUint(uint64(c.tags), 10)
	c.flight = append(c.flight, cmd)
	c.count(cmd, 1)
	c.tally(cmd.name)
	c.put(cmd.tag, cmd.tag)
	c.put(" ", " ")
	c.put(cmd.name, cmd.name)
	return nil
}

// checkArg refuses what would end the line or is no argument at all.
func checkArg(name string, a Arg) error {
	switch v := a.(type) {
	case Raw:
		if strings.ContainsAny(string(v), "\r\n\x00") {
			return fmt.Errorf("%s: an argument holds a line end or NUL: %q", name, string(v))
		}
	case Str, quotedStr, secret.Secret:
	default:
		return fmt.Errorf("%s: an argument has type %T; use Raw or Str", name, a)
	}
	return nil
}

// put appends to the line being written; shown is what the trace gets.
func (c *Conn) put(text, shown string) {
	c.out = append(c.out, text...)
	if c.tracer != nil {
		c.shown = append(c.shown, shown...)
	}
}

// endLine ends the line and hands it to the write buffer.
func (c *Conn) endLine() error {
	c.out = append(c.out, '\r', '\n')
	return c.writeOut()
}

// writeOut hands the text so far to the write buffer.
func (c *Conn) writeOut() error {
	if c.tracer != nil && len(c.shown) > 0 {
		c.tracer.Sent(c.shown)
		c.shown = c.shown[:0]
	}
	_, err := c.s.Write(c.out)
	c.out = c.out[:0]
	if err != nil {
		return c.failWrite(c.doing(), err)
	}
	return nil
}

func (c *Conn) arg(cmd *Command, a Arg) error {
	switch v := a.(type) {
	case Raw:
		c.put(string(v), string(v))
	case Str:
		return c.str(cmd, string(v), true, false)
	case quotedStr:
		return c.str(cmd, string(v), false, false)
	case secret.Secret:
		return c.str(cmd, v.Reveal(), false, true)
	}
	return nil
}

// str writes an astring.
func (c *Conn) str(cmd *Command, s string, atom, hidden bool) error {
	switch {
	case atom && imapwire.IsAtom(s):
		c.put(s, s)
	case imapwire.IsQuotable(s):
		from := len(c.out)
		c.out = imapwire.AppendQuoted(c.out, s)
		if c.tracer != nil {
			if hidden {
				c.shown = append(c.shown, imapwire.Mask...)
			} else {
				c.shown = append(c.shown, c.out[from:]...)
			}
		}
	default:
		ask := !atom || !c.cfg.Consent.knows(s) || readsAsCommand(s)
		if err := c.literal(cmd, int64(len(s)), false, ask); err != nil {
			return err
		}
		shown := s
		if hidden {
			shown = imapwire.Mask
		}
		c.put(s, shown)
	}
	return nil
}

// readsAsCommand reports whether a server that refuses a literal and does not swallow
// it could find a command in the text: that takes a line end or a blank. That a server
// took a name once, when it was asked, does not say that it takes it unasked.
func readsAsCommand(s string) bool { return strings.ContainsAny(s, " \r\n") }

// nonSync reports whether a literal of n bytes may be sent without asking
// (RFC 7888).
func (c *Conn) nonSync(n int64) bool {
	return (c.Has(imap.CapLiteralPlus) || n <= 4096 && c.Has(imap.CapLiteralMinus)) && !c.cfg.Consent.asksAlways()
}

// literal announces a literal of n bytes at the end of the line so far, and
// waits for the server's consent where that is needed; ask: in any case, see
// Consent. A server that answers the command instead gives a *Response; the
// connection lives on.
func (c *Conn) literal(cmd *Command, n int64, binary, ask bool) error {
	if binary {
		c.put("~", "~")
	}
	size := strconv.FormatInt(n, 10)
	if !ask && c.nonSync(n) {
		if !cmd.unasked && !cmd.done {
			cmd.unasked, c.everUnasked = true, true
			c.unasked++
		}
		c.put("{"+size+"+}\r\n", "{"+size+"+}")
		return c.writeOut()
	}
	c.put("{"+size+"}\r\n", "{"+size+"}")
	if err := c.writeOut(); err != nil {
		return err
	}
	if err := c.continuation(cmd); err != nil {
		return err
	}
	return nil
}

// continuation waits for "+".
func (c *Conn) continuation(cmd *Command) error {
	c.waitCont, c.gotCont = true, false
	defer func() { c.waitCont = false }()
	if len(c.flight) > 1 {
		// The answers to earlier commands come before the consent, in packets of
		// their own. Sending ends what AckAtOnce begins.
		if err := c.flush(); err != nil {
			return err
		}
		c.s.AckAtOnce()
	}
	for !c.gotCont {
		if cmd.done {
			c.out, c.shown = c.out[:0], c.shown[:0]
			r := cmd.res
			return &r
		}
		if _, err := c.readReply(nil); err != nil {
			return err
		}
	}
	return nil
}
