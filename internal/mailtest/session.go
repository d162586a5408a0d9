package mailtest

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// Session does what Fill, Snapshot and Empty do, in one session for all of them: a
// login costs most servers a process or a slow hash, and tests log in by the
// thousand. Between calls no folder is selected. It is for accounts whose server
// stays, and ends with the test that opened it. Mox lists a folder that is gone to
// those who saw it before: there each call has a session of its own.
type Session struct {
	s    *Server
	user string
	c    *client // nil before the first use
}

// Open returns a session, which logs in when it is first used.
func Open(t testing.TB, s *Server, user string) *Session {
	t.Helper()
	a := &Session{s: s, user: user}
	t.Cleanup(func() {
		if a.c != nil {
			a.c.logout()
		}
	})
	return a
}

// do calls what with the client. After an error the test is over.
func (a *Session) do(t testing.TB, name string, what func(*client) error) {
	t.Helper()
	var err error
	if a.c == nil {
		a.c, err = login(a.s, a.user)
	}
	if err == nil {
		err = what(a.c)
	}
	if err == nil && a.s.Kind == Mox {
		a.c.logout()
		a.c = nil
	}
	if err != nil {
		t.Fatalf("%s of %s on %s: %v", name, a.user, a.s, err)
	}
}

// Fill stores a mailbox.
func (a *Session) Fill(t testing.TB, box corpus.Mailbox) {
	t.Helper()
	a.do(t, "filling", func(c *client) error { return c.fill(a.s, box) })
}

// Snapshot reads the account completely and changes nothing in it.
func (a *Session) Snapshot(t testing.TB) (state State) {
	t.Helper()
	a.do(t, "snapshot", func(c *client) (err error) {
		if state, err = c.snapshot(a.s); err == nil && len(state.Folders) > 0 {
			err = c.leave()
		}
		return err
	})
	return state
}

// Empty removes everything that can be removed.
func (a *Session) Empty(t testing.TB) {
	t.Helper()
	a.do(t, "emptying", (*client).empty)
}

// EmptyFolders removes all messages and no folder.
func (a *Session) EmptyFolders(t testing.TB) {
	t.Helper()
	a.do(t, "emptying of the folders", (*client).emptyAll)
}

// leave leaves a folder that was opened by EXAMINE. The embedded server deletes by
// CLOSE there, too; it knows UNSELECT.
func (c *client) leave() error {
	verb := "CLOSE"
	if c.caps["UNSELECT"] {
		verb = "UNSELECT"
	}
	_, err := c.do(verb)
	return err
}
