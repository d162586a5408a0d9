package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// rawProcess ADDR USER MAILBOX CONNECTIONS stores a mailbox of one folder over several
// connections, each of which sends APPEND, waits for leave to go on, and sends the
// message: what a server allows that takes one message a command.
func rawProcess(ctx context.Context, args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("ADDRESS USER MAILBOX CONNECTIONS are wanted, not %q", args)
	}
	lanes, err := strconv.Atoi(args[3])
	box, ok := mailboxes[args[2]]
	if err != nil || lanes < 1 || !ok || box.folders != 1 {
		return fmt.Errorf("a mailbox of one folder and a number are wanted, not %q", args[2:])
	}
	messages := make(chan message, lanes)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(messages)
		return box.each(func(m message) error {
			m.body = bytes.Clone(m.body)
			select {
			case messages <- m:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	for range lanes {
		g.Go(func() error {
			c, err := dial(ctx, args[0], args[1])
			if err != nil {
				return err
			}
			defer c.close()
			if _, err := c.do("SELECT INBOX"); err != nil {
				return err
			}
			for m := range messages {
				if err := c.append(m); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// append stores one message in INBOX, when the server has said that it may come.
func (c *client) append(m message) error {
	tag := c.send(fmt.Sprintf(`APPEND INBOX (%s) "%s" {%d}`, m.flags, m.date, len(m.body)))
	if err := c.w.Flush(); err != nil {
		return err
	}
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if bytes.HasPrefix(line, []byte("+")) {
			break
		}
		if bytes.HasPrefix(line, []byte(tag)) {
			return fmt.Errorf("the server says %s", line)
		}
	}
	if _, err := c.w.Write(m.body); err != nil {
		return err
	}
	if _, err := c.w.WriteString("\r\n"); err != nil {
		return err
	}
	_, err := c.wait(tag)
	return err
}

// stir adds a message to a source account and changes the flags of ten others.
func stir(ctx context.Context, addr, user string) (int, error) {
	return 1, helper(ctx, nil, "stir", addr, user)
}

// stirProcess ADDR USER does that.
func stirProcess(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("an address and a user are wanted, not %q", args)
	}
	c, err := dial(ctx, args[0], args[1])
	if err != nil {
		return err
	}
	defer c.close()
	body := []byte("From: somebody@example.org\r\nSubject: new\r\nDate: Wed, 01 Jan 2025 08:00:00 +0000\r\nMessage-Id: <new.stir@example.org>\r\n\r\nnew\r\n")
	if _, err := c.do("SELECT INBOX"); err != nil {
		return err
	}
	if err := c.append(message{flags: `\Seen`, date: "01-Jan-2025 08:00:00 +0000", body: body}); err != nil {
		return err
	}
	for i := range 10 {
		if _, err := c.do(fmt.Sprintf(`SELECT "Folder %04d"`, i+1)); err != nil {
			return err
		}
		if _, err := c.do(`STORE 7 +FLAGS.SILENT (\Flagged \Draft)`); err != nil {
			return err
		}
	}
	return nil
}
