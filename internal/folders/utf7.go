package folders

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// mUTF7 is base64 with "," for "/" and without padding (RFC 3501 section 5.1.3).
var mUTF7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding).Strict()

// Decode returns the text of a raw folder name. It never fails: a sequence that
// is not modified UTF-7 (a lone "&", a shift that is not closed or holds half a
// surrogate pair) and bytes of 0x80 and above stay as they are. A shift that
// encodes plain ASCII, which the RFC forbids, is decoded all the same.
func Decode(raw string) string {
	if !strings.Contains(raw, "&") {
		return raw
	}
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '&' {
			next := strings.IndexByte(raw[i:], '&')
			if next < 0 {
				next = len(raw) - i
			}
			b.WriteString(raw[i : i+next])
			i += next
			continue
		}
		text, n := shift(raw[i:])
		if n == 0 {
			b.WriteByte('&')
			i++
			continue
		}
		b.WriteString(text)
		i += n
	}
	return b.String()
}

// shift reads one "&...-" at the start of s and returns its text and its length
// in bytes, or 0 when s does not start with a readable one.
func shift(s string) (string, int) {
	end := 1
	for end < len(s) && isBase64(s[end]) {
		end++
	}
	if end == len(s) || s[end] != '-' {
		return "", 0
	}
	if end == 1 {
		return "&", 2
	}
	units, ok := units(s[1:end])
	if !ok {
		return "", 0
	}
	var b strings.Builder
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) {
			if i+1 == len(units) {
				return "", 0
			}
			if r = utf16.DecodeRune(r, rune(units[i+1])); r == utf8.RuneError {
				return "", 0
			}
			i++
		}
		b.WriteRune(r)
	}
	return b.String(), end + 1
}

// units decodes base64 to UTF-16 code units; false when bits or bytes are left over.
func units(s string) ([]uint16, bool) {
	p, err := mUTF7.DecodeString(s)
	if err != nil || len(p)%2 != 0 {
		return nil, false
	}
	u := make([]uint16, len(p)/2)
	for i := range u {
		u[i] = uint16(p[2*i])<<8 | uint16(p[2*i+1])
	}
	return u, true
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == ','
}

// Encode returns text as modified UTF-7, in the one form the RFC allows.
// Bytes that are not UTF-8 are taken as Latin-1, so every text has a name.
func Encode(text string) string {
	plain := true
	for i := 0; i < len(text) && plain; i++ {
		plain = printable(text[i]) && text[i] != '&'
	}
	if plain {
		return text
	}
	var b strings.Builder
	var run []byte // UTF-16BE waiting to be written
	flush := func() {
		if len(run) > 0 {
			b.WriteByte('&')
			b.WriteString(mUTF7.EncodeToString(run))
			b.WriteByte('-')
			run = run[:0]
		}
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			r = rune(text[i])
		}
		i += n
		switch {
		case r == '&':
			flush()
			b.WriteString("&-")
		case r < 0x80 && printable(byte(r)):
			flush()
			b.WriteByte(byte(r))
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			run = append(run, byte(hi>>8), byte(hi), byte(lo>>8), byte(lo))
		default:
			run = append(run, byte(r>>8), byte(r))
		}
	}
	flush()
	return b.String()
}

func printable(c byte) bool { return c >= 0x20 && c <= 0x7e }

// IsValid reports whether raw is modified UTF-7 as RFC 3501 section 5.1.3 wants
// it: printable ASCII, every shift closed, not empty, not encoding printable
// ASCII, and not following another shift directly.
func IsValid(raw string) bool {
	after := false // the last thing read was a base64 shift
	for i := 0; i < len(raw); {
		if !printable(raw[i]) {
			return false
		}
		if raw[i] != '&' {
			i++
			after = false
			continue
		}
		text, n := shift(raw[i:])
		if n == 0 {
			return false
		}
		if n == 2 {
			after = false
			i += n
			continue
		}
		if after {
			return false
		}
		for _, r := range text {
			if r < 0x80 && printable(byte(r)) {
				return false
			}
		}
		after = true
		i += n
	}
	return true
}

// ToRaw makes a raw name of what a user typed: a valid raw name stays, anything
// else (UTF-8, a lone "&") is encoded.
func ToRaw(typed string) string {
	if IsValid(typed) {
		return typed
	}
	return Encode(Decode(typed))
}

// Text returns a raw name for people: decoded, and always valid UTF-8 (a byte
// that is not UTF-8 becomes \xHH).
func Text(raw string) string {
	s := Decode(raw)
	if utf8.ValidString(s) {
		return s
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b.WriteString(`\x`)
			b.WriteByte(hex[s[i]>>4])
			b.WriteByte(hex[s[i]&15])
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// ascii reports whether s has no byte of 0x80 and above.
func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
