package mailtest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
)

// Empty removes everything from an account, so that another test can use it.
// UIDs go on from where they were.
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
		if l.name == "INBOX" || l.has(`\Noselect`) || l.has(`\NonExistent`) {
			continue
		}
		if _, err := c.do("DELETE " + quote(l.name)); err != nil {
			return fmt.Errorf("folder %q: %w", l.name, err)
		}
	}
	for _, command := range []string{"SELECT INBOX", `STORE 1:* +FLAGS.SILENT (\Deleted)`, "EXPUNGE", "UNSELECT"} {
		if _, err := c.do(command); err != nil && command[0] != 'U' && command[1] != 'T' {
			return err // 1:* of nothing is refused by some
		}
	}
	return nil
}
