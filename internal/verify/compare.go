package verify

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Comparison is the outcome for one folder of the second account.
type Comparison struct {
	// Folder is its name there; From are the folders of the first account that
	// should be in it, none for a folder that nothing leads to.
	Folder string
	From   []string
	// Messages is how many there should be; Equal how many are there with the
	// same body, flags and date.
	Messages, Equal int
	// Duplicates is how many more there are in From of messages that are there;
	// always 0 without Rules.Once.
	Duplicates int
	// Differences are lines for people, in no case more than Shown and one that
	// says how many are left out.
	Differences []string
	hidden      int
}

// OK reports whether the folder holds exactly what it should.
func (c Comparison) OK() bool {
	return c.Equal+c.Duplicates == c.Messages && len(c.Differences) == 0
}

// Rules say how the second account is expected to differ from the first.
type Rules struct {
	// Rename gives the second account's name of a folder of the first one; nil
	// means that names are the same.
	Rename func(folder string) string
	// Once expects one message where the first account has several of the same
	// body in one folder, which is what a migration without --syncduplicates does.
	Once bool
}

// Shown is how many differences of a folder are told one by one.
const Shown = 20

// Compare compares b, where the mail should be, with a, where it came from.
// The result has one element for each folder that is on either side, sorted by b's
// names.
//
// Messages are compared as multisets: their order and UIDs do not matter, their
// number does. Two dates are equal when they name the same instant, as servers
// write the zone they like.
func Compare(a, b *Mailbox, r Rules) []Comparison {
	from := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(a.Folders)) {
		other := name
		if r.Rename != nil {
			other = inbox(r.Rename(name))
		}
		from[other] = append(from[other], name)
	}
	names := make(map[string]struct{}, len(from))
	for name := range from {
		names[name] = struct{}{}
	}
	for name := range b.Folders {
		names[name] = struct{}{}
	}
	var out []Comparison
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var want []Message
		for _, source := range from[name] {
			want = append(want, a.Folders[source].Messages...)
		}
		c := Comparison{Folder: name, From: from[name], Messages: len(want)}
		got := b.Folders[name]
		switch {
		case got == nil:
			c.Differences = []string{fmt.Sprintf("the folder is missing, and with it %d messages", len(want))}
		case len(c.From) == 0 && len(got.Messages) == 0:
			// An empty folder that was there before takes nothing from anybody.
		default:
			c.compare(want, got.Messages, r)
		}
		out = append(out, c)
	}
	return out
}

// kind is what makes two messages equal.
type kind struct {
	digest [sha256.Size]byte
	date   int64
	flags  string
}

func (m Message) kind() kind { return kind{m.Digest, m.Date.Unix(), m.Flags} }

// compare fills in what two lists of messages have in common and what not. It
// takes time in proportion to their lengths.
func (c *Comparison) compare(want, got []Message, r Rules) {
	there := make(map[kind]int, len(got))
	arrived := make(map[[sha256.Size]byte]bool)
	for _, m := range got {
		there[m.kind()]++
		arrived[m.Digest] = r.Once
	}
	var missing []Message
	for _, m := range want {
		if k := m.kind(); there[k] > 0 {
			there[k]--
			c.Equal++
		} else {
			missing = append(missing, m)
		}
	}
	// What is left over may be the same body with other flags or another date.
	left := make(map[[sha256.Size]byte][]Message)
	var extra []Message
	for _, m := range slices.Backward(got) { // the later of two equal ones is too many
		if k := m.kind(); there[k] > 0 {
			there[k]--
			extra = append(extra, m)
			left[m.Digest] = append(left[m.Digest], m)
		}
	}
	paired := make(map[imap.UID]bool)
	for _, m := range missing {
		twins := left[m.Digest]
		switch {
		case len(twins) == 0 && arrived[m.Digest]:
			c.Duplicates++
			continue
		case len(twins) == 0:
			c.differ("UID %d (%d bytes, %s) is missing", m.UID, m.Size, m.day())
			continue
		}
		twin := twins[0]
		left[m.Digest] = twins[1:]
		paired[twin.UID] = true
		if m.Flags != twin.Flags {
			c.differ("UID %d came as UID %d with the flags (%s), not (%s)", m.UID, twin.UID, twin.Flags, m.Flags)
		}
		if m.Date.Unix() != twin.Date.Unix() {
			c.differ("UID %d came as UID %d with the date %s, not %s", m.UID, twin.UID, twin.day(), m.day())
		}
	}
	for _, m := range slices.Backward(extra) {
		if !paired[m.UID] {
			c.differ("UID %d (%d bytes, %s) is too many", m.UID, m.Size, m.day())
		}
	}
	if c.hidden > 0 {
		c.Differences = append(c.Differences, fmt.Sprintf("and %d more differences", c.hidden))
	}
}

func (m Message) day() string { return m.Date.Format(time.RFC3339) }

func (c *Comparison) differ(format string, args ...any) {
	if len(c.Differences) == Shown {
		c.hidden++
		return
	}
	c.Differences = append(c.Differences, fmt.Sprintf(format, args...))
}
