// Package habits tells whether two messages are one, when the server that stores
// one of them changes what it is given: gateways and some servers add header lines,
// drop some, fold and encode them anew.
//
// What a server does is learned from pairs that are known to be one message, and
// only that is forgiven. No I/O.
package habits

import (
	"bytes"
	"crypto/sha256"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"
	"unique"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// Message is what is held against another message: its header, and what its body
// says.
type Message struct {
	fields []field // sorted
	// labelled: its first line is a Message-Id that --addheader gave.
	labelled bool
	// Body is the digest of the body, Exact that of the whole message, both with
	// line ends normalised; Size is the number of bytes of the whole.
	Body, Exact identity.Digest
	Size        int64
}

// field is a header field as it is compared: the name in lower case, and digests of the
// value unfolded, decoded, with single blanks: of all of it, and without the characters
// beyond ASCII, which some servers replace.
type field struct {
	name         unique.Handle[string]
	value, whole identity.Digest
	script       script
}

// script is in which characters a value is written.
type script uint8

const (
	ascii   script = iota
	utf8ed         // valid UTF-8 beyond ASCII
	unknown        // bytes beyond ASCII that are not UTF-8
)

// order orders fields, those first that may be alike.
func (f field) order(g field) int {
	if c := f.near(g); c != 0 {
		return c
	}
	return bytes.Compare(f.whole[:], g.whole[:])
}

// near is 0 for fields that are alike but for characters beyond ASCII.
func (f field) near(g field) int {
	if f.name != g.name {
		return strings.Compare(f.name.Value(), g.name.Value())
	}
	return bytes.Compare(f.value[:], g.value[:])
}

// alike reports whether two fields are one: equal, or written in other characters, as by
// a server that replaces those beyond ASCII. Two texts in the same script that differ are
// two.
func (f field) alike(g field) bool {
	return f.near(g) == 0 && (f.whole == g.whole || f.script != g.script)
}

// maxFields bounds the fields of a header that are told apart.
const maxFields = 2000

// Of prepares a message for comparison; header is its header, with or without the
// empty line that ends it.
func Of(header []byte, content identity.Content, size int64) Message {
	m := Message{Body: content.Body, Exact: content.Exact, Size: size}
	for line := range unfolded(header) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			name, value = nil, line
		}
		m.labelled = m.labelled || len(m.fields) == 0 && identity.IsAdded(line)
		m.fields = append(m.fields, fieldOf(name, value))
		if len(m.fields) == maxFields {
			break
		}
	}
	slices.SortFunc(m.fields, field.order)
	return m
}

// unfolded yields the fields of a header, each with its continuation lines.
func unfolded(header []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		var at []byte
		for len(header) > 0 {
			line, rest, _ := bytes.Cut(header, []byte("\n"))
			header = rest
			line = bytes.TrimRight(line, "\r")
			switch {
			case len(line) == 0:
			case (line[0] == ' ' || line[0] == '\t') && at != nil:
				at = append(append(at, ' '), line...)
				continue
			default:
				if at != nil && !yield(at) {
					return
				}
				at = bytes.Clone(line)
			}
		}
		if at != nil {
			yield(at)
		}
	}
}

// fieldOf prepares a field for comparison.
func fieldOf(name, value []byte) field {
	text := decoded(value)
	f := field{name: unique.Make(strings.ToLower(string(bytes.TrimSpace(name)))), whole: digest(text)}
	f.value = f.whole
	if p := plain(text); p != text {
		f.value = digest(p)
	}
	switch {
	case !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }):
	case utf8.ValidString(text):
		f.script = utf8ed
	default:
		f.script = unknown
	}
	return f
}

// decoded is the value of a field without what is only form.
func decoded(value []byte) string {
	text := strings.Join(strings.Fields(string(value)), " ")
	if strings.Contains(text, "=?") {
		decoder := mime.WordDecoder{}
		if decoded, err := decoder.DecodeHeader(text); err == nil {
			text = strings.Join(strings.Fields(decoded), " ")
		}
	}
	return text
}

// plain is text with one X for what is beyond ASCII, as servers replace it.
func plain(text string) string {
	var b strings.Builder
	beyond := false
	for i := range len(text) {
		if text[i] >= 0x80 || text[i] == 'X' {
			if !beyond {
				b.WriteByte('X')
			}
			beyond = true
			continue
		}
		beyond = false
		b.WriteByte(text[i])
	}
	return b.String()
}

func digest(text string) (d identity.Digest) {
	sum := sha256.Sum256([]byte(text))
	copy(d[:], sum[:])
	return d
}

// Labelled reports whether d is s with the Message-Id that --addheader gave it, and
// nothing else.
func Labelled(s, d *Message) bool {
	more, less := difference(s, d)
	return s.Body == d.Body && d.labelled && !s.labelled && len(more) == 1 && more[0] == "message-id" && len(less) == 0
}

// AkinFields are the fields by which two messages are akin.
var AkinFields = []string{"Date", "From", "Subject"}

// AkinKey is equal for messages with equal Date, From and Subject; false for a header
// that has none of them.
func AkinKey(header []byte) (identity.Digest, bool) {
	m := Of(header, identity.Content{}, 0)
	var b strings.Builder
	for _, f := range m.fields {
		switch name := f.name.Value(); name {
		case "date", "from", "subject":
			b.WriteString(name)
			b.Write(f.value[:])
		}
	}
	return digest(b.String()), b.Len() > 0
}

// Akin reports whether Date, From and Subject of two messages are equal, at least
// one of them being there.
func (m *Message) Akin(other *Message) bool {
	some := false
	for _, name := range AkinFields {
		name := unique.Make(strings.ToLower(name))
		a, b := m.values(name), other.values(name)
		if len(a) != len(b) || !within(a, b) || !within(b, a) {
			return false
		}
		some = some || len(a) > 0
	}
	return some
}

// Compatible reports whether nothing that tells messages apart says that these are two:
// of Message-Id, Date, From, To and Subject each has no other value on one side than
// on the other. A Message-Id may have been replaced where a Date, From and Subject are
// equal.
func (m *Message) Compatible(other *Message) bool {
	date := unique.Make("date")
	dated := len(m.values(date)) > 0 && m.Akin(other)
	for _, name := range []string{"message-id", "date", "from", "to", "subject"} {
		name := unique.Make(name)
		a, b := m.values(name), other.values(name)
		if !within(a, b) && !within(b, a) && !(dated && name.Value() == "message-id") {
			return false
		}
	}
	return true
}

// OtherID reports whether both messages have a Message-Id, and different ones.
func (m *Message) OtherID(other *Message) bool {
	id := unique.Make("message-id")
	a, b := m.values(id), other.values(id)
	return len(a) > 0 && len(b) > 0 && !within(a, b) && !within(b, a)
}

// within reports whether every field of a is one of b.
func within(a, b []field) bool {
	for _, f := range a {
		if !slices.ContainsFunc(b, f.alike) {
			return false
		}
	}
	return true
}

// values are the fields of a name.
func (m *Message) values(name unique.Handle[string]) (out []field) {
	for _, f := range m.fields {
		if f.name == name {
			out = append(out, f)
		}
	}
	return out
}
