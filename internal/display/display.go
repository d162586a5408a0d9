// Package display makes names and texts of others safe to show: on a terminal,
// in a log, in a table that people and programs read, in JSON, and as names of
// files. Folder names, subjects and replies are written by whoever sends mail,
// and a character that moves a cursor, ends a line, turns the order of letters
// round or shows nothing at all lets a text pass for another.
//
// One rule says what is unsafe; the forms differ only in how it is written.
package display

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unsafe reports whether r must not be shown as it is: control characters (C0,
// DEL, C1), line and paragraph separators, characters that change the direction
// of text, and those that take no room. TAB counts as one; the selectors of a
// glyph that emoji are written with do not.
func Unsafe(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return r < 0xa0 || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
}

const hexDigits = "0123456789abcdef"

// Append appends s to dst. Unsafe characters become escapes (\n, \r, \t, \xNN,
// \uNNNN, \UNNNNNNNN), and so do bytes that are no UTF-8 (\xNN). What was made safe
// once stays as it is.
func Append[T []byte | string](dst []byte, s T) []byte {
	plain := 0
	for plain < len(s) && s[plain] >= ' ' && s[plain] < 0x7f {
		plain++
	}
	dst = append(dst, s[:plain]...)
	rest := string(s[plain:])
	for i := 0; i < len(rest); {
		r, n := utf8.DecodeRuneInString(rest[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			dst = appendHex(dst, rest[i])
		case !Unsafe(r):
			dst = append(dst, rest[i:i+n]...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r < 0x80:
			dst = appendHex(dst, byte(r))
		case r > 0xffff:
			dst = fmt.Appendf(dst, `\U%08x`, r)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
		i += n
	}
	return dst
}

// Text is Append for a string.
func Text(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return Unsafe(r) || r == utf8.RuneError }) < 0 {
		return s
	}
	return string(Append(nil, s))
}

// AppendField appends s as one field of a line of tab-separated values, in a form
// that can be read back: backslash, TAB and line ends as in C, the bytes of other
// unsafe characters, and those that are no UTF-8, as \xNN.
func AppendField(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\\':
			dst = append(dst, `\\`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case Unsafe(r), r == utf8.RuneError && n <= 1:
			for _, c := range []byte(s[i : i+n]) {
				dst = appendHex(dst, c)
			}
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return dst
}

// ParseField reads what AppendField wrote: one field with its escapes. Any other use of a
// backslash is an error, which says how to write one.
func ParseField(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", errors.New(`a lone backslash at the end; write \\`)
		}
		switch s[i] {
		case '\\':
			b.WriteByte('\\')
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'x':
			if i+2 >= len(s) {
				return "", errNoHex
			}
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", errNoHex
			}
			b.WriteByte(byte(n))
			i += 2
		default:
			return "", fmt.Errorf(`the escape \%c is not known; write \\ for a backslash`, s[i])
		}
	}
	return b.String(), nil
}

var errNoHex = errors.New(`\x without two hexadecimal digits`)

// JSON rewrites a text in JSON, as encoding/json makes it, so that unsafe
// characters in its strings are escaped (\uNNNN, in pairs beyond the first 65,536).
// The values stay the same.
func JSON(text []byte) []byte {
	s := string(text)
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x7f && Unsafe(r) }) < 0 {
		return text
	}
	out := make([]byte, 0, len(text)+32)
	for _, r := range s {
		switch {
		case r < 0x7f || !Unsafe(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// FileName replaces by "_" what must not stand in the name of a file: unsafe
// characters, and those that mean something in a path of some system.
func FileName(s string) string {
	return strings.Map(func(r rune) rune {
		if Unsafe(r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, s)
}

func appendHex(dst []byte, b byte) []byte {
	return append(dst, '\\', 'x', hexDigits[b>>4], hexDigits[b&15])
}
