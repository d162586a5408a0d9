package imapconn

import (
	"bytes"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// skipValue skips the value of a body or header item.
func (p *fetchParser) skipValue() error {
	sc := &p.c.sc
	sc.Space()
	if n, ok := sc.AtLiteral(); ok {
		return p.skipLiteral(n)
	}
	return sc.SkipValue()
}

func (p *fetchParser) skipLiteral(n int64) error {
	p.c.sc.TakeLiteral()
	if err := p.c.s.SkipLiteral(n); err != nil {
		return err
	}
	_, err := p.behindLiteral(n)
	return err
}

// behindLiteral reads the line behind a literal of n bytes and says whether it
// can be the rest of the reply. If not, the literal had another length than
// announced; when the line is a reply of its own, it is put back.
func (p *fetchParser) behindLiteral(n int64) (bool, error) {
	c := p.c
	l, err := c.s.Line()
	if err != nil {
		return false, err
	}
	if len(l.Text) == 0 && !l.Bare {
		// An empty line: some servers end a body with a line end of their own
		// before they go on; others forget the parenthesis.
		next, err := c.s.PeekByte()
		if err != nil {
			return false, err
		}
		if next == ')' || next == ' ' {
			if l, err = c.s.Line(); err != nil {
				return false, err
			}
		} else {
			return true, c.sc.Continue(imapwire.Fragment{Literal: -1})
		}
	}
	if !isRest(l.Text) {
		const few = 60
		p.odd = printable(l.Text[:min(len(l.Text), few)])
		p.c.skipped(fmt.Appendf(nil, "behind a literal of %d bytes: %s", n, l.Text))
		if c.isReply(l.Text) {
			c.line = bytes.Clone(l.Text)
		}
		return false, c.sc.Continue(imapwire.Fragment{Literal: -1})
	}
	text, lit := imapwire.Announced(l.Text)
	return true, c.sc.Continue(imapwire.Fragment{Text: text, Literal: lit, Bare: l.Bare})
}

// isRest reports whether a line can go on after a literal: a parenthesis, or
// another item, which a few servers glue to the literal.
func isRest(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	if b[0] == ')' {
		return true
	}
	t := bytes.TrimLeft(b, " ")
	if len(t) == 0 {
		return false
	}
	if t[0] == ')' {
		return true
	}
	end := 0
	for end < len(t) && (t[end] >= 'A' && t[end] <= 'Z' || t[end] >= 'a' && t[end] <= 'z' ||
		t[end] >= '0' && t[end] <= '9' || t[end] == '.' || t[end] == '-') {
		end++
	}
	if end == 0 || end == len(t) || (t[0] >= '0' && t[0] <= '9') {
		return false
	}
	if len(t) != len(b) {
		return t[end] == ' ' || t[end] == '[' || t[end] == '('
	}
	for _, known := range [...]string{"FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "MODSEQ", "BODY", "X-GM-LABELS", "X-GM-MSGID"} {
		if imapwire.EqualFold(t[:end], known) {
			return true
		}
	}
	return false
}

// isReply reports whether a line begins a reply.
func (c *Conn) isReply(b []byte) bool {
	if len(b) > 1 && b[0] == '*' && b[1] == ' ' {
		return true
	}
	tag, _ := cutWord(b)
	cmd, _ := c.byTag(tag)
	return cmd != nil
}

// tail reads the rest of the reply whose live body was read to its end.
func (p *fetchParser) tail() error {
	c, lit := p.c, p.lit
	p.live, p.lit = false, nil
	good, err := p.behindLiteral(lit.size)
	if err != nil {
		return c.fail("reading a message", err)
	}
	if !good {
		p.f.spoiled(p.m.UID)
		return &BodyError{UID: uint32(p.m.UID), Size: lit.size, Tail: p.odd}
	}
	// What follows was not asked for or came before; but the message is the
	// caller's now, and stays as it is.
	if err := p.rest(); err != nil {
		return c.fail("reading a message", err)
	}
	return nil
}

// rest skips the items behind a live body.
func (p *fetchParser) rest() error {
	sc := &p.c.sc
	for {
		sc.Space()
		if b := sc.Rest(); len(b) > 0 && b[0] == ')' {
			return sc.Finish()
		}
		if !sc.More() {
			return nil
		}
		if err := sc.SkipValue(); err != nil {
			return err
		}
	}
}

// drain discards what the caller left of a live body.
func (p *fetchParser) drain() error {
	lit := p.lit
	if lit.left > 0 {
		if err := p.c.s.SkipLiteral(lit.left); err != nil {
			return p.c.fail("reading a message", err)
		}
	}
	lit.c, lit.left, lit.err = nil, 0, errStale
	err := p.tail()
	if _, spoiled := err.(*BodyError); spoiled { //nolint:errorlint // ours, unwrapped
		return nil // reported by Missing
	}
	return err
}

// release ends a live body of a connection that is over.
func (p *fetchParser) release() {
	p.live = false
	p.held.close()
	p.held = nil
}
