package mailtest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// State is one account as a client sees it.
type State struct {
	Server *Server
	// Folders by the server's own spelling of their name.
	Folders map[string]*Folder
	// Subscribed holds the same spelling.
	Subscribed map[string]bool
}

// Folder is one selectable folder.
type Folder struct {
	UIDValidity uint32
	Messages    []Message
}

// Message is one message of a snapshot.
type Message struct {
	UID       imap.UID
	Flags     []imap.Flag // sorted, without \Recent, in the server's spelling
	Date      time.Time   // INTERNALDATE
	Size      int64       // RFC822.SIZE
	Length    int64       // bytes that BODY[] really had
	MessageID string      // of the header, for people
	// Digests are SHA-256 values of the body by what was evened out before.
	Digests [4][sha256.Size]byte
}

// Evening is a set of changes that servers make to bodies; it selects a digest.
type Evening uint8

// The changes.
const (
	// EightBitHeaders: header bytes above 127 count as X.
	EightBitHeaders Evening = 1 << iota
	// LineEnds: every line end counts as CRLF, and the last line has one.
	LineEnds
)

// Count returns the number of messages.
func (s State) Count() int {
	n := 0
	for _, f := range s.Folders {
		n += len(f.Messages)
	}
	return n
}

// Snapshot reads an account completely and changes nothing in it.
func Snapshot(t testing.TB, s *Server, user string) State {
	t.Helper()
	state, err := read(s, user)
	if err != nil {
		t.Fatalf("snapshot of %s on %s: %v", user, s, err)
	}
	return state
}

// Look is Snapshot of an account in which something may be under way: the error says what
// does not fit together, or that it cannot be read.
func Look(s *Server, user string) (State, error) { return read(s, user) }

func read(s *Server, user string) (State, error) {
	c, err := login(s, user)
	if err != nil {
		return State{}, err
	}
	defer c.logout()
	return c.snapshot(s)
}

// errUnderWay says that a folder changed while it was read.
var errUnderWay = errors.New("the folder changes while it is read")

// snapshot reads all folders, and once more where one changed meanwhile: a server may
// still store what a program sent that has ended.
func (c *client) snapshot(s *Server) (State, error) {
	state, err := c.snapshotOnce(s)
	if errors.Is(err, errUnderWay) {
		return c.snapshotOnce(s)
	}
	return state, err
}

func (c *client) snapshotOnce(s *Server) (State, error) {
	state := State{Server: s, Folders: make(map[string]*Folder), Subscribed: make(map[string]bool)}
	listed, err := c.list()
	if err != nil {
		return state, err
	}
	for _, l := range listed {
		if l.has(`\Noselect`) || l.has(`\NonExistent`) {
			continue
		}
		f, err := c.folder(l.name)
		if err != nil {
			return state, fmt.Errorf("folder %q: %w", l.name, err)
		}
		state.Folders[l.name] = f
	}
	lines, err := c.do(`LSUB "" "*"`)
	if err != nil {
		return state, err
	}
	for _, line := range lines {
		// A parent that LSUB only names for its children is not subscribed.
		if l, ok := parseList(line, "* LSUB "); ok && !l.has(`\Noselect`) {
			state.Subscribed[l.name] = true
		}
	}
	return state, nil
}

// entry is one line of LIST or LSUB.
type entry struct {
	name  string
	attrs []string
}

func (e entry) has(attr string) bool {
	return slices.ContainsFunc(e.attrs, func(a string) bool { return strings.EqualFold(a, attr) })
}

func (c *client) list() ([]entry, error) {
	lines, err := c.do(`LIST "" "*"`)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, line := range lines {
		if l, ok := parseList(line, "* LIST "); ok {
			all = append(all, l)
		}
	}
	return all, nil
}

// parseList reads `* LIST (attributes) delimiter name`. The inbox gets the name
// INBOX in whatever case a server writes it.
func parseList(r reply, prefix string) (entry, bool) {
	p := parser{text: r.text, literals: r.literals}
	if !p.literally(prefix) {
		return entry{}, false
	}
	attrs := p.list()
	p.literally(" ")
	p.str()
	p.literally(" ")
	name := p.str()
	if p.err != nil {
		return entry{}, false
	}
	if strings.EqualFold(name, "INBOX") {
		name = "INBOX"
	}
	return entry{name, attrs}, true
}

