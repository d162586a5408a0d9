package unsound

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strings"
)

// session is one connection of a client.
type session struct {
	s   *Server
	in  *bufio.Reader
	out *bufio.Writer
	up  *upstream

	user     string
	selected string
	// then are the numbers of the selected folder at the time of its SELECT.
	then map[string]string
	// spilled are bytes of a literal that were not swallowed and are still to come.
	spilled int64
}

func newSession(s *Server, client net.Conn, up *upstream) *session {
	return &session{s: s, in: bufio.NewReader(client), out: bufio.NewWriter(client), up: up}
}

var errLogout = errors.New("logout")

// run ends when either side is gone.
func (c *session) run() {
	c.out.WriteString(c.rewritten(c.up.greeting))
	for {
		// What ended is the reason of both sides, and nobody could act on it.
		if err := c.next(); err != nil {
			c.out.Flush() //nolint:errcheck // the connection is over
			return
		}
	}
}

// line reads a line, after everything was sent that the client may wait for.
func (c *session) line() (text string, executed bool, err error) {
	if c.in.Buffered() == 0 {
		if err := c.out.Flush(); err != nil {
			return "", false, err
		}
	}
	text, err = c.in.ReadString('\n')
	executed = c.spilled > 0
	c.spilled = max(0, c.spilled-int64(len(text)))
	return text, executed, err
}

// reply writes a tagged reply, or an untagged one where the tag is a star.
func (c *session) reply(tag, text string) error {
	_, err := c.out.WriteString(tag + " " + text + "\r\n")
	return err
}

// pass tells the client an untagged reply of the sound server.
func (c *session) pass(r reply) {
	c.out.WriteString(c.rewritten(r.head))
	c.out.Write(r.rest)
}

// next carries out one command.
func (c *session) next() error {
	text, executed, err := c.line()
	if err != nil {
		return err
	}
	cmd, ok := parse(text)
	if executed && ok {
		c.s.execute(strings.TrimRight(text, "\r\n"))
	}
	if !ok {
		// The rest of an unknown command is not waited for: who knows what it is.
		if cmd.literal && cmd.free && c.spilled == 0 {
			if err := c.skip(cmd); err != nil {
				return err
			}
		}
		return c.reply(cmd.tag, "BAD Error in IMAP command: Unknown command.")
	}
	c.s.serve(func(s *Served) { s.Commands[cmd.verb]++ })
	if cmd.verb != "APPEND" {
		c.s.forget(c.user)
	}
	if cmd.verb == "APPEND" {
		return c.append(cmd)
	}
	args, answered, err := c.arguments(cmd, cmd.args)
	if err != nil || answered {
		return err
	}
	return c.carryOut(cmd, args)
}

// arguments reads a command to its end; literals become quoted strings. answered
// is true when the command is over already.
func (c *session) arguments(cmd command, args string) (text string, answered bool, err error) {
	for cmd.literal {
		value, answered, err := c.argument(cmd)
		if err != nil || answered {
			return "", answered, err
		}
		args += quote(value)
		rest, _, err := c.line()
		if err != nil {
			return "", false, err
		}
		cmd.size, cmd.free, cmd.literal = announced(rest)
		rest = strings.TrimRight(rest, "\r\n")
		if cmd.literal {
			rest = rest[:strings.LastIndexByte(rest, '{')]
		}
		args += rest
	}
	return args, false, nil
}

// argument reads a literal that is no message.
func (c *session) argument(cmd command) (value string, answered bool, err error) {
	c.s.serve(func(s *Served) { s.Arguments++ })
	if cmd.free && c.s.faults.ArgumentLiterals {
		c.s.note("ArgumentLiterals")
		return "", true, c.refuse(cmd, "BAD Error in IMAP command: Unexpected literal.")
	}
	body, err := c.body(cmd)
	if err != nil {
		return "", false, err
	}
	value = string(body)
	if strings.ContainsAny(value, "\r\n\x00") {
		return "", true, c.refuse(command{tag: cmd.tag}, "BAD A line end or NUL in an argument.")
	}
	return value, false, nil
}

