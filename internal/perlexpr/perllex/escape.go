// Package perllex has what Perl's patterns, strings and lists have in common:
// names, numbers, and the escapes of characters (perlop, "Quote and Quote-like
// Operators"). It keeps no state.
package perllex

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxCodePoint is the last of Unicode; values stop growing one above it.
const maxCodePoint = utf8.MaxRune

// CharEscape reads a backslash escape that stands for one character: the
// letters shared by patterns, replacements and transliterations (perlop,
// "Quote and Quote-like Operators"). s begins with the backslash. It returns
// the code point, which may be above FF, and the number of bytes read. An
// escape without a meaning is the character behind the backslash.
func CharEscape(s string) (value, size int, err error) {
	c := s[1]
	switch c {
	case 'a':
		return '\a', 2, nil
	case 'e':
		return 0x1B, 2, nil
	case 'f':
		return '\f', 2, nil
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	case 'c':
		if len(s) < 3 || s[2] < ' ' || s[2] > '~' || s[2] == '{' {
			return 0, 0, errors.New(`\c needs a letter: write \cA for the byte 01`)
		}
		x := s[2]
		if 'a' <= x && x <= 'z' {
			x -= 0x20
		}
		return int(x ^ 0x40), 3, nil
	case 'x':
		if len(s) > 2 && s[2] == '{' {
			return braced(s, 16, true)
		}
		v, n := digitsValue(s[2:], 16, 2)
		return v, 2 + n, nil
	case 'o':
		if len(s) < 3 || s[2] != '{' {
			return 0, 0, errors.New(`\o needs braces: write \o{101} for the byte 41`)
		}
		return braced(s, 8, false)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		v, n := digitsValue(s[1:], 8, 3)
		return v, 1 + n, nil
	}
	return int(c), 2, nil
}

// braced reads the number of \x{...} or \o{...}. As in Perl, it ends at the
// first character that is no digit.
func braced(s string, base int, emptyIsZero bool) (value, size int, err error) {
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return 0, 0, fmt.Errorf("missing right brace on %s}", s[:3])
	}
	body := strings.Trim(s[3:end], " \t")
	if body == "" && !emptyIsZero {
		return 0, 0, fmt.Errorf("%s} is empty: put the number of the byte in it", s[:3])
	}
	v, _ := digitsValue(strings.ReplaceAll(body, "_", ""), base, len(body))
	if v > maxCodePoint {
		return 0, 0, fmt.Errorf("%s is above 10FFFF, the last code point", s[:end+1])
	}
	return v, end + 1, nil
}

func digitsValue(s string, base, most int) (value, n int) {
	for n < len(s) && n < most {
		d, err := strconv.ParseUint(s[n:n+1], base, 8)
		if err != nil {
			break
		}
		value = min(value*base+int(d), maxCodePoint+1)
		n++
	}
	return value, n
}

// UnicodeName reads {U+hex}, which follows \N.
func UnicodeName(s string) (value, size int, err error) {
	end := strings.IndexByte(s, '}')
	if !strings.HasPrefix(s, "{") || end < 0 {
		return 0, 0, errors.New(`\N in text needs a code point: write \N{U+E9}`)
	}
	body := strings.Trim(s[1:end], " \t")
	hex, ok := strings.CutPrefix(body, "U+")
	if !ok {
		return 0, 0, fmt.Errorf(`\N{%s}: characters are not known by name: write \N{U+E9} or \xE9`, body)
	}
	hex = strings.ReplaceAll(hex, "_", "")
	v, n := digitsValue(hex, 16, len(hex))
	if n == 0 || n < len(hex) || v > maxCodePoint {
		return 0, 0, fmt.Errorf(`\N{%s} is no code point: write \N{U+E9}`, body)
	}
	return v, end + 1, nil
}

// AppendChar writes a code point into a byte string. Up to FF it is that byte;
// above, its UTF-8 form, which is what Perl prints for it.
func AppendChar(dst []byte, c int) []byte {
	if c <= 0xFF {
		return append(dst, byte(c))
	}
	return utf8.AppendRune(dst, rune(c))
}

// Show quotes a piece of user text for a message, without doubling its
// backslashes unless it holds something that should not reach a terminal.
func Show(s string) string {
	const most = 200
	dots := ""
	if len(s) > most {
		s, dots = s[:most], "..."
	}
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return "'" + s + "'" + dots
	}
	return strconv.Quote(s) + dots
}
