package models

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// session is one connection of a client.
type session struct {
	s    *Server
	m    *Model
	conn net.Conn
	in   *bufio.Reader
	out  *outgoing

	a                *account // nil before the login
	box              *box
	readOnly         bool
	seen             []uint32 // UIDs in the selected folder, as the client knows them
	version          int
	identified       bool
	qresync, uidOnly bool
	bads, creates    int
}

func newSession(s *Server, conn net.Conn) *session {
	return &session{s: s, m: s.model, conn: conn, in: bufio.NewReader(conn), out: &outgoing{to: conn}}
}

// outgoing is what is to be sent. It has no limit: an account's lock is held while it
// grows, and never while somebody waits for a client.
type outgoing struct {
	bytes.Buffer
	to      net.Conn
	deflate *flate.Writer // nil: nothing is compressed
}

// Flush sends it.
func (o *outgoing) Flush() error {
	if o.deflate == nil {
		_, err := o.WriteTo(o.to)
		return err
	}
	if _, err := o.WriteTo(o.deflate); err != nil {
		return err
	}
	return o.deflate.Flush()
}

var (
	errBye  = errors.New("the connection ends")
	errLine = errors.New("the line is too long")
)

// longest is a line that nobody sends in good faith.
const longest = 1 << 20

func (c *session) run() {
	defer c.leave()
	c.tell("* OK " + c.m.Greeting)
	for {
		cmd, err := c.read()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.bye(c.m.Limits.IdleText)
		}
		if err != nil {
			_ = c.out.Flush() // the connection is over
			c.conn.Close()
			return
		}
		if err := c.carryOut(cmd); err != nil {
			_ = c.out.Flush() // the connection is over
			c.conn.Close()
			return
		}
	}
}

// leave counts the connection out.
func (c *session) leave() {
	if c.a != nil {
		c.a.mu.Lock()
		c.a.use.connections--
		c.a.mu.Unlock()
	}
}

func (c *session) tell(line string) { c.out.WriteString(line + "\r\n") }

func (c *session) bye(text string) { c.tell("* BYE " + text) }

