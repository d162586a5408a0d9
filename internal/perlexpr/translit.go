package perlexpr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// transliteration is a compiled tr/// (perlop, "Transliteration"): what
// becomes of each byte.
type transliteration struct {
	found   [256]bool // the byte is in the search list
	deleted [256]bool
	to      [256]byte
	squeeze bool
	// identity is true if nothing can change, as in tr/a-z// which counts.
	identity bool
	// table maps every byte, where none is deleted or squeezed.
	table   [256]byte
	byTable bool
}

// compileTransliteration reads the two lists. With raw (delimiter ') their
// bytes stand for themselves, without escapes and ranges.
func compileTransliteration(search, replace string, f operatorFlags, raw bool) (*transliteration, error) {
	from, err := transList(search, raw)
	if err != nil {
		return nil, err
	}
	to, err := transList(replace, raw)
	if err != nil {
		return nil, err
	}
	t := &transliteration{squeeze: f.squeeze}
	if f.complement {
		var in [256]bool
		for _, c := range from {
			in[c] = true
		}
		from = from[:0:0]
		for c := 0; c < 256; c++ {
			if !in[c] {
				from = append(from, byte(c))
			}
		}
	}
	same := len(to) == 0 && !f.delete
	for i, c := range from {
		if t.found[c] { // the first mention counts
			continue
		}
		t.found[c] = true
		switch {
		case same:
			t.to[c] = c
		case i < len(to):
			t.to[c] = to[i]
		case f.delete:
			t.deleted[c] = true
		default:
			t.to[c] = to[len(to)-1]
		}
	}
	t.identity = same && !f.squeeze
	t.byTable = !f.delete && !f.squeeze
	for c := range t.table {
		t.table[c] = byte(c)
		if t.found[c] {
			t.table[c] = t.to[c]
		}
	}
	return t, nil
}

// transList expands one list: escapes, then ranges. Nothing is interpolated.
func transList(s string, raw bool) ([]byte, error) {
	if raw {
		return []byte(strings.ReplaceAll(s, `\\`, `\`)), nil
	}
	var out []byte
	inRange := false
	ranged := false // the last element was the end of a range
	for len(s) > 0 {
		v, n := int(s[0]), 1
		dash := s[0] == '-'
		if s[0] == '\\' && len(s) > 1 {
			var err error
			switch s[1] {
			case 'b':
				v, n = '\b', 2
			case 'N':
				v, n, err = perllex.UnicodeName(s[2:])
				n += 2
			default:
				v, n, err = perllex.CharEscape(s)
			}
			if err != nil {
				return nil, err
			}
			dash = false
		}
		if v > 0xFF {
			return nil, fmt.Errorf("tr works on bytes here and cannot hold the character %s: use s/// with its UTF-8 bytes", perllex.Show(s[:n]))
		}
		if dash && !inRange && len(out) > 0 && len(s) > 1 {
			if ranged {
				return nil, errors.New(`ambiguous range a-b-c in tr: put \ before the dash that stands for itself`)
			}
			inRange = true
			s = s[1:]
			continue
		}
		if inRange {
			first := out[len(out)-1]
			if byte(v) < first {
				return nil, fmt.Errorf("the range %s in tr is reversed: a range goes up by byte value", perllex.Show(string([]byte{first, '-', byte(v)})))
			}
			for c := int(first) + 1; c <= v; c++ {
				out = append(out, byte(c))
			}
		} else {
			out = append(out, byte(v))
		}
		ranged, inRange = inRange, false
		s = s[n:]
	}
	return out, nil
}

// apply returns the new text and how many bytes were in the search list.
func (t *transliteration) apply(s string) (string, int) {
	count := 0
	if t.identity {
		for i := 0; i < len(s); i++ {
			if t.found[s[i]] {
				count++
			}
		}
		return s, count
	}
	if t.byTable {
		out := make([]byte, len(s))
		for i := 0; i < len(s); i++ {
			out[i] = t.table[s[i]]
			if t.found[s[i]] {
				count++
			}
		}
		if count == 0 {
			return s, 0
		}
		return string(out), count
	}
	var b strings.Builder
	b.Grow(len(s))
	last := -1 // the byte put by the previous replacement, for squeezing
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !t.found[c] {
			b.WriteByte(c)
			last = -1
			continue
		}
		count++
		if t.deleted[c] {
			continue
		}
		to := t.to[c]
		if t.squeeze && last == int(to) {
			continue
		}
		b.WriteByte(to)
		last = int(to)
	}
	return b.String(), count
}
