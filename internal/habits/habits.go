package habits

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Habits are what a server has been seen to do to messages. The zero value knows
// nothing. It is safe for concurrent use.
type Habits struct {
	mu sync.Mutex
	// added and dropped are names of header fields, in lower case, and how often
	// that was seen.
	added, dropped map[string]int
	// grown are differences in size that were seen, in bytes on the server minus
	// bytes sent.
	grown map[int64]int
	// kept and altered count the pairs seen whose size was kept, or not; exact those
	// that were read and are equal, changed those that were read and are not, bodies
	// those whose body was changed.
	kept, altered, exact, changed, bodies int
}

// The most that is remembered.
const (
	maxNames = 200
	maxGrown = 200
)

// Learn takes into account a pair that is known to be one message: s as it was sent,
// d as the server has it. A d that is less than s is no habit but a loss: of it nothing
// is remembered but that the server does not keep what it is given.
func (h *Habits) Learn(s, d *Message) {
	more, less := difference(s, d)
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Exact == d.Exact {
		h.exact++
	} else {
		h.changed++
	}
	if s.Body != d.Body {
		h.bodies++
		if d.Size <= s.Size {
			h.altered++
			return
		}
	}
	h.size(s.Size, d.Size)
	for _, name := range more {
		count(&h.added, name, maxNames)
	}
	for _, name := range less {
		count(&h.dropped, name, maxNames)
	}
}

// Pairs is how many pairs were learned from.
func (h *Habits) Pairs() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.exact + h.changed
}

// telling are the fields by which people tell messages apart: what was done to these
// is counted and never forgiven.
var telling = []string{"from", "to", "cc", "subject"}

// size takes the sizes of a pair into account.
func (h *Habits) size(sent, has int64) {
	if sent == has {
		h.kept++
		return
	}
	h.altered++
	if h.grown == nil {
		h.grown = make(map[int64]int)
	}
	if _, known := h.grown[has-sent]; known || len(h.grown) < maxGrown {
		h.grown[has-sent]++
	}
}

func count(m *map[string]int, name string, most int) {
	if slices.Contains(telling, name) {
		return
	}
	if *m == nil {
		*m = make(map[string]int)
	}
	if _, known := (*m)[name]; known || len(*m) < most {
		(*m)[name]++
	}
}

// KeepsSizes reports whether the server was seen to keep the sizes of what it is
// given, and never to change one.
func (h *Habits) KeepsSizes() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kept > 0 && h.altered == 0
}

// KeepsBytes reports whether the server was seen to keep every byte of what it is
// given, and never to change one.
func (h *Habits) KeepsBytes() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.exact > 0 && h.changed == 0 && h.altered == 0
}

// AltersBodies reports whether the server was seen to change the body of a message.
func (h *Habits) AltersBodies() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bodies > 0
}

// Known reports whether anything was learned.
func (h *Habits) Known() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kept > 0 || h.altered > 0
}

