package imapconn

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
)

// HandOver gives the connection, as it is, to another client: who is logged in
// stays logged in. Nothing of c but Abort, Close, Counters and what it knows
// already may be used from then on. The other client has to keep its own
// time-outs; it may read in one goroutine and write in another. Commands in flight
// and DEFLATE are errors. State: any.
func (c *Conn) HandOver() (net.Conn, error) {
	if c.err != nil {
		return nil, c.err
	}
	if len(c.flight) > 0 || c.writing != nil || c.line != nil {
		return nil, fmt.Errorf("handing the connection over: %d commands are in flight", len(c.flight))
	}
	conn, err := c.s.Detach()
	if err != nil {
		return nil, err
	}
	c.err = errors.New("the connection was handed over to another client")
	return conn, nil
}

// tally counts a command by its name.
func (c *Conn) tally(name string) {
	if c.sent == nil {
		c.sent = make(map[string]int64)
	}
	c.sent[strings.ToUpper(name)]++
}

// CommandNames is how often each command was sent, by its name in upper case
// ("UID FETCH"). The map is the caller's.
func (c *Conn) CommandNames() map[string]int64 { return maps.Clone(c.sent) }

// Writes reports whether a command, by its name in upper case, can change a
// mailbox: SELECT does not, but takes \Recent away.
func Writes(name string) bool { return !harmless[name] && name != "SELECT" }
