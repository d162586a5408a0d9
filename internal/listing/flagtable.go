package listing

import (
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// FlagID names an interned list of flags. A mailbox of a million messages has a
// few dozen different lists, so a record holds four bytes instead of a list.
type FlagID uint32

// FlagTable interns flag lists of one side. The zero value is ready. It may be
// used by several goroutines: one folder is listed while another is copied.
type FlagTable struct {
	mu      sync.Mutex
	lists   [][]imap.Flag
	ids     map[string]FlagID
	scratch []byte
}

// Intern returns the id of flags, keeping the server's order and spelling,
// without \Recent, which belongs to a session and not to a message.
func (t *FlagTable) Intern(flags []imap.Flag) FlagID {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.scratch = t.scratch[:0]
	for _, f := range flags {
		if !keepable(f) {
			continue
		}
		t.scratch = append(t.scratch, f...)
		t.scratch = append(t.scratch, ' ')
	}
	if id, ok := t.ids[string(t.scratch)]; ok {
		return id
	}
	if t.ids == nil {
		t.ids = make(map[string]FlagID)
	}
	list := make([]imap.Flag, 0, len(flags))
	for _, f := range flags {
		if keepable(f) {
			list = append(list, imap.Flag(strings.Clone(string(f))))
		}
	}
	id := FlagID(len(t.lists))
	t.lists = append(t.lists, list)
	t.ids[string(t.scratch)] = id
	return id
}

// keepable reports whether a flag is the message's own and can be sent to a
// server: \Recent belongs to a session, and some servers list flags with blanks.
func keepable(f imap.Flag) bool {
	return !strings.EqualFold(string(f), `\Recent`) && imapconn.ValidFlag(string(f))
}

// List returns the flags of id; the caller must not change them.
func (t *FlagTable) List(id FlagID) []imap.Flag {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lists[id]
}
