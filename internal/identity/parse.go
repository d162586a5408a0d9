package identity

import (
	"bytes"
	"slices"
)

// norm maps a byte of a field value to its normalised form: blanks (what Perl
// calls white space in a byte string) to a space, 8-bit bytes to X, letters to
// upper case. No other byte gives a space, which normalise relies on.
var norm = func() (t [256]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case isBlank(c):
			c = ' '
		case c >= 0x80:
			c = 'X'
		case 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		t[i] = c
	}
	return t
}()

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// cutLine takes the first line off b. A line ends at LF; one CR before it
// belongs to the end.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil
	}
	line, rest = b[:i], b[i+1:]
	if i > 0 && line[i-1] == '\r' {
		line = line[:i-1]
	}
	return line, rest
}

// parseFields collects the wanted fields of the answer to HEADER.FIELDS. It
// tells whether there was any field at all, wanted or not.
//
// A field starts with non-blanks and a colon. Any other line that is not blank
// continues the field before it, without separator and with its own leading
// blanks. A line starting with ")" ends the message: imapsync's library takes
// it for the end of the FETCH answer, even inside a literal. Not imitated: the
// same library takes a line of the form "* n FETCH (... BODY[HEADER..." for
// the start of another message, by which a message could forge the identity of
// its neighbour.
func (h *Hasher) parseFields(b []byte) (any bool) {
	h.reset()
	var line []byte
	for len(b) > 0 {
		line, b = cutLine(b)
		if allBlank(line) {
			continue
		}
		if line[0] == ')' {
			break
		}
		if i := nameBeforeColon(line); i > 0 {
			h.endField()
			h.startField(line[:i])
			any = true
			h.normalise(line[i+1:])
			// A field called "0" is false to Perl and takes no continuation.
			if i == 1 && line[0] == '0' {
				h.endField()
			}
			continue
		}
		h.normalise(line)
	}
	h.endField()
	return any
}

// parseHeader collects the wanted fields of a whole header, which ends at its
// first empty line. It tells whether there was any field at all.
//
// A field is whatever stands before the first colon, which a blank has to
// follow; the name keeps its own blanks, so that an indented "a: b" is a field
// as well. Another line with leading blanks continues the field before it, with
// one space between. Other lines are ignored.
func (h *Hasher) parseHeader(b []byte) (any bool) {
	h.reset()
	var line []byte
	for len(b) > 0 {
		line, b = cutLine(b)
		if len(line) == 0 {
			break
		}
		i := bytes.IndexByte(line, ':')
		switch {
		case i > 0 && i+1 < len(line) && isBlank(line[i+1]):
			h.endField()
			h.startField(line[:i])
			any = true
			h.normalise(line[i+2:])
			if i == 1 && line[0] == '0' {
				h.endField()
			}
		case isBlank(line[0]):
			h.normalise(line)
		}
	}
	h.endField()
	return any
}

func allBlank(line []byte) bool {
	for _, c := range line {
		if !isBlank(c) {
			return false
		}
	}
	return true
}

// nameBeforeColon is the length of the field name that starts line, or -1. The
// name has no blank and at least one byte; that byte may be a colon.
func nameBeforeColon(line []byte) int {
	for i, c := range line {
		if c == ':' && i > 0 {
			return i
		}
		if isBlank(c) {
			return -1
		}
	}
	return -1
}

func (h *Hasher) reset() {
	h.buf = h.buf[:0]
	h.lines = h.lines[:0]
	h.open = false
}

// startField opens a line "NAME: " when the field is wanted.
func (h *Hasher) startField(name []byte) {
	want := h.all
	for i := 0; !want && i < len(h.wanted); i++ {
		want = equalUpper(h.wanted[i], name)
	}
	if !want {
		return
	}
	from := len(h.buf)
	for _, c := range name {
		// Only values lose their 8-bit bytes; a name keeps them.
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		h.buf = append(h.buf, c)
	}
	h.noDom = h.noDomain && equalUpper("MESSAGE-ID", name)
	h.buf = append(h.buf, ':', ' ')
	h.lines = append(h.lines, span{from: from})
	h.value = len(h.buf)
	h.open = true
}

// normalise adds a piece of a value to the open line. Runs of blanks give one
// space, also across pieces; as "NAME: " ends in a space, leading ones give
// none.
func (h *Hasher) normalise(piece []byte) {
	if !h.open {
		return
	}
	n := len(h.buf)
	b := slices.Grow(h.buf, len(piece))[:n+len(piece)]
	last := b[n-1]
	for _, c := range piece {
		m := norm[c]
		if m == ' ' && last == ' ' {
			continue
		}
		b[n], last = m, m
		n++
	}
	h.buf = b[:n]
}

// endField drops a trailing space, and the domain where asked, and closes the
// open line.
func (h *Hasher) endField() {
	if !h.open {
		return
	}
	h.open = false
	if n := len(h.buf); n > h.value && h.buf[n-1] == ' ' {
		h.buf = h.buf[:n-1]
	}
	if h.noDom {
		// An "@" in first place leaves nothing before it: nothing is cut.
		if i := bytes.IndexByte(h.buf[h.value:], '@'); i > 0 {
			h.buf = h.buf[:h.value+i]
		}
	}
	h.lines[len(h.lines)-1].to = len(h.buf)
}

// equalUpper reports whether name, raised to upper case, is upper.
func equalUpper(upper string, name []byte) bool {
	if len(upper) != len(name) {
		return false
	}
	for i, c := range name {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}
