package imapconn

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// OutOfStepError says that what a server sent does not fit what it was sent. The
// connection was reset, so that nothing of what is still on its way is taken for
// commands; what became of the commands in flight is not known.
type OutOfStepError struct {
	// Line is the beginning of what the server said, without secrets.
	Line string
	// Unasked: a literal had left without the server's consent and it may have
	// taken the text for commands; from now on it is asked before each literal.
	Unasked bool
	// Executed: the line answers something that was never sent as a command.
	Executed bool
}

// Error tells the server's words.
func (e *OutOfStepError) Error() string {
	switch {
	case e.Executed && e.Unasked:
		return fmt.Sprintf("the server seems to take the text of a message for commands: it says %q; the connection was reset", e.Line)
	case e.Unasked:
		return fmt.Sprintf("the server says %q to a message that was already on its way, so it may take the text for commands; the connection was reset", e.Line)
	}
	return fmt.Sprintf("the server answers a command that was never sent: %q; the connection was reset", e.Line)
}

// tagLetters is the length of the part of a tag that nobody can guess: the text of
// a mail must not be able to answer our commands.
const tagLetters = 6

// newTagPrefix makes the part of the tags of one connection that nobody can guess.
func newTagPrefix() string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	var b [tagLetters]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	if b[0] < 'A' {
		b[0] = 'T'
	}
	return string(b[:])
}

// exposed reports whether text that left unasked may be read as commands, as far as
// is known now.
func (c *Conn) exposed() bool { return c.unasked > 0 || c.doubtedAt != 0 }

// unexplained deals with a line that is no reply to anything. It is skipped while
// nothing can come of it; while literals are under way that nobody asked for, the
// server may be executing their text.
func (c *Conn) unexplained(line []byte) error {
	if c.exposed() {
		return c.outOfStep(line, true)
	}
	c.skipped(line)
	return nil
}

// outOfStep ends the connection by a reset. executed: the line answers something
// that was never sent.
func (c *Conn) outOfStep(line []byte, executed bool) error {
	const limit = 200
	e := &OutOfStepError{
		Line:    imapwire.Redact(printable(line[:min(len(line), limit)]), c.hide),
		Unasked: c.exposed() || c.everUnasked, Executed: executed,
	}
	if e.Unasked {
		c.cfg.Consent.Always()
	}
	err := c.fail(c.doing(), e)
	if c.cfg.OnOutOfStep != nil {
		c.cfg.OnOutOfStep(e)
	}
	return err
}

// refusedUnasked deals with the refusal of a command whose literal had left
// unasked. After BAD nobody knows what the server made of the text. After NO it is
// to answer something else first.
func (c *Conn) refusedUnasked(cmd *Command, r *Response) error {
	if r.Status == "NO" {
		c.doubtedAt = cmd.number
		return nil
	}
	return c.outOfStep([]byte(r.line), false)
}

// settleStep makes sure that the server reads commands where we write commands,
// before an APPEND is begun: after a refusal of a text that had left unasked it has
// to answer a NOOP first. asked says that consent will be waited for: then a
// continuation request that some servers send for literals that need none must not
// be on its way.
func (c *Conn) settleStep(ctx context.Context, asked bool) error {
	if asked && c.unasked > 0 {
		for len(c.flight) > 0 {
			if _, err := c.readReply(nil); err != nil {
				return err
			}
		}
	}
	if c.doubtedAt == 0 {
		return nil
	}
	if err := c.Noop(ctx); err != nil && c.err != nil {
		return err
	}
	return nil
}
