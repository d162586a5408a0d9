package transform

import (
	"bytes"
	"strings"
)

// SplitHeader cuts a message after its header. The empty line that ends the
// header starts body; a message without one is all header.
func SplitHeader(msg []byte) (header, body []byte) {
	for at := 0; at < len(msg); {
		rest := msg[at:]
		if rest[0] == '\n' || rest[0] == '\r' && len(rest) > 1 && rest[1] == '\n' {
			return msg[:at], rest
		}
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		at += i + 1
	}
	return msg, nil
}

// Field is the value of the first field of that name (any case) in the header
// of a message, for people to read: unfolded, trimmed, control characters
// replaced by spaces, so that it keeps to one line and one TSV column. RFC 2047
// words stay as they are. "" if there is none.
func Field(msg []byte, name string) string {
	header, _ := SplitHeader(msg)
	for f := range fields(header) {
		if f.is(name) {
			return oneLine(f.text[f.value:])
		}
	}
	return ""
}

// field is one header field with its folded lines.
type field struct {
	text  []byte // all its lines, line ends included
	name  int    // length of the name; 0 if the line is no field
	value int    // where the value starts
}

func (f field) is(name string) bool {
	return f.name > 0 && strings.EqualFold(string(f.text[:f.name]), name)
}

// fields iterates over a header. Lines that are no field (an mbox "From " line,
// rubbish) come as fields without name, with the folded lines after them.
func fields(header []byte) func(func(field) bool) {
	return func(yield func(field) bool) {
		for len(header) > 0 {
			end := lineEnd(header)
			for end < len(header) && (header[end] == ' ' || header[end] == '\t') {
				end += lineEnd(header[end:])
			}
			f := field{text: header[:end]}
			first := header[:lineEnd(header)]
			if i := bytes.IndexByte(first, ':'); i > 0 {
				name := bytes.TrimRight(first[:i], " \t")
				if len(name) > 0 && bytes.IndexFunc(name, notFieldName) < 0 {
					f.name, f.value = len(name), i+1
				}
			}
			if !yield(f) {
				return
			}
			header = header[end:]
		}
	}
}

// notFieldName is true for what RFC 5322 section 3.6.8 does not allow in a
// field's name.
func notFieldName(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' }

// lineEnd is the length of the first line of b, its LF included.
func lineEnd(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// oneLine makes raw bytes of a header fit to be shown: CR, LF and other control
// characters become spaces, a run of them and of blanks one space.
func oneLine(b []byte) string {
	var s strings.Builder
	s.Grow(len(b))
	gap := false
	for _, c := range b {
		if c <= ' ' || c == 0x7f {
			gap = s.Len() > 0
			continue
		}
		if gap {
			s.WriteByte(' ')
			gap = false
		}
		s.WriteByte(c)
	}
	return strings.ToValidUTF8(s.String(), "?")
}
