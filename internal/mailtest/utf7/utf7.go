// Package utf7 writes and reads names of mailboxes in modified UTF-7, for tests and models: it
// shares no code with what it tests.
package utf7

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// modified is the base64 of RFC 3501, section 5.1.3.
var modified = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// Encode turns UTF-8 into modified UTF-7.
func Encode(name string) string {
	var out strings.Builder
	var wide []rune
	flush := func() {
		if len(wide) == 0 {
			return
		}
		var units []byte
		for _, u := range utf16.Encode(wide) {
			units = binary.BigEndian.AppendUint16(units, u)
		}
		out.WriteString("&" + modified.EncodeToString(units) + "-")
		wide = wide[:0]
	}
	for _, r := range name {
		switch {
		case r < 0x20 || r > 0x7e:
			wide = append(wide, r)
		case r == '&':
			flush()
			out.WriteString("&-")
		default:
			flush()
			out.WriteRune(r)
		}
	}
	flush()
	return out.String()
}

// Decode turns modified UTF-7 into UTF-8. What is no such thing stays as it
// is: a snapshot shows what the server has.
func Decode(name string) string {
	var out strings.Builder
	rest := name
	for {
		before, shifted, found := strings.Cut(rest, "&")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		code, after, closed := strings.Cut(shifted, "-")
		if !closed {
			return name
		}
		rest = after
		if code == "" {
			out.WriteByte('&')
			continue
		}
		raw, err := modified.DecodeString(code)
		if err != nil || len(raw)%2 != 0 {
			return name
		}
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(raw[2*i:])
		}
		out.WriteString(string(utf16.Decode(units)))
	}
}
