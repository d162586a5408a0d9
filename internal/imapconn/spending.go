package imapconn

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// What a server can make us spend is bounded by what was asked of it.
const (
	// maxUnasked bounds the replies, in bytes, that may come between two tagged
	// replies beside the messages asked for. The lists of a large account and one
	// search of five million messages stay below; see also imapwire.MaxLine.
	maxUnasked = 128 << 20
	// maxText bounds a reply other than the answer to a search, in bytes. What is
	// made of it in memory is a multiple.
	maxText = 4 << 20
	// maxListed bounds the mailboxes of one LIST, maxListedNames their names in
	// bytes.
	maxListed      = 250_000
	maxListedNames = 16 << 20
	// maxName bounds one name, in bytes: it has to go into a command. Dovecot takes 4096.
	maxName = maxCommand
	// maxInMailbox bounds the messages of one FETCH of a range, whatever EXISTS
	// says.
	maxInMailbox = 20_000_000
	// someMore is by how many messages such a FETCH may exceed EXISTS: mail arrives.
	someMore = 10_000
	// maxKept bounds the flag changes kept while the caller waits for something else.
	maxKept = 10_000
)

// ErrFlood ends a connection whose server sends without end what nobody asked for.
var ErrFlood = errors.New("the server sends without end what nobody asked for")

// IsFlood reports whether a connection ended since the server sent without end what
// nobody asked for: to ask once more would only cost the same again.
func IsFlood(err error) bool {
	return errors.Is(err, ErrFlood) || errors.Is(err, imapwire.ErrLineTooLong)
}

// spending counts what came since the last tagged reply.
type spending struct {
	at int64 // position in the stream up to which it is counted
	n  int64
	// asked: the reply at hand is a message that somebody waits for.
	asked bool
}

// charge counts the reply read last. It is called before the next is read.
func (c *Conn) charge() error {
	at := c.s.Position()
	came := at - c.spent.at
	c.spent.at = at
	if c.spent.asked {
		c.spent.asked = false
		return nil
	}
	c.spent.n += came
	if c.spent.n > c.most(maxUnasked) {
		return c.fail(c.doing(), fmt.Errorf("%w: %d MiB since its last answer", ErrFlood, c.spent.n>>20))
	}
	return nil
}

// chatter charges a line that is no data, a status or what is not understood, three
// times more: it costs more than data to deal with, and nobody needs 32 MiB of it.
func (c *Conn) chatter(line []byte) { c.spent.n += 3 * int64(len(line)) }

// most is limit, or less in tests.
func (c *Conn) most(limit int64) int64 {
	if c.cfg.maxUnasked > 0 {
		return c.cfg.maxUnasked
	}
	return limit
}

// settled begins to count anew: a command was answered.
func (c *Conn) settled() { c.spent.n = 0 }

// tooLong refuses a line that no reply but the answer to a search can be.
func (c *Conn) tooLong(text []byte) error {
	if len(text) <= maxText {
		return nil
	}
	word, _ := cutWord(bytes.TrimLeft(text[1:], " "))
	for _, long := range [...]string{"SEARCH", "ESEARCH", "SORT", "VANISHED"} {
		if text[0] == '*' && imapwire.EqualFold(word, long) {
			return nil
		}
	}
	return fmt.Errorf("%w: a line of %d MiB that begins with %q", imapwire.ErrLineTooLong, len(text)>>20, printable(text[:20]))
}

// listLines collects the lines of a LIST, each mailbox once.
type listLines struct {
	data  *[]ListData
	index map[string]int
	bytes int
	over  error
}

// take adds a line. A second one about the same mailbox adds its attributes.
func (l *listLines) take(d *ListData) bool {
	if i, ok := l.index[d.Name]; ok {
		old := &(*l.data)[i]
		for _, a := range d.Attrs {
			if !old.HasAttr(a) && len(old.Attrs) < maxAttrs {
				old.Attrs = append(old.Attrs, a)
			}
		}
		if old.Delim == "" {
			old.Delim = d.Delim
		}
		return false
	}
	if len(d.Name) > maxName {
		l.over = fmt.Errorf("%w: the name of a folder has %d bytes: this cannot be an account", ErrFlood, len(d.Name))
		return false
	}
	l.bytes += len(d.Name) + len(d.OldName)
	for _, a := range d.Attrs {
		l.bytes += len(a)
	}
	if len(*l.data) >= maxListed || l.bytes > maxListedNames {
		l.over = fmt.Errorf("%w: it lists more than %d folders, or %d MiB of names: this cannot be an account", ErrFlood, maxListed, maxListedNames>>20)
		return false
	}
	l.index[d.Name] = len(*l.data)
	*l.data = append(*l.data, *d)
	return true
}

// bound notes a message of a range, and fails when there are more of them than
// the mailbox can hold.
func (f *Fetch) bound(a *ask) error {
	a.came++
	most := uint64(maxInMailbox)
	if m := f.c.mailbox; m != nil && a.selects == f.c.selects {
		most = min(most, uint64(m.Exists)+uint64(m.Exists)/4+someMore)
	}
	if a.came > most {
		return f.c.fail(f.c.doing(), fmt.Errorf("%w: it told of %d messages in a folder that holds no more than %d", ErrFlood, a.came, most))
	}
	return nil
}
