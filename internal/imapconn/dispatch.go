package imapconn

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// readReply reads one reply and gives it to whom it concerns. With a stream it
// stops at a message for it, which it reports; without, messages of the active
// stream are kept for its next Next.
func (c *Conn) readReply(f *Fetch) (*Message, error) {
	if c.fp.live {
		// The rest of a body nobody wanted to read.
		if err := c.fp.drain(); err != nil {
			return nil, err
		}
	}
	if err := c.charge(); err != nil {
		return nil, err
	}
	alone := false
	if c.s.Unsent() {
		alone = len(c.flight) == 1 && c.line == nil && c.s.Quiet()
		if err := c.flush(); err != nil {
			return nil, err
		}
	}
	var sent time.Time
	if alone {
		sent = time.Now()
	}
	if err := c.overdue(); err != nil {
		return nil, err
	}
	text, bare, err := c.readLine()
	if err == nil {
		err = c.tooLong(text)
	}
	if err != nil {
		return nil, c.fail(c.doing(), err)
	}
	if alone {
		c.roundTrip(time.Since(sent))
	}
	if len(text) == 0 {
		if c.exposed() {
			return nil, c.unexplained(text)
		}
		return nil, nil
	}
	switch text[0] {
	case '*':
		return c.untagged(f, text, bare)
	case '+':
		return nil, c.plus(text)
	}
	return nil, c.tagged(text)
}

func (c *Conn) flush() error {
	if err := c.s.Flush(); err != nil {
		return c.failWrite(c.doing(), err)
	}
	return nil
}

// readLine gives the next line, which may have been read before.
func (c *Conn) readLine() (text []byte, bare bool, err error) {
	if c.line != nil {
		text, c.line = c.line, nil
		return text, false, nil
	}
	l, err := c.s.Line()
	return l.Text, l.Bare, err
}

// plus takes a continuation request. One that nobody expects is skipped:
// servers send them for literals that need none. After the refusal of a text that
// left unasked it may come of the text.
func (c *Conn) plus(text []byte) error {
	if !c.waitCont && c.doubtedAt != 0 {
		return c.outOfStep(text, true)
	}
	if !c.waitCont || c.gotCont {
		c.skipped(text)
		return nil
	}
	c.gotCont = true
	c.contText = append(c.contText[:0], bytes.TrimPrefix(text[1:], []byte(" "))...)
	return nil
}

// tagged completes a command. A tag of ours that was answered before is skipped; a
// reply with another tag answers what we never sent, and nothing on such a
// connection can be relied on.
func (c *Conn) tagged(text []byte) error {
	tag, rest := cutWord(text)
	cmd, ours := c.byTag(tag)
	if cmd == nil {
		word, _ := cutWord(rest)
		if !ours && isStatus(word) {
			return c.outOfStep(text, true)
		}
		return c.unexplained(text)
	}
	c.settled()
	r := parseResponse(text, rest)
	c.redact(&r)
	c.statusCode(&r)
	if r.Code == "ALERT" {
		c.notice(&r)
	}
	r.Command = cmd.name
	c.status(&r)
	if c.bye != nil && !r.OK() && r.Code == "" && cmd.name != "LOGIN" && cmd.name != "AUTHENTICATE" {
		// It hangs up, and says so for the command as well: that is nothing about the
		// folder or the message. What was asked before may still be answered.
		if c.flight[0] != cmd {
			return nil
		}
		return c.fail(c.doing(), fmt.Errorf("the server said BYE, and %s", r.Line()))
	}
	c.complete(cmd, r)
	if cmd.unasked && !r.OK() {
		return c.refusedUnasked(cmd, &r)
	}
	return nil
}

// byTag finds a command in flight. Tags count upwards, so commands in flight
// are sorted by them. ASCII case aside: some servers change it. ours says that the
// tag is one that was sent.
func (c *Conn) byTag(tag []byte) (cmd *Command, ours bool) {
	n := len(c.tagPrefix)
	if len(tag) <= n || !imapwire.EqualFold(tag[:n], c.tagPrefix) {
		return nil, false
	}
	number, ok := parseNum32(tag[n:])
	if !ok || number == 0 || number > c.tags {
		return nil, false
	}
	i, ok := slices.BinarySearchFunc(c.flight, number, func(cmd *Command, n uint32) int { return cmp.Compare(cmd.number, n) })
	if !ok {
		return nil, true
	}
	return c.flight[i], true
}

// finishReply consumes the rest of the reply at hand.
func (c *Conn) finishReply() error {
	if err := c.sc.Finish(); err != nil {
		return c.fail(c.doing(), err)
	}
	return nil
}