// ExplainsSize reports whether a message of so many bytes may be one of which sent
// were sent.
func (h *Habits) ExplainsSize(sent, has int64) bool {
	if sent == has {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, seen := h.grown[has-sent]
	return seen
}

// Touches reports whether the server was seen to add or to drop fields of one of these
// names.
func (h *Habits) Touches(names []string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(names, func(name string) bool {
		name = strings.ToLower(name)
		return h.added[name] > 0 || h.dropped[name] > 0
	})
}

// StandsFor reports whether d on host2 is s of host1: equal but for what the server was seen
// to do, or the same body under equal Date, From and Subject.
func (h *Habits) StandsFor(s, d *Message) bool {
	return h.Same(s, d) || s.Body == d.Body && s.Akin(d)
}

// Same reports whether s and d are equal but for what the server was seen to do.
func (h *Habits) Same(s, d *Message) bool {
	if s.Body != d.Body {
		return false
	}
	more, less := difference(s, d)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range more {
		if h.added[name] == 0 {
			return false
		}
	}
	for _, name := range less {
		if h.dropped[name] == 0 {
			return false
		}
	}
	return true
}

// HoldsHeader reports whether d has all header lines of s but those that the server was
// seen to drop.
func (h *Habits) HoldsHeader(s, d *Message) bool {
	_, less := difference(s, d)
	h.mu.Lock()
	defer h.mu.Unlock()
	return !slices.ContainsFunc(less, func(name string) bool { return h.dropped[name] == 0 })
}

// Equal reports whether s and d are equal but for the form of their headers.
func Equal(s, d *Message) bool {
	more, less := difference(s, d)
	return s.Body == d.Body && len(more) == 0 && len(less) == 0
}

// Grown reports whether d is s and header lines besides.
func Grown(s, d *Message) bool {
	_, less := difference(s, d)
	return s.Body == d.Body && len(less) == 0
}

// Redundant reports whether d says nothing that s does not say: their bodies are equal,
// d has no header lines besides those of s but such as the server was seen to add or as
// are written on a message's way, and lacks none but such as it was seen to drop. So much
// is needed to delete d on the server that has s, too. It is less than what Grown asks
// for, since a line such as Cc or Resent-From makes another message.
func (h *Habits) Redundant(s, d *Message) bool {
	if s.Body != d.Body {
		return false
	}
	more, less := difference(s, d)
	h.mu.Lock()
	defer h.mu.Unlock()
	return !slices.ContainsFunc(more, func(name string) bool { return h.added[name] == 0 && !onTheWay(name) }) &&
		!slices.ContainsFunc(less, func(name string) bool { return h.dropped[name] == 0 })
}

// MayBeRewritten reports whether the header of d may be what a server has made of that of s
// when it stored it: lines are gone, or such were added as are written on a message's way,
// or a Message-Id. A line that has another value on each side tells two deliveries apart.
func MayBeRewritten(s, d *Message) bool {
	more, less := difference(s, d)
	return s.Akin(d) && len(more)+len(less) > 0 && !slices.ContainsFunc(more, func(name string) bool {
		return slices.Contains(less, name) || !onTheWay(name) && name != "message-id"
	})
}

// wayFields are those that servers write on a message on its way (RFC 5321 section 4.4,
// RFC 8601, RFC 6376, RFC 8617, RFC 7208, RFC 9228).
var wayFields = []string{
	"received", "return-path", "delivered-to", "envelope-to", "authentication-results", "dkim-signature",
	"arc-seal", "arc-message-signature", "arc-authentication-results", "received-spf", "delivery-date",
}

// byPeople are fields in X- that people give to a message, or their mail programs.
var byPeople = []string{"x-label", "x-keywords", "x-priority", "x-mozilla-keys"}

// onTheWay reports whether a field is one that servers add to what they pass on. X- is
// mostly of filters and gateways.
func onTheWay(name string) bool {
	return slices.Contains(wayFields, name) || strings.HasPrefix(name, "x-") && !slices.Contains(byPeople, name)
}

// difference are the names of the fields that only d has, and that only s has.
func difference(s, d *Message) (more, less []string) {
	i, j := 0, 0
	for i < len(s.fields) || j < len(d.fields) {
		c := -1
		switch {
		case i == len(s.fields):
			c = 1
		case j < len(d.fields):
			c = s.fields[i].near(d.fields[j])
		}
		if c == 0 && !s.fields[i].alike(d.fields[j]) {
			c = s.fields[i].order(d.fields[j])
		}
		switch {
		case c == 0:
			i, j = i+1, j+1
		case c < 0:
			less = append(less, s.fields[i].name.Value())
			i++
		default:
			more = append(more, d.fields[j].name.Value())
			j++
		}
	}
	return more, less
}

// Seen is what was learned, to be kept.
type Seen struct {
	Added   map[string]int `json:"added,omitempty"`
	Dropped map[string]int `json:"dropped,omitempty"`
	Grown   map[int64]int  `json:"grown,omitempty"`
	Kept    int            `json:"kept,omitempty"`
	Altered int            `json:"altered,omitempty"`
	Exact   int            `json:"exact,omitempty"`
	Changed int            `json:"changed,omitempty"`
	Bodies  int            `json:"bodies,omitempty"`
}

// Seen returns what was learned.
func (h *Habits) Seen() Seen {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Seen{
		Added: maps.Clone(h.added), Dropped: maps.Clone(h.dropped), Grown: maps.Clone(h.grown),
		Kept: h.kept, Altered: h.altered, Exact: h.exact, Changed: h.changed, Bodies: h.bodies,
	}
}

// Remember takes over what an earlier run learned.
func (h *Habits) Remember(s Seen) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.added, h.dropped, h.grown = maps.Clone(s.Added), maps.Clone(s.Dropped), maps.Clone(s.Grown)
	h.kept, h.altered, h.exact, h.changed, h.bodies = s.Kept, s.Altered, s.Exact, s.Changed, s.Bodies
}

// Words tells what was learned, for people; empty for nothing.
func (h *Habits) Words() []string {
	s := h.Seen()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.Added)) {
		out = append(out, "adds "+name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dropped)) {
		out = append(out, "drops "+name)
	}
	if s.Bodies > 0 {
		out = append(out, "changes bodies")
	}
	return out
}
