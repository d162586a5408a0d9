package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// either is the embedded server or a real one.
func either(t *testing.T, kind string) *mailtest.Server {
	t.Helper()
	if kind == mailtest.Embedded {
		return mailtest.StartEmbedded(t, embedded.Options{})
	}
	return mailtest.Real(t, kind)
}

// marks2 are the messages of a folder that have the mark \Deleted, and how many it has.
func marks2(t *testing.T, a account, folder string) (marked, all int) {
	t.Helper()
	f := mailtest.Snapshot(t, a.s, a.user).Folders[folder]
	if f == nil {
		return 0, 0
	}
	for _, m := range f.Messages {
		if all++; slices.ContainsFunc(m.Flags, func(f imap.Flag) bool { return strings.EqualFold(string(f), string(imap.FlagDeleted)) }) {
			marked++
		}
	}
	return marked, all
}

// An undo ends between its marks and EXPUNGE: whatever comes next takes them for ours, and
// none stays on a message that stays.
func TestUndoMarksAreOurs(t *testing.T) {
	t.Parallel()
	sa := mailtest.StartEmbedded(t, embedded.Options{})
	for _, kind := range append(mailtest.Kinds(t, mailtest.Dovecot), mailtest.Embedded) {
		for _, c := range []struct {
			next string
			left int // of 4 messages: the source of one left host1, one was read
		}{
			{"undo", 2}, {"undo of another run", 4}, {"a run", 4}, {"a run that expunges", 4}, {"a run of no folder", 4}, {"a rehearsal", 4}, {"undo in a renamed folder", 0},
		} {
			t.Run(kind+" "+c.next, func(t *testing.T) {
				t.Parallel()
				a, b := newAccount(t, sa), newAccount(t, either(t, kind))
				put(t, a, "A", mails("a", 4, 100)...)
				migrate(t, a, b).expect(t, 0)
				killed := func() engine.Undone {
					ctx, kill := context.WithCancel(t.Context())
					defer kill()
					m := &meanwhile{kill: kill}
					u, _ := takeBack(t, ctx, engine.Options{Dial: m.dial}, 1, args(a, b)...)
					return u
				}
				killed()
				if marked, all := marks2(t, b, "A"); marked != 4 || all != 4 {
					t.Fatalf("%d of %d are marked", marked, all)
				}
				lose(t, a, "A", 1)
				mailtest.Say(t, b.s, b.user, "SELECT A", `UID STORE 2 +FLAGS (\Seen)`)
				switch c.next {
				case "undo":
					if taken, _, _ := undoneCounts(killed()); taken != 0 { // once more
						t.Errorf("%d are taken", taken)
					}
					u, _ := takeBack(t, t.Context(), engine.Options{}, 1, args(a, b)...)
					if taken, gone, stay := undoneCounts(u); taken != 2 || gone != 0 || stay != 2 {
						t.Errorf("%+v", u)
					}
				case "undo of another run":
					takeBack(t, t.Context(), engine.Options{}, 7, args(a, b)...)
				case "undo in a renamed folder":
					mailtest.Say(t, b.s, b.user, "RENAME A Other")
					u, _ := takeBack(t, t.Context(), engine.Options{}, 1, args(a, b)...)
					named := 0
					for why, n := range u.Folders[0].Stay {
						if strings.Contains(why, `marked \Deleted in folder Other`) {
							named += n
						}
					}
					if marked, all := marks2(t, b, "Other"); named != 3 || marked != 4 || all != 4 {
						t.Errorf("%d of %d are marked, %d are named: %+v", marked, all, named, u)
					}
				case "a run":
					migrate(t, a, b).expect(t, 0)
				case "a run that expunges":
					migrate(t, a, b, "--expunge2").expect(t, 0)
				case "a run of no folder":
					migrate(t, a, b, "--folder", "INBOX").expect(t, 0)
				case "a rehearsal":
					u, _ := takeBack(t, t.Context(), engine.Options{}, 1, append(args(a, b), "--dry")...)
					if taken, gone, stay := undoneCounts(u); taken != 2 || gone != 0 || stay != 2 {
						t.Errorf("%+v", u)
					}
					if marked, _ := marks2(t, b, "A"); marked != 4 {
						t.Errorf("a rehearsal leaves %d marks", marked)
					}
					migrate(t, a, b).expect(t, 0)
				}
				if marked, all := marks2(t, b, "A"); marked != 0 || all != c.left {
					t.Errorf("%d of %d are marked, want 0 of %d", marked, all, c.left)
				}
			})
		}
	}
}

// meanwhile calls act once, between the marks of an undo and its next question to host1,
// or kill in the place of EXPUNGE. With on it calls act before that command to host2.
type meanwhile struct {
	on     string
	refuse string // a command that host2 does not take
	kill   func()
	marked atomic.Bool
	once   sync.Once
	act    func()
}

func (m *meanwhile) dial(side event.Side) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, fmt.Errorf("dial: %w", err)
		}
		return &meanwhileConn{c, m, side}, nil
	}
}

