package mailtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// batchBytes and batchMessages bound what Fill sends before it reads replies.
const (
	batchBytes    = 1 << 20
	batchMessages = 100
)

// Fill stores a mailbox in an account as its user would, with CREATE, SUBSCRIBE
// and APPEND, and fails the test on any refusal.
func Fill(t testing.TB, s *Server, user string, box corpus.Mailbox) {
	t.Helper()
	c, err := login(s, user)
	if err != nil {
		t.Fatalf("fill %s on %s: %v", user, s, err)
	}
	defer c.logout()
	if err := c.fill(s, box); err != nil {
		t.Fatalf("fill %s on %s: %v", user, s, err)
	}
}

func (c *client) fill(s *Server, box corpus.Mailbox) error {
	listed, err := c.list()
	if err != nil {
		return err
	}
	exists := map[string]bool{"INBOX": true}
	for _, l := range listed {
		exists[l.name] = true
	}
	for _, f := range box.Folders {
		name := s.FolderName(f.Path)
		if err := c.fillFolder(name, f, !exists[name]); err != nil {
			return fmt.Errorf("folder %q: %w", name, err)
		}
	}
	return nil
}

func (c *client) fillFolder(name string, f corpus.Folder, create bool) error {
	if create {
		if _, err := c.do("CREATE " + quote(name)); err != nil {
			return err
		}
	}
	verb := "SUBSCRIBE "
	if f.Unsubscribed {
		verb = "UNSUBSCRIBE "
	}
	if _, err := c.do(verb + quote(name)); err != nil && !f.Unsubscribed {
		return err
	}
	for from := 0; from < len(f.Messages); {
		to, size := from, 0
		for to < len(f.Messages) && to-from < batchMessages && (to == from || size+len(f.Messages[to].Body) <= batchBytes) {
			size += len(f.Messages[to].Body)
			to++
		}
		if err := c.appendAll(name, f.Messages[from:to]); err != nil {
			return fmt.Errorf("messages %d to %d: %w", from+1, to, err)
		}
		from = to
	}
	return nil
}

// appendAll stores messages by the fastest way the server offers.
func (c *client) appendAll(name string, messages []corpus.Message) error {
	plus := c.caps["LITERAL+"]
	if plus && c.caps["MULTIAPPEND"] {
		c.tags++
		tag := fmt.Sprintf("m%d", c.tags)
		fmt.Fprintf(c.w, "%s APPEND %s", tag, quote(name))
		for _, m := range messages {
			c.message(m, "+")
		}
		c.w.WriteString("\r\n")
		_, err := c.wait(tag)
		return err
	}
	var tags []string
	for _, m := range messages {
		c.tags++
		tag := fmt.Sprintf("m%d", c.tags)
		fmt.Fprintf(c.w, "%s APPEND %s", tag, quote(name))
		if plus {
			c.message(m, "+")
			c.w.WriteString("\r\n")
			tags = append(tags, tag)
			continue
		}
		if err := c.synchronised(m); err != nil {
			return err
		}
		c.w.WriteString("\r\n")
		if _, err := c.wait(tag); err != nil {
			return err
		}
	}
	for _, tag := range tags {
		if _, err := c.wait(tag); err != nil {
			return err
		}
	}
	return nil
}

// arguments returns what stands between the folder and the literal's length.
func arguments(m corpus.Message) string {
	flags := make([]string, len(m.Flags))
	for i, f := range m.Flags {
		flags[i] = string(f)
	}
	return fmt.Sprintf(" (%s) \"%s\" ", strings.Join(flags, " "), m.Date.Format("02-Jan-2006 15:04:05 -0700"))
}

func (c *client) message(m corpus.Message, mark string) {
	fmt.Fprintf(c.w, "%s{%d%s}\r\n", arguments(m), len(m.Body), mark)
	c.w.Write(m.Body)
}

// synchronised writes a message after the server has asked for it.
func (c *client) synchronised(m corpus.Message) error {
	fmt.Fprintf(c.w, "%s{%d}\r\n", arguments(m), len(m.Body))
	if err := c.flush(); err != nil {
		return err
	}
	for {
		r, err := c.read()
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(r.text, "+"):
			c.w.Write(m.Body)
			return nil
		case !strings.HasPrefix(r.text, "* "):
			return fmt.Errorf("refused: %s", r.text)
		}
	}
}
