package models

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// modified is the base64 of names (RFC 3501 section 5.1.3).
var modified = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// Encode writes a name as LIST does, in modified UTF-7.
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

// Languages are those in which a provider names its role folders; "en" is the first.
func (m *Model) Languages() []string {
	out := []string{"en"}
	for _, l := range []string{"de", "fr", "es", "ja", "ru", "zh"} {
		if m.Roles[l] != nil {
			out = append(out, l)
		}
	}
	return out
}

// roles are names by role: all, drafts, sent, junk, trash, archive, flagged,
// important; "" for one that is missing.
func roles(names ...string) map[string]string {
	out := make(map[string]string)
	for i, n := range names {
		if n != "" {
			out[roleOrder[i]] = Encode(n)
		}
	}
	return out
}