type meanwhileConn struct {
	net.Conn
	m    *meanwhile
	side event.Side
}

func (c *meanwhileConn) Write(b []byte) (int, error) {
	if no := c.m.refuse; no != "" && c.side == 2 {
		return c.Conn.Write(bytes.ReplaceAll(b, []byte(no), []byte(no[:len(no)-1]+"X")))
	}
	if c.m.on != "" {
		if c.side == 2 && bytes.Contains(b, []byte(c.m.on)) {
			c.m.once.Do(c.m.act)
		}
	} else if c.side == 2 && bytes.Contains(b, []byte("UID STORE")) {
		c.m.marked.Store(true)
	} else if c.side == 2 && c.m.kill != nil && bytes.Contains(b, []byte("UID EXPUNGE")) {
		c.m.kill()
		_ = c.Close() // nothing leaves any more
		return 0, net.ErrClosed
	} else if c.side == 1 && c.m.act != nil && c.m.marked.Load() {
		c.m.once.Do(c.m.act)
	}
	return c.Conn.Write(b)
}

// What somebody touches on host2 after the mark and before EXPUNGE stays, without the mark.
func TestUndoTouchedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, kind := range append(mailtest.Kinds(t, mailtest.Dovecot), mailtest.Embedded) {
		for _, c := range []struct {
			name       string
			modseq     bool // nothing but MODSEQ tells
			stay, left int
			say        []string
		}{
			{"a flag", false, 1, 1, []string{`UID STORE 2 +FLAGS (\Answered $Important)`}},
			{"a mark is taken off", false, 2, 2, []string{`UID STORE 2:3 -FLAGS (\Deleted)`}},
			{"set and taken away", true, 1, 1, []string{`UID STORE 2 +FLAGS (\Flagged)`, `UID STORE 2 -FLAGS (\Flagged)`}},
			{"moved", false, 1, 0, []string{"UID MOVE 2 INBOX"}},
			{"removed", false, 0, 0, []string{"UID EXPUNGE 2"}},
		} {
			if c.modseq && kind == mailtest.Embedded {
				continue
			}
			t.Run(kind+" "+c.name, func(t *testing.T) {
				t.Parallel()
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, either(t, kind))
				put(t, a, "A", mails("a", 4, 100)...)
				migrate(t, a, b).expect(t, 0)
				m := &meanwhile{act: func() { mailtest.Say(t, b.s, b.user, append([]string{"SELECT A"}, c.say...)...) }}
				u, _ := takeBack(t, t.Context(), engine.Options{Dial: m.dial}, 1, args(a, b)...)
				if _, _, stay := undoneCounts(u); stay != c.stay {
					t.Errorf("%+v", u)
				}
				if marked, all := marks2(t, b, "A"); marked != 0 || all != c.left {
					t.Errorf("%d of %d are marked, want 0 of %d", marked, all, c.left)
				}
			})
		}
	}
}

// Mail that comes to a folder of the run when it is about to be removed keeps it, subscribed,
// and that is told; a mark that host2 refuses is told in its words.
func TestUndoFolderStays(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	put(t, a, "New", mails("a", 2, 100)...)
	mailtest.Say(t, a.s, a.user, "SUBSCRIBE New")
	migrate(t, a, b).expect(t, 0)
	u, _ := takeBack(t, t.Context(), engine.Options{Dial: (&meanwhile{refuse: "UID STORE"}).dial}, 1, args(a, b)...)
	if len(u.Folders[0].Stay) != 1 {
		t.Errorf("%+v", u)
	}
	for why, n := range u.Folders[0].Stay {
		if !strings.Contains(why, "refused to mark") || n != 2 {
			t.Errorf("%d stay: %s", n, why)
		}
	}
	m := &meanwhile{on: "UNSUBSCRIBE", act: func() { put(t, b, "New", mails("new", 1, 0)...) }}
	u, _ = takeBack(t, t.Context(), engine.Options{Dial: m.dial}, 1, args(a, b)...)
	now := mailtest.Snapshot(t, b.s, b.user)
	if f := now.Folders["New"]; f == nil || len(f.Messages) != 1 || !now.Subscribed["New"] || len(u.Removed) != 0 || u.Kept["New"] == "" {
		t.Errorf("%+v %+v", f, u)
	}
}

// A folder that host2 never deletes (INBOX.Trash of Courier) stays and is told, as often as
// the run is taken back: it is no error that would call for the same command again.
func TestUndoFolderNotDeleted(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	put(t, a, "New", mails("a", 2, 100)...)
	migrate(t, a, b).expect(t, 0)
	for range 2 {
		u, stats := takeBack(t, t.Context(), engine.Options{Dial: (&meanwhile{refuse: "DELETE"}).dial}, 1, args(a, b)...)
		if len(u.Removed) != 0 || !strings.Contains(u.Kept["New"], "host2 refused to delete it") || stats.ExitCode() != event.ExitOK {
			t.Errorf("%+v, exit code %d", u, stats.ExitCode())
		}
	}
}
