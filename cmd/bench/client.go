package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// client is the least client: it believes the server, looks at nothing it did
// not ask for, and drains bodies without keeping them.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	tags int
	// literals and drained count what drain skipped.
	literals int
	drained  int64
}

// password is what the private servers know a user by.
func password(user string) string { return "secret-" + user }

func dial(ctx context.Context, addr, user string) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	c := &client{conn: conn, r: bufio.NewReaderSize(conn, 256<<10), w: bufio.NewWriterSize(conn, 256<<10)}
	if _, err := c.r.ReadSlice('\n'); err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if _, err := c.do("LOGIN " + user + " " + password(user)); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *client) close() {
	_, _ = c.do("LOGOUT") // the work is done
	c.conn.Close()
}

// send writes a command and returns its tag; nothing leaves before wait.
func (c *client) send(command string) string {
	c.tags++
	tag := "b" + strconv.Itoa(c.tags)
	c.w.WriteString(tag + " " + command + "\r\n")
	return tag
}

func (c *client) do(command string) ([]string, error) { return c.wait(c.send(command)) }

// wait reads up to the tagged reply and returns the lines before it.
func (c *client) wait(tag string) ([]string, error) {
	if err := c.w.Flush(); err != nil {
		return nil, err
	}
	var lines []string
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		if status, ok := bytes.CutPrefix(line, []byte(tag+" ")); ok {
			if !bytes.HasPrefix(status, []byte("OK")) {
				return nil, fmt.Errorf("the server says %s", status)
			}
			return lines, nil
		}
		lines = append(lines, string(line))
	}
}

// drain reads up to the tagged reply and throws everything away.
func (c *client) drain(tag string) error {
	if err := c.w.Flush(); err != nil {
		return err
	}
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		if status, ok := bytes.CutPrefix(line, []byte(tag+" ")); ok {
			if !bytes.HasPrefix(status, []byte("OK")) {
				return fmt.Errorf("the server says %s", status)
			}
			return nil
		}
	}
}

// line reads one line; the literal behind it, if any, is skipped. It is valid
// until the next read.
func (c *client) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 || line[len(line)-1] != '}' {
		return line, nil
	}
	open := bytes.LastIndexByte(line, '{')
	if open < 0 {
		return line, nil
	}
	n, err := strconv.ParseInt(string(line[open+1:len(line)-1]), 10, 64)
	if err != nil {
		return line, nil //nolint:nilerr // text that only looks like a literal
	}
	if _, err := io.CopyN(io.Discard, c.r, n); err != nil {
		return nil, err
	}
	c.literals++
	c.drained += n
	return c.r.Peek(0)
}

// folders lists the account.
func (c *client) folders() ([]string, error) {
	lines, err := c.do(`LIST "" "*"`)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, l := range lines {
		rest, ok := strings.CutPrefix(l, "* LIST ")
		_, rest, found := strings.Cut(rest, `" `)
		if !ok || !found {
			continue
		}
		names = append(names, strings.Trim(rest, `"`))
	}
	return names, nil
}

// appender sends messages with MULTIAPPEND, a hundred at a time.
type appender struct {
	c      *client
	folder string
	count  int
	bytes  int
	tag    string
	flying []string
	// selected is the folder last selected.
	selected string
}

const (
	appendMessages = 100
	appendBytes    = 4 << 20
	appendAhead    = 3
)

func (a *appender) add(folder string, m message) error {
	if a.count > 0 && (folder != a.folder || a.count >= appendMessages || a.bytes+len(m.body) > appendBytes) {
		if err := a.finish(); err != nil {
			return err
		}
	}
	if folder != a.selected {
		// A maildir that is not open is read anew for each command.
		a.flying = append(a.flying, a.c.send(`SELECT "`+folder+`"`))
		a.selected = folder
	}
	if a.count == 0 {
		a.folder = folder
		a.c.tags++
		a.tag = "b" + strconv.Itoa(a.c.tags)
		fmt.Fprintf(a.c.w, `%s APPEND "%s"`, a.tag, folder)
	}
	a.count++
	a.bytes += len(m.body)
	fmt.Fprintf(a.c.w, ` (%s) "%s" {%d+}`+"\r\n", m.flags, m.date, len(m.body))
	_, err := a.c.w.Write(m.body)
	return err
}

// finish ends the command; answers are awaited a few commands later.
func (a *appender) finish() error {
	a.count, a.bytes = 0, 0
	if _, err := a.c.w.WriteString("\r\n"); err != nil {
		return err
	}
	if err := a.c.w.Flush(); err != nil {
		return err
	}
	if a.flying = append(a.flying, a.tag); len(a.flying) < appendAhead {
		return nil
	}
	return a.land()
}

func (a *appender) land() error {
	_, err := a.c.wait(a.flying[0])
	a.flying = a.flying[1:]
	return err
}

func (a *appender) end() error {
	if a.count > 0 {
		if err := a.finish(); err != nil {
			return err
		}
	}
	for len(a.flying) > 0 {
		if err := a.land(); err != nil {
			return err
		}
	}
	return nil
}
