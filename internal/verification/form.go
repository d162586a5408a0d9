package verification

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"mime"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// field is a header field: its name in lower case, its value unfolded, decoded and
// with single blanks.
type field struct{ name, value string }

// maxFields bounds the fields of a header that are told apart.
const maxFields = 5000

// fieldsOf takes a header apart. Fields of one name keep their order; names are
// sorted, since servers that add a line put it where they like.
func fieldsOf(header []byte) []field {
	var out []field
	var at []byte
	add := func() {
		if at == nil {
			return
		}
		name, value, ok := bytes.Cut(at, []byte(":"))
		if !ok {
			name, value = nil, at
		}
		out = append(out, field{strings.ToLower(string(bytes.TrimSpace(name))), plain(value)})
		at = nil
	}
	for line := range bytes.Lines(header) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			continue
		case (line[0] == ' ' || line[0] == '\t') && at != nil:
			at = append(append(at, ' '), line...)
			continue
		}
		add()
		if len(out) == maxFields {
			break
		}
		at = bytes.Clone(line)
	}
	add()
	slices.SortStableFunc(out, func(a, b field) int { return cmp.Compare(a.name, b.name) })
	return out
}

// plain is a value without what is only form: folding, runs of blanks, the encoding
// of words (RFC 2047).
func plain(value []byte) string {
	text := strings.Join(strings.Fields(string(value)), " ")
	if strings.Contains(text, "=?") {
		decoder := mime.WordDecoder{}
		if decoded, err := decoder.DecodeHeader(text); err == nil {
			text = strings.Join(strings.Fields(decoded), " ")
		}
	}
	return text
}

// formOf digests fields without those that are ignored: form with each byte above 127
// as X, which is what Cyrus makes of them (munge8bit), text with all bytes.
func formOf(fields []field, ignored map[string]bool) (form, text identity.Digest) {
	a, b := sha256.New(), sha256.New()
	var n [8]byte
	for _, f := range fields {
		if ignored[f.name] {
			continue
		}
		binary.BigEndian.PutUint32(n[:4], uint32(len(f.name)))
		binary.BigEndian.PutUint32(n[4:], uint32(len(f.value)))
		a.Write(n[:])
		b.Write(n[:])
		a.Write([]byte(f.name))
		b.Write([]byte(f.name))
		a.Write([]byte(asX(f.value)))
		b.Write([]byte(f.value))
	}
	copy(form[:], a.Sum(nil))
	copy(text[:], b.Sum(nil))
	return form, text
}

func asX(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if b[j] >= 0x80 {
					b[j] = 'X'
				}
			}
			return string(b)
		}
	}
	return s
}

// replaced reports whether two values of equal length are equal, but for bytes above
// 127 of s that are X in d.
func replaced(s, d string) bool {
	if len(s) != len(d) {
		return false
	}
	for i := range len(s) {
		if s[i] != d[i] && (s[i] < 0x80 || d[i] != 'X') {
			return false
		}
	}
	return true
}

// difference holds two headers against each other: the names of the fields that only d
// has, that only s has, and whose value is another; each once.
func difference(s, d []field) (more, less, other []string) {
	i, j := 0, 0
	for i < len(s) || j < len(d) {
		switch {
		case j == len(d) || i < len(s) && s[i].name < d[j].name:
			less = append(less, s[i].name)
			i++
		case i == len(s) || d[j].name < s[i].name:
			more = append(more, d[j].name)
			j++
		default:
			name := s[i].name
			a, b := i, j
			for i < len(s) && s[i].name == name {
				i++
			}
			for j < len(d) && d[j].name == name {
				j++
			}
			m, l := within(s[a:i], d[b:j])
			switch {
			case m > 0 && l > 0:
				other = append(other, name)
			case m > 0:
				more = append(more, name)
			case l > 0:
				less = append(less, name)
			}
		}
	}
	return slices.Compact(more), slices.Compact(less), other
}

// within counts what d has beyond s and s beyond d, of fields of one name in their
// order.
func within(s, d []field) (more, less int) {
	same := func(a, b field) bool { return a.value == b.value || replaced(a.value, b.value) }
	if len(d) >= len(s) {
		i := 0
		for _, f := range d {
			if i < len(s) && same(s[i], f) {
				i++
			}
		}
		return len(d) - i, len(s) - i
	}
	j := 0
	for _, f := range s {
		if j < len(d) && same(f, d[j]) {
			j++
		}
	}
	return len(d) - j, len(s) - j
}