// body reads a literal, after consent where that is due.
func (c *session) body(cmd command) ([]byte, error) {
	if !cmd.free {
		c.out.WriteString("+ go ahead\r\n")
	}
	if err := c.out.Flush(); err != nil {
		return nil, err
	}
	body := make([]byte, cmd.size)
	n, err := io.ReadFull(c.in, body)
	c.spilled = max(0, c.spilled-int64(n))
	return body, err
}

// refuse answers a command instead of reading its literal. One that comes all the
// same is swallowed, or read as commands.
func (c *session) refuse(cmd command, status string) error {
	after := AfterBAD
	if strings.HasPrefix(status, "NO") {
		after = AfterNO
	}
	if cmd.literal && cmd.free {
		if c.s.faults.Spill&after != 0 {
			c.s.note("Spill")
			c.spilled += cmd.size
		} else if err := c.skip(cmd); err != nil {
			return err
		}
	}
	return c.reply(cmd.tag, status)
}

// skip swallows the rest of a command that brings its literals along.
func (c *session) skip(cmd command) error {
	for cmd.literal && cmd.free {
		if err := c.out.Flush(); err != nil {
			return err
		}
		n, err := io.CopyN(io.Discard, c.in, cmd.size)
		c.spilled = max(0, c.spilled-n)
		if err != nil {
			return err
		}
		rest, _, err := c.line()
		if err != nil {
			return err
		}
		cmd.size, cmd.free, cmd.literal = announced(rest)
	}
	return nil
}

// carryOut has the sound server carry out a command without literals.
func (c *session) carryOut(cmd command, args string) error {
	switch cmd.verb {
	case "AUTHENTICATE":
		return c.authenticate(cmd, args)
	case "STORE", "UID STORE":
		if _, list, ok := strings.Cut(args, "("); ok {
			flags, _, _ := strings.Cut(list, ")")
			if bad := c.s.faults.badFlag(strings.Fields(flags)); bad != "" {
				return c.reply(cmd.tag, "BAD Error in IMAP command: Invalid flag "+bad)
			}
		}
	case "UID EXPUNGE":
		if c.s.faults.hides("UIDPLUS") {
			return c.reply(cmd.tag, "BAD Error in IMAP command: Unknown command.")
		}
	}
	status, err := c.up.do(c.pass, cmd.verb+args)
	if err != nil {
		return err
	}
	good := strings.HasPrefix(status, "OK")
	name, _, _ := mailboxName(args)
	switch cmd.verb {
	case "LOGIN":
		if good {
			c.user = name
		}
	case "SELECT", "EXAMINE":
		c.selected, c.then = "", nil
		if good {
			c.selected = name
			if c.s.faults.StaleStatus || c.s.faults.Watch {
				c.then = c.s.status(folder{c.user, name})
			}
		}
	case "CLOSE", "UNSELECT":
		c.selected, c.then = "", nil
	}
	if err := c.reply(cmd.tag, c.rewritten(status)); err != nil {
		return err
	}
	if cmd.verb == "LOGOUT" {
		return errLogout
	}
	return nil
}

// authenticate is AUTHENTICATE PLAIN, as a LOGIN.
func (c *session) authenticate(cmd command, args string) error {
	words := strings.Fields(args)
	if len(words) == 0 || !strings.EqualFold(words[0], "PLAIN") {
		return c.reply(cmd.tag, "NO Unsupported mechanism.")
	}
	if len(words) == 1 {
		c.out.WriteString("+ \r\n")
		text, _, err := c.line()
		if err != nil {
			return err
		}
		words = append(words, strings.TrimRight(text, "\r\n"))
	}
	text, err := base64.StdEncoding.DecodeString(words[1])
	parts := strings.Split(string(text), "\x00")
	if err != nil || len(parts) != 3 {
		return c.reply(cmd.tag, "BAD Invalid answer.")
	}
	status, err := c.up.do(c.pass, "LOGIN "+quote(parts[1])+" "+quote(parts[2]))
	if err != nil {
		return err
	}
	if strings.HasPrefix(status, "OK") {
		c.user = parts[1]
	}
	return c.reply(cmd.tag, c.rewritten(status))
}
