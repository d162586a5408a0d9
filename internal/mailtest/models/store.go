package models

import (
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"time"
)

// Message is a message as an account keeps it.
type Message struct {
	Body []byte
	// Flags are without \Deleted and \Recent, sorted.
	Flags []string
	Date  time.Time

	id      uint64 // X-GM-MSGID
	modseq  uint64
	emptied bool            // its body was told to be empty once
	in      map[*box]uint32 // its UIDs
}

// entry is a message in a folder.
type entry struct {
	uid     uint32
	m       *Message
	deleted bool
	modseq  uint64
}

// box is a folder.
type box struct {
	name           string
	validity, next uint32
	entries        []*entry
	role           string // SPECIAL-USE attribute
	noSelect       bool
	subscribed     bool
	unreadable     bool
	modseq         uint64 // the highest
	gone           []entry
	version        int
}

func (b *box) find(uid uint32) *entry {
	i, ok := slices.BinarySearchFunc(b.entries, uid, func(e *entry, uid uint32) int { return int(int64(e.uid) - int64(uid)) })
	if !ok {
		return nil
	}
	return b.entries[i]
}

// account is one user's mail.
type account struct {
	mu       sync.Mutex
	model    *Model
	password string
	boxes    []*box
	lastUV   uint32
	modseq   uint64
	lastID   uint64
	known    map[[32]byte]*Message // Recognises

	use usage
}

func newAccount(m *Model, password, language string) *account {
	a := &account{model: m, password: password, lastUV: 100, modseq: 1000, lastID: 1_270_000_000_000_000_000, known: make(map[[32]byte]*Message)}
	a.add("INBOX").subscribed = true
	container := m.Container[language]
	if container == "" {
		container = m.Container["en"]
	}
	if m.Prefix != "" {
		// Names below INBOX: INBOX is there already.
		container = ""
	}
	if container != "" {
		a.add(container).noSelect = true
	}
	for _, attr := range roleOrder {
		if name := m.Role(language, attr); name != "" && a.box(name) == nil {
			b := a.add(name)
			b.role, b.subscribed = attr, true
		}
	}
	for _, name := range m.Extra {
		b := a.add(m.Prefix + name)
		b.unreadable = true
	}
	return a
}

// roleOrder is that of creation.
var roleOrder = []string{`\All`, `\Drafts`, `\Sent`, `\Junk`, `\Trash`, `\Archive`, `\Flagged`, `\Important`}

func (a *account) add(name string) *box {
	a.lastUV++
	b := &box{name: name, validity: a.lastUV, next: 1, modseq: a.modseq}
	a.boxes = append(a.boxes, b)
	return b
}

// box is the folder of a name, nil for none. INBOX has no case.
func (a *account) box(name string) *box {
	if strings.EqualFold(name, "INBOX") {
		name = "INBOX"
	}
	for _, b := range a.boxes {
		if b.name == name {
			return b
		}
	}
	return nil
}

func (a *account) ofRole(role string) *box {
	for _, b := range a.boxes {
		if b.role == role {
			return b
		}
	}
	return nil
}

func (a *account) tick() uint64 { a.modseq++; return a.modseq }

// enter puts a message into a folder, and returns its UID there.
func (a *account) enter(b *box, m *Message) uint32 {
	if uid := m.in[b]; uid != 0 {
		return uid
	}
	return a.place(b, m)
}

func (a *account) place(b *box, m *Message) uint32 {
	e := &entry{uid: b.next, m: m, modseq: a.tick()}
	m.modseq = e.modseq
	b.next++
	b.version++
	b.modseq = a.modseq
	b.entries = append(b.entries, e)
	if m.in == nil {
		m.in = make(map[*box]uint32)
	}
	m.in[b] = e.uid
	return e.uid
}

// store stores a message as it came to a folder.
func (a *account) store(b *box, body []byte, flags []string, date time.Time) uint32 {
	for _, change := range a.model.Stored {
		body = change(body)
	}
	key := sha256.Sum256(body)
	if a.model.Recognises {
		if m := a.known[key]; m != nil {
			return a.labelled(b, m)
		}
	}
	a.lastID += 97
	m := &Message{Body: body, Flags: sorted(flags), Date: date, id: a.lastID}
	if a.model.Recognises {
		a.known[key] = m
	}
	return a.labelled(b, m)
}

// labelled puts a message into a folder and into the views that show it.
func (a *account) labelled(b *box, m *Message) uint32 {
	if !a.model.Labels {
		return a.place(b, m)
	}
	if b.role == `\Flagged` {
		m.Flags = sorted(append(m.Flags, `\Flagged`))
	}
	uid := a.enter(b, m)
	a.views(m, b)
	return uid
}

// views keeps the folders that show messages of others in step with a message.
func (a *account) views(m *Message, b *box) {
	if all := a.ofRole(`\All`); all != nil && b.role != `\Trash` && b.role != `\Junk` {
		a.enter(all, m)
	}
	if starred := a.ofRole(`\Flagged`); starred != nil {
		if slices.Contains(m.Flags, `\Flagged`) {
			a.enter(starred, m)
		} else {
			a.leave(starred, m)
		}
	}
}

// leave takes a message out of a folder.
func (a *account) leave(b *box, m *Message) {
	if m.in[b] == 0 {
		return
	}
	b.entries = slices.DeleteFunc(b.entries, func(e *entry) bool {
		if e.m != m {
			return false
		}
		a.went(b, e)
		return true
	})
}

func (a *account) went(b *box, e *entry) {
	delete(e.m.in, b)
	b.gone = append(b.gone, entry{uid: e.uid, modseq: a.tick()})
	b.modseq = a.modseq
	b.version++
}

// expunge takes the entries that a condition names, and returns their UIDs.
func (a *account) expunge(b *box, which func(*entry) bool) (uids []uint32) {
	var gone []*Message
	b.entries = slices.DeleteFunc(b.entries, func(e *entry) bool {
		if !e.deleted || !which(e) {
			return false
		}
		if a.model.Labels && b.role == `\All` {
			e.deleted = false // it stays as long as no folder like the trash holds it
			return false
		}
		a.went(b, e)
		uids = append(uids, e.uid)
		gone = append(gone, e.m)
		return true
	})
	if a.model.Labels && (b.role == `\Trash` || b.role == `\Junk`) {
		for _, m := range gone {
			delete(a.known, sha256.Sum256(m.Body))
			for _, other := range a.boxes {
				a.leave(other, m)
			}
		}
	}
	return uids
}

// labels are what X-GM-LABELS says of a message in a folder: that folder's own is
// left out.
func (a *account) labels(in *box, m *Message) []string {
	var out []string
	for _, b := range a.boxes {
		if b == in || b.role == `\All` || m.in[b] == 0 {
			continue
		}
		switch {
		case b.name == "INBOX":
			out = append(out, `\\Inbox`)
		case b.role == `\Drafts`:
			out = append(out, `\\Draft`)
		case b.role == `\Flagged`:
			out = append(out, `\\Starred`)
		case b.role == `\Junk` || b.role == `\Trash`:
		case b.role != "":
			out = append(out, `\`+b.role)
		default:
			out = append(out, b.name)
		}
	}
	return out
}

func sorted(flags []string) []string {
	out := slices.Clone(flags)
	slices.Sort(out)
	return slices.Compact(out)
}

// shown are the entries that a client sees.
func (b *box) shown(m *Model, all bool) []*entry {
	if n := m.Limits.Newest; n > 0 && !all && len(b.entries) > n {
		return b.entries[len(b.entries)-n:]
	}
	return b.entries
}
