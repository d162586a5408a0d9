package imapconn

import (
	"bytes"
	"strings"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// parseResponse reads "OK [CODE args] text", the part behind tag or star.
// line is the whole reply. Our tag says nothing to people and is left out of
// what they are shown; a star stays, since it tells what came unasked.
func parseResponse(line, rest []byte) Response {
	rest = bytes.TrimLeft(rest, " \t")
	if !bytes.HasPrefix(line, []byte("*")) {
		line = rest
	}
	word, text := cutWord(rest)
	r := Response{Status: strings.ToUpper(string(word)), line: printable(line)}
	text = bytes.TrimLeft(text, " ")
	if len(text) > 0 && text[0] == '[' {
		code, after := cutCode(text[1:])
		name, args := cutWord(bytes.TrimLeft(code, " "))
		r.Code = strings.ToUpper(string(name))
		r.CodeArgs = string(bytes.TrimSpace(args))
		text = after
	}
	r.Text = printable(bytes.TrimSpace(text))
	return r
}

// cutCode splits at the bracket that closes a response code. Brackets inside
// quotes, parentheses and nested brackets belong to the code (Gmail's
// keywords have them); when that reading finds no end, the first bracket is
// it, and without any bracket the code is the first word.
func cutCode(b []byte) (code, after []byte) {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(', c == '[':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == ']' && depth == 0:
			return b[:i], b[i+1:]
		case c == ']':
			depth--
		}
	}
	if i := bytes.IndexByte(b, ']'); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// cutWord splits at the first space.
func cutWord(b []byte) (word, rest []byte) {
	if i := bytes.IndexAny(b, " \t"); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// isStatus reports whether word begins a status reply.
func isStatus(word []byte) bool {
	for _, s := range [...]string{"OK", "NO", "BAD", "BYE", "PREAUTH"} {
		if imapwire.EqualFold(word, s) {
			return true
		}
	}
	return false
}

// printable is a text of the server safe to show, and bounded.
func printable(b []byte) string {
	const limit = 4096
	if len(b) > limit {
		b = append(bytes.Clone(b[:limit]), "..."...)
	}
	return display.Text(string(b))
}
