package listing

import (
	"cmp"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// FlagID names an interned list of flags. A mailbox of a million messages has a
// few dozen different lists, so a record holds four bytes instead of a list.
type FlagID uint32

// maxTold bounds the lists that Told keeps, in bytes of memory as listCost counts
// them: a server may give each message flags that no other has.
const maxTold = 64 << 20

// listCost is about what a list takes beside its text, flagCost a flag in it, in bytes.
const (
	listCost = 150
	flagCost = 32
)

// FlagTable interns flag lists of one side. The zero value is ready. It may be
// used by several goroutines: one folder is listed while another is copied.
type FlagTable struct {
	mu      sync.Mutex
	told    int // what Told has added, in bytes
	full    bool
	most    int // in place of maxTold, for tests
	lists   [][]imap.Flag
	ids     map[string]FlagID
	scratch []byte
}

// Intern returns the id of flags, keeping the server's order and spelling,
// without \Recent, which belongs to a session and not to a message.
//
// It is for lists that we make: those of a server are for Told.
func (t *FlagTable) Intern(flags []imap.Flag) FlagID {
	id, _ := t.intern(flags, false)
	return id
}

// Told is Intern for a list that a server told. It is false, with the id of the empty
// list, when the server has told more different lists than are kept: then the flags
// count as unknown.
func (t *FlagTable) Told(flags []imap.Flag) (FlagID, bool) { return t.intern(flags, true) }

// Full reports whether Told was false once.
func (t *FlagTable) Full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.full
}

func (t *FlagTable) intern(flags []imap.Flag, bounded bool) (FlagID, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id, ok := t.find(flags); ok {
		return id, true
	}
	if bounded {
		cost := 2*len(t.scratch) + flagCost*len(flags) + listCost
		if most := cmp.Or(t.most, maxTold); t.told+cost > most {
			t.full = true
			if id, ok := t.find(nil); ok {
				return id, false
			}
			return t.add(nil), false
		}
		t.told += cost
	}
	return t.add(flags), true
}

// find looks a list up, and leaves its text in scratch.
func (t *FlagTable) find(flags []imap.Flag) (FlagID, bool) {
	t.scratch = t.scratch[:0]
	for _, f := range flags {
		if !keepable(f) {
			continue
		}
		t.scratch = append(t.scratch, f...)
		t.scratch = append(t.scratch, ' ')
	}
	id, ok := t.ids[string(t.scratch)]
	return id, ok
}

// add adds the list that find did not find.
func (t *FlagTable) add(flags []imap.Flag) FlagID {
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

// List returns the flags of id, none of one that the table did not give: a record whose flags
// are not known has one, also where no flags were told at all. The caller must not change
// them.
func (t *FlagTable) List(id FlagID) []imap.Flag {
	t.mu.Lock()
	defer t.mu.Unlock()
	if int(id) >= len(t.lists) {
		return nil
	}
	return t.lists[id]
}
