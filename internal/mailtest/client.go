package mailtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// patience is how long a test server may take for one reply.
const patience = 60 * time.Second

// client is a small strict IMAP client: it reads replies whole, keeps no state
// but the capabilities, and takes everything it does not expect for an error.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	tags int
	caps map[string]bool
}

// reply is one line with its literals: text holds "{n}" where a literal was.
type reply struct {
	text     string
	literals [][]byte
}

// login connects in clear and logs in.
func login(s *Server, user string) (*client, error) {
	dial := s.dial
	if dial == nil {
		dial = func(context.Context) (net.Conn, error) { return net.DialTimeout("tcp", s.Addr(), patience) }
	}
	conn, err := dial(context.Background())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := &client{conn: conn, r: bufio.NewReaderSize(conn, 16<<10), w: bufio.NewWriterSize(conn, 16<<10)}
	if _, err := c.read(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if _, err := c.do("LOGIN " + quote(user) + " " + quote(Password(user))); err != nil {
		conn.Close()
		return nil, err
	}
	lines, err := c.do("CAPABILITY")
	if err != nil {
		conn.Close()
		return nil, err
	}
	c.caps = make(map[string]bool)
	for _, l := range lines {
		if list, ok := strings.CutPrefix(l.text, "* CAPABILITY "); ok {
			for _, name := range strings.Fields(strings.ToUpper(list)) {
				c.caps[name] = true
			}
		}
	}
	return c, nil
}

func (c *client) logout() {
	// The work is done; how the server says goodbye does not matter.
	_, _ = c.do("LOGOUT")
	c.conn.Close()
}

func quote(s string) string { return `"` + escapes.Replace(s) + `"` }

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// send writes a command line and returns its tag; nothing is flushed.
func (c *client) send(command string) string {
	c.tags++
	tag := "m" + strconv.Itoa(c.tags)
	c.w.WriteString(tag + " " + command + "\r\n")
	return tag
}

func (c *client) flush() error {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	return c.w.Flush()
}

// wait reads up to the tagged reply and returns the untagged ones. Anything but
// OK is an error.
func (c *client) wait(tag string) ([]reply, error) {
	var lines []reply
	err := c.waitEach(tag, func(r reply) error {
		lines = append(lines, r)
		return nil
	})
	return lines, err
}

// waitEach hands every untagged reply to each, up to the tagged one.
func (c *client) waitEach(tag string, each func(reply) error) error {
	if err := c.flush(); err != nil {
		return err
	}
	for {
		r, err := c.read()
		if err != nil {
			return err
		}
		if status, ok := strings.CutPrefix(r.text, tag+" "); ok {
			if !strings.HasPrefix(strings.ToUpper(status), "OK") {
				return errors.New(status)
			}
			return nil
		}
		if err := each(r); err != nil {
			return err
		}
	}
}

func (c *client) do(command string) ([]reply, error) {
	lines, err := c.wait(c.send(command))
	if err != nil {
		name := command
		if strings.HasPrefix(command, "LOGIN") {
			name = "LOGIN"
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return lines, nil
}

// read reads one reply.
func (c *client) read() (reply, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return reply{}, err
	}
	var out reply
	var text bytes.Buffer
	for {
		line, err := c.r.ReadBytes('\n')
		if err != nil {
			return out, fmt.Errorf("read: %w", err)
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		text.Write(line)
		n, ok := literalLength(line)
		if !ok {
			out.text = text.String()
			return out, nil
		}
		literal := make([]byte, n)
		if _, err := io.ReadFull(c.r, literal); err != nil {
			return out, fmt.Errorf("read a literal: %w", err)
		}
		out.literals = append(out.literals, literal)
	}
}

// literalLength returns n of a line that ends in {n}.
func literalLength(line []byte) (n int, ok bool) {
	open := bytes.LastIndexByte(line, '{')
	if open < 0 || !bytes.HasSuffix(line, []byte("}")) {
		return 0, false
	}
	n, err := strconv.Atoi(string(line[open+1 : len(line)-1]))
	return n, err == nil && n >= 0
}
