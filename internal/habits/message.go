// Package habits tells whether two messages are one, when the server that stores
// one of them changes what it is given: gateways and some servers add header lines,
// drop some, fold and encode them anew.
//
// What a server does is learned from pairs that are known to be one message, and
// only that is forgiven. No I/O.
package habits

import (
	"bytes"
	"mime"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// Message is what is held against another message: its header, and what its body
// says.
type Message struct {
	fields []field // sorted
	// Body is the digest of the body with line ends normalised, Size the number of
	// bytes of the whole.
	Body identity.Digest
	Size int64
}

// field is a header field as it is compared: the name in lower case, the value
// unfolded, decoded, with single blanks and no bytes beyond ASCII.
type field struct{ name, value string }

func (f field) compare(g field) int {
	if c := strings.Compare(f.name, g.name); c != 0 {
		return c
	}
	return strings.Compare(f.value, g.value)
}

// maxFields bounds the fields of a header that are told apart.
const maxFields = 2000

// Of prepares a message for comparison; header is its header, with or without the
// empty line that ends it.
func Of(header []byte, content identity.Content, size int64) Message {
	m := Message{Body: content.Body, Size: size}
	for line := range unfolded(header) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			name, value = nil, line
		}
		m.fields = append(m.fields, field{strings.ToLower(string(bytes.TrimSpace(name))), plain(value)})
		if len(m.fields) == maxFields {
			break
		}
	}
	slices.SortFunc(m.fields, field.compare)
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

// plain is the value of a field without what is only form.
func plain(value []byte) string {
	text := strings.Join(strings.Fields(string(value)), " ")
	if strings.Contains(text, "=?") {
		decoder := mime.WordDecoder{}
		if decoded, err := decoder.DecodeHeader(text); err == nil {
			text = strings.Join(strings.Fields(decoded), " ")
		}
	}
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

// values are those of a field, in lower-case name.
func (m *Message) values(name string) (out []string) {
	for _, f := range m.fields {
		if f.name == name {
			out = append(out, f.value)
		}
	}
	return out
}

// Akin reports whether Date, From and Subject of two messages are equal, at least
// one of them being there.
func (m *Message) Akin(other *Message) bool {
	any := false
	for _, name := range []string{"date", "from", "subject"} {
		a, b := m.values(name), other.values(name)
		if !slices.Equal(a, b) {
			return false
		}
		any = any || len(a) > 0
	}
	return any
}
