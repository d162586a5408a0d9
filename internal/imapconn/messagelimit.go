package imapconn

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// A server with MESSAGELIMIT=n (RFC 9738; Yahoo and AOL have 1000) carries a
// command out for n messages at most, those with the highest UIDs, and says OK all
// the same: only the code tells that there is more to do. So no command names more
// messages than that, as far as their number is known, and what was left undone is
// done by further commands. A client that did not ask for it gets the same.

// messageLimit is the code, and the capability without its number.
const messageLimit = "MESSAGELIMIT"

// uidOnly is the capability.
const uidOnly imap.Cap = "UIDONLY"

// part is how much of a command was carried out.
type part struct {
	// lowest is the lowest UID dealt with, 0 when the server did not tell.
	lowest imap.UID
	// reply is what told so.
	reply Response
}

// MessageLimit is for how many messages one command is carried out, 0 for any
// number: what the server advertised, or less where it turned out to do less.
func (c *Conn) MessageLimit() int { return c.limit }

// AtMost is n, or MessageLimit where that is less.
func (c *Conn) AtMost(n int) int {
	if c.limit > 0 {
		return min(n, c.limit)
	}
	return n
}

// limitTo takes a limit, as the server words it, if it is lower than the one that
// is known.
func (c *Conn) limitTo(number string) {
	if v, err := strconv.Atoi(number); err == nil && v > 0 && (c.limit == 0 || v < c.limit) {
		c.limit = v
	}
}

// readLimit takes the code off a reply to cmd.
func (c *Conn) readLimit(cmd *Command, r *Response) {
	if r.Code != messageLimit {
		return
	}
	most, lowest, _ := strings.Cut(r.CodeArgs, " ")
	cmd.part = &part{reply: *r}
	cmd.part.reply.Command = cmd.name
	if u, ok := parseNum32([]byte(lowest)); ok {
		cmd.part.lowest = imap.UID(u)
	}
	c.limitTo(most)
}

// seeAll enables UIDONLY (RFC 9586) on a server that has both: Yahoo shows only the
// newest 10,000 messages of a folder to whoever may use sequence numbers, which
// nothing here does.
func (c *Conn) seeAll(ctx context.Context) error {
	if !c.Has(uidOnly) || c.MessageLimit() == 0 {
		return nil
	}
	if _, err := c.Enable(ctx, uidOnly); err != nil && c.err != nil {
		return err
	}
	return nil // refused, all is as it would be without
}

// PartlyError says that a command was answered OK and carried out for some of its
// messages only, and that the rest could not be asked for again.
type PartlyError struct {
	// Reply is what the server said.
	Reply Response
	// Rest are the messages that nothing was done for; none when the server did not
	// tell.
	Rest imap.UIDSet
}

// Error names the command and the messages.
func (e *PartlyError) Error() string {
	rest := "it did not say which"
	if len(e.Rest) > 0 {
		rest = "those left are " + e.Rest.String()
	}
	return fmt.Sprintf("%s: the server did this for a part of the messages; %s: %s", e.Reply.Command, rest, e.Reply.Line())
}

// Unwrap gives the reply.
func (e *PartlyError) Unwrap() error { return &e.Reply }

// below is the part of a set under a UID.
func below(set imap.UIDSet, uid imap.UID) imap.UIDSet {
	var out imap.UIDSet
	for _, r := range set {
		if r.Start >= uid {
			continue // a server's set may have any order
		}
		out = append(out, imap.UIDRange{Start: r.Start, Stop: min(r.Stop, uid-1)})
	}
	return out
}