func (c *client) folder(name string) (*Folder, error) {
	lines, err := c.do("EXAMINE " + quote(name))
	if err != nil {
		return nil, err
	}
	f := &Folder{}
	exists := 0
	for _, l := range lines {
		if _, text, ok := strings.Cut(l.text, "[UIDVALIDITY "); ok {
			digits, _, _ := strings.Cut(text, "]")
			v, err := strconv.ParseUint(digits, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("UIDVALIDITY: %w", err)
			}
			f.UIDValidity = uint32(v)
		}
		if n, ok := strings.CutSuffix(l.text, " EXISTS"); ok {
			if exists, err = strconv.Atoi(strings.TrimPrefix(n, "* ")); err != nil {
				return nil, fmt.Errorf("EXISTS: %w", err)
			}
		}
	}
	if exists == 0 {
		return f, nil
	}
	byUID := make(map[imap.UID]*Message, exists)
	tag := c.send("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
	err = c.waitEach(tag, func(r reply) error {
		m, full, err := parseFetch(r)
		if err != nil {
			return fmt.Errorf("%.200q: %w", r.text, err)
		}
		if full && byUID[m.UID] != nil {
			return fmt.Errorf("UID %d came twice", m.UID)
		}
		if full {
			byUID[m.UID] = &m
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("UID FETCH: %w", err)
	}
	if len(byUID) != exists {
		return nil, fmt.Errorf("%w: UID FETCH gave %d of %d messages", errUnderWay, len(byUID), exists)
	}
	for _, m := range byUID {
		f.Messages = append(f.Messages, *m)
	}
	slices.SortFunc(f.Messages, func(a, b Message) int { return int(int64(a.UID) - int64(b.UID)) })
	return f, nil
}

// parseFetch reads a FETCH reply; full is false for one without a body, which a
// server may send at any time.
func parseFetch(r reply) (m Message, full bool, err error) {
	head, rest, ok := strings.Cut(r.text, " FETCH (")
	if !ok || !strings.HasPrefix(head, "* ") {
		return m, false, nil
	}
	p := parser{text: rest, literals: r.literals}
	var body []byte
	for p.err == nil && !p.literally(")") {
		switch name := strings.ToUpper(p.word()); name {
		case "UID":
			p.literally(" ")
			m.UID = imap.UID(p.number())
		case "RFC822.SIZE":
			p.literally(" ")
			m.Size = int64(p.number())
		case "FLAGS":
			p.literally(" ")
			for _, f := range p.list() {
				if !strings.EqualFold(f, `\Recent`) {
					m.Flags = append(m.Flags, imap.Flag(f))
				}
			}
			slices.Sort(m.Flags)
		case "INTERNALDATE":
			p.literally(" ")
			text := p.str()
			if m.Date, err = time.Parse("_2-Jan-2006 15:04:05 -0700", text); err != nil {
				return m, false, err
			}
		case "MODSEQ":
			p.literally(" ")
			p.list()
		case "BODY[]":
			p.literally(" ")
			body, full = p.bytes(), true
		default:
			return m, false, fmt.Errorf("unexpected item %q", name)
		}
		p.literally(" ")
	}
	if p.err != nil {
		return m, false, p.err
	}
	if full {
		m.Length = int64(len(body))
		m.MessageID = messageID(body)
		m.digest(body)
	}
	return m, full, nil
}

// Expected returns the state that an account on s is in after Fill with box, if
// the server changes nothing; UIDs count from 1 in each folder.
func Expected(s *Server, box corpus.Mailbox) State {
	state := State{Server: s, Folders: make(map[string]*Folder), Subscribed: make(map[string]bool)}
	for _, f := range box.Folders {
		name := s.FolderName(f.Path)
		folder := &Folder{}
		for i, m := range f.Messages {
			flags := slices.Clone(m.Flags)
			slices.Sort(flags)
			message := Message{
				UID: imap.UID(i + 1), Flags: flags, Date: m.Date,
				Size: int64(len(m.Body)), Length: int64(len(m.Body)), MessageID: messageID(m.Body),
			}
			message.digest(m.Body)
			folder.Messages = append(folder.Messages, message)
		}
		state.Folders[name] = folder
		if !f.Unsubscribed {
			state.Subscribed[name] = true
		}
	}
	return state
}
