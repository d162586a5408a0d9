package mailtest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
)

// Empty removes everything from an account, so that another test can use it: all
// messages, and all folders but INBOX and those that have a role. UIDs go on
// from where they were.
func Empty(t testing.TB, s *Server, user string) {
	t.Helper()
	c, err := login(s, user)
	if err == nil {
		defer c.logout()
		err = c.empty()
	}
	if err != nil {
		t.Fatalf("empty %s on %s: %v", user, s, err)
	}
}

// EmptyFolders removes all messages from an account, and no folder.
func EmptyFolders(t testing.TB, s *Server, user string) {
	t.Helper()
	c, err := login(s, user)
	if err == nil {
		defer c.logout()
		err = c.emptyAll()
	}
	if err != nil {
		t.Fatalf("empty the folders of %s on %s: %v", user, s, err)
	}
}

func (c *client) emptyAll() error {
	listed, err := c.list()
	if err != nil {
		return err
	}
	for _, l := range listed {
		if l.has(`\Noselect`) || l.has(`\NonExistent`) {
			continue
		}
		if err := c.emptyFolder(l.name); err != nil {
			return fmt.Errorf("folder %q: %w", l.name, err)
		}
	}
	return nil
}

func (c *client) empty() error {
	subscribed, err := c.do(`LSUB "" "*"`)
	if err != nil {
		return err
	}
	for _, line := range subscribed {
		if l, ok := parseList(line, "* LSUB "); ok {
			// A parent that is only named for its children has nothing to end.
			_, _ = c.do("UNSUBSCRIBE " + quote(l.name))
		}
	}
	listed, err := c.list()
	if err != nil {
		return err
	}
	// Children before parents: their names are longer.
	slices.SortFunc(listed, func(a, b entry) int { return cmp.Compare(len(b.name), len(a.name)) })
	for _, l := range listed {
		switch {
		case l.has(`\Noselect`) || l.has(`\NonExistent`):
		case l.name == "INBOX" || l.name == "INBOX.Trash" || slices.ContainsFunc(roles, l.has):
			// Courier lets nobody delete its Trash.
			if err := c.emptyFolder(l.name); err != nil {
				return fmt.Errorf("folder %q: %w", l.name, err)
			}
		default:
			if _, err := c.do("DELETE " + quote(l.name)); err != nil {
				return fmt.Errorf("folder %q: %w", l.name, err)
			}
		}
	}
	return nil
}

var roles = []string{`\Archive`, `\Drafts`, `\Junk`, `\Sent`, `\Trash`}

func (c *client) emptyFolder(name string) error {
	if _, err := c.do("SELECT " + quote(name)); err != nil {
		return err
	}
	// Some servers refuse 1:* where there is nothing; the EXPUNGE tells.
	_, _ = c.do(`STORE 1:* +FLAGS.SILENT (\Deleted)`)
	_, err := c.do("CLOSE")
	return err
}

// Say sends commands in one session, each of which has to be answered OK.
func Say(t testing.TB, s *Server, user string, commands ...string) {
	t.Helper()
	c, err := login(s, user)
	if err != nil {
		t.Fatalf("%s on %s: %v", user, s, err)
	}
	defer c.logout()
	for _, command := range commands {
		if _, err := c.do(command); err != nil {
			t.Fatalf("%s on %s: %v", user, s, err)
		}
	}
}