// line reads a line, after everything was sent that the client may wait for.
func (c *session) line() (string, error) {
	if c.in.Buffered() == 0 {
		if err := c.out.Flush(); err != nil {
			return "", err
		}
		if idle := c.m.Limits.Idle; idle > 0 {
			if err := c.conn.SetReadDeadline(time.Now().Add(idle)); err != nil {
				return "", err
			}
		}
	}
	var line []byte
	for {
		p, err := c.in.ReadSlice('\n')
		line = append(line, p...)
		if err == nil {
			return strings.TrimRight(string(line), "\r\n"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
		if len(line) > longest {
			return "", errLine
		}
	}
}

// read reads a command; APPEND only up to its message.
func (c *session) read() (*command, error) {
	text, err := c.line()
	if err != nil {
		return nil, err
	}
	cmd := &command{}
	cmd.tag, text, _ = strings.Cut(text, " ")
	cmd.verb, cmd.args, _ = strings.Cut(text, " ")
	cmd.verb = strings.ToUpper(cmd.verb)
	if cmd.verb == "UID" {
		var sub string
		sub, cmd.args, _ = strings.Cut(cmd.args, " ")
		cmd.verb = "UID " + strings.ToUpper(sub)
	}
	length := len(cmd.tag) + len(text) + 1
	if cmd.verb == "APPEND" && !announcedName(cmd.args) {
		return cmd, c.tooLong(cmd, length)
	}
	for {
		m := announced.FindStringSubmatchIndex(cmd.args)
		if m == nil {
			return cmd, c.tooLong(cmd, length)
		}
		body, err := c.literal(cmd.args[m[2]:m[3]], m[4] < m[5])
		if err != nil {
			return nil, err
		}
		rest, err := c.line()
		if err != nil {
			return nil, err
		}
		length += len(rest)
		cmd.literals = append(cmd.literals, body)
		cmd.args = cmd.args[:m[0]] + "\x00" + rest
		if cmd.verb == "APPEND" {
			return cmd, c.tooLong(cmd, length)
		}
	}
}

// announcedName reports whether the first argument of an APPEND is a literal.
func announcedName(args string) bool {
	return strings.HasPrefix(strings.TrimLeft(args, " "), "{") && announced.FindString(args) == strings.TrimLeft(args, " ")
}

// tooLong refuses a line that the provider does not take; the command is then one that
// nobody knows.
func (c *session) tooLong(cmd *command, length int) error {
	if l := c.m.Limits.Line; l > 0 && length > l {
		if c.a != nil {
			c.a.mu.Lock()
			c.a.violate("a command line of %d bytes, where %d are taken: %.40s", length, l, cmd.verb+" "+cmd.args)
			c.a.mu.Unlock()
		}
		cmd.verb = ""
	}
	return nil
}

// literal reads a literal.
func (c *session) literal(size string, free bool) ([]byte, error) {
	n, err := strconv.Atoi(size)
	if err != nil || n > 200<<20 {
		return nil, errLine
	}
	if !free {
		c.tell("+ go ahead")
	}
	if err := c.out.Flush(); err != nil {
		return nil, err
	}
	c.literalAllowed(n, free)
	body := make([]byte, n)
	_, err = io.ReadFull(c.in, body)
	return body, err
}

// literalAllowed notes a literal that comes unasked where the server allows none, or
// only small ones.
func (c *session) literalAllowed(n int, free bool) {
	if !free || c.has("LITERAL+") || c.has("LITERAL-") && n <= 4096 || c.a == nil {
		return
	}
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	c.a.violate("a literal of %d bytes came without consent", n)
}

func (c *session) has(capability string) bool {
	return slices.Contains(strings.Fields(c.capabilities()), capability)
}

func (c *session) capabilities() string {
	if c.a != nil {
		return c.m.After
	}
	return c.m.Before
}

func (c *session) ok(cmd *command, text string) error {
	c.tell(cmd.tag + " OK " + text)
	return nil
}

func (c *session) no(cmd *command, text string) error {
	c.tell(cmd.tag + " NO " + text)
	return nil
}

// bad refuses a command; too many of them end the connection.
func (c *session) bad(cmd *command, text string) error {
	if text == "" {
		text = "Command Argument Error. 11"
	}
	c.tell(cmd.tag + " BAD " + text)
	if c.bads++; c.m.Limits.BADs > 0 && c.bads >= c.m.Limits.BADs {
		c.bye(c.m.Limits.BADText)
		return errBye
	}
	return nil
}

// carryOut carries out a command. The error ends the connection.
func (c *session) carryOut(cmd *command) error {
	if cmd.verb == "" {
		return c.bad(cmd, c.m.Limits.LineText)
	}
	if cmd.verb != "CREATE" {
		c.creates = 0
	}
	if c.a != nil && cmd.verb != "LOGOUT" {
		if err := c.rest(cmd); err != nil || c.refusedNow(cmd) {
			return err
		}
	}
	switch cmd.verb {
	case "CAPABILITY":
		c.tell("* CAPABILITY " + c.capabilities())
		return c.ok(cmd, "CAPABILITY completed.")
	case "NOOP", "CHECK":
		c.news()
		return c.ok(cmd, "completed.")
	case "LOGOUT":
		c.bye("logging out")
		_ = c.ok(cmd, "LOGOUT completed.") // it has no error
		return errBye
	case "ID":
		if c.m.ID == "" {
			return c.bad(cmd, "Unknown command")
		}
		c.identified = true
		c.tell("* ID " + c.m.ID)
		return c.ok(cmd, "ID completed.")
	case "LOGIN":
		s := cmd.scan()
		user, password := s.word(), s.word()
		return c.login(cmd, user, password)
	case "AUTHENTICATE":
		return c.authenticate(cmd)
	}
	if c.a == nil {
		return c.bad(cmd, "Log in first.")
	}
	if cmd.verb == "COMPRESS" && c.has("COMPRESS=DEFLATE") && c.out.deflate == nil {
		return c.compress(cmd)
	}
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	return c.command(cmd)
}

// compress has both directions compressed from the next byte on (RFC 4978).
func (c *session) compress(cmd *command) error {
	c.tell(cmd.tag + " OK Success")
	if err := c.out.Flush(); err != nil {
		return err
	}
	var err error
	if c.out.deflate, err = flate.NewWriter(c.conn, flate.BestSpeed); err != nil {
		return err
	}
	c.in = bufio.NewReader(flate.NewReader(c.in))
	return nil
}

// rest refuses everything while the server wants to be left alone.
func (c *session) rest(cmd *command) error {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	if time.Now().Before(c.a.use.lockedUntil) {
		c.bye(c.m.Limits.DayText)
		return errBye
	}
	if c.a.resting(cmd.verb) {
		return c.throttled(cmd)
	}
	return nil
}

// refusedNow reports whether rest answered the command.
func (c *session) refusedNow(cmd *command) bool { return cmd.verb == "refused" }

// throttled answers a command that is too much.
func (c *session) throttled(cmd *command) error {
	c.tell(cmd.tag + " " + c.m.throttleText())
	cmd.verb = "refused"
	if c.m.Limits.ThrottleBYE != "" {
		c.bye(c.m.Limits.ThrottleBYE)
		return errBye
	}
	return nil
}

func (c *session) login(cmd *command, user, password string) error {
	a := c.s.account(user)
	if a == nil || c.a != nil || a.password != password {
		return c.no(cmd, "[AUTHENTICATIONFAILED] Invalid credentials (Failure)")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if now.Before(a.use.lockedUntil) {
		return c.no(cmd, c.m.Limits.DayText)
	}
	if a.resting("LOGIN") {
		c.tell(cmd.tag + " " + c.m.throttleText())
		c.bye(c.m.Limits.ThrottleBYE)
		return errBye
	}
	if most := c.m.Limits.Connections; most > 0 && a.use.connections >= most {
		a.violate("connection %d, where %d are taken", a.use.connections+1, most)
		return c.no(cmd, c.m.Limits.TooMany)
	}
	a.use.connections++
	a.use.most = max(a.use.most, a.use.connections)
	c.a = a
	return c.ok(cmd, "[CAPABILITY "+c.m.After+"] completed.")
}

// authenticate is PLAIN, XOAUTH2 and OAUTHBEARER; the token is the password.
func (c *session) authenticate(cmd *command) error {
	s := cmd.scan()
	mechanism := strings.ToUpper(s.word())
	var answer string
	if s.end() {
		c.tell("+ ")
		text, err := c.line()
		if err != nil {
			return err
		}
		answer = text
	} else {
		answer = s.word()
	}
	raw, err := base64.StdEncoding.DecodeString(answer)
	if err != nil {
		return c.bad(cmd, "Invalid answer.")
	}
	var user, password string
	switch mechanism {
	case "PLAIN":
		parts := bytes.Split(raw, []byte{0})
		if len(parts) == 3 {
			user, password = string(parts[1]), string(parts[2])
		}
	case "XOAUTH2", "OAUTHBEARER":
		for _, p := range strings.FieldsFunc(string(raw), func(r rune) bool { return r == 1 || r == ',' }) {
			if v, ok := strings.CutPrefix(p, "user="); ok {
				user = v
			}
			if v, ok := strings.CutPrefix(p, "a="); ok {
				user = v
			}
			if v, ok := strings.CutPrefix(p, "auth=Bearer "); ok {
				password = v
			}
		}
		if a := c.s.account(user); a == nil || a.password != password {
			c.tell("+ " + base64.StdEncoding.EncodeToString([]byte(`{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}`)))
			if _, err := c.line(); err != nil {
				return err
			}
		}
	default:
		return c.no(cmd, "Unsupported mechanism.")
	}
	return c.login(cmd, user, password)
}

// news tells what others changed in the selected folder.
func (c *session) news() {
	if c.box == nil || c.version == c.box.version {
		return
	}
	now := c.uids()
	var gone []string
	for i := len(c.seen) - 1; i >= 0; i-- {
		if _, there := slices.BinarySearch(now, c.seen[i]); there {
			continue
		}
		if c.qresync || c.uidOnly {
			gone = append(gone, strconv.FormatUint(uint64(c.seen[i]), 10))
		} else {
			c.tell(fmt.Sprintf("* %d EXPUNGE", i+1))
		}
	}
	if len(gone) > 0 {
		slices.Reverse(gone)
		c.tell("* VANISHED " + strings.Join(gone, ","))
	}
	if len(now) > 0 && (len(c.seen) == 0 || now[len(now)-1] > c.seen[len(c.seen)-1]) {
		c.tell(fmt.Sprintf("* %d EXISTS", len(now)))
	}
	c.seen, c.version = now, c.box.version
}

// uids are those that the client may see now.
func (c *session) uids() []uint32 {
	shown := c.box.shown(c.m, c.uidOnly)
	out := make([]uint32, len(shown))
	for i, e := range shown {
		out[i] = e.uid
	}
	return out
}
