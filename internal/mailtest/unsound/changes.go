package unsound

import (
	"bytes"
	"strings"
)

// Change is what a server does to a message that it stores.
type Change func(message []byte) []byte

// AddAbove puts lines before the header. They end with CRLF.
func AddAbove(lines string) Change {
	return func(m []byte) []byte { return append([]byte(lines), m...) }
}

// AddBelow puts lines at the end of the header.
func AddBelow(lines string) Change {
	return func(m []byte) []byte {
		header, body := split(m)
		return join(header, []byte(lines), body)
	}
}

// AddMissing puts a line at the end of a header that has none of its name.
func AddMissing(line string) Change {
	name, _, _ := strings.Cut(line, ":")
	return func(m []byte) []byte {
		header, body := split(m)
		for _, field := range fields(header) {
			if isField(field, name) {
				return m
			}
		}
		return join(header, []byte(line), body)
	}
}

// Remove leaves out header lines of a name.
func Remove(name string) Change {
	return func(m []byte) []byte {
		header, body := split(m)
		var out []byte
		for _, field := range fields(header) {
			if !isField(field, name) {
				out = append(out, field...)
			}
		}
		return join(out, body)
	}
}

// Fold writes every header line anew: at each blank a line of its own.
func Fold(m []byte) []byte {
	header, body := split(m)
	var out []byte
	for _, field := range fields(header) {
		name, value, ok := bytes.Cut(bytes.TrimRight(field, "\r\n"), []byte(":"))
		if !ok {
			out = append(out, field...)
			continue
		}
		out = append(append(out, name...), ": "...)
		out = append(out, bytes.Join(bytes.Fields(value), []byte("\r\n\t"))...)
		out = append(out, "\r\n"...)
	}
	return join(out, body)
}

// Footer adds lines at the end.
func Footer(lines string) Change {
	return func(m []byte) []byte { return append(bytes.Clone(m), lines...) }
}

// SevenBit writes a question mark for each byte above 127.
func SevenBit(m []byte) []byte {
	out := bytes.Clone(m)
	for i, b := range out {
		if b > 127 {
			out[i] = '?'
		}
	}
	return out
}

// EvenLines ends every line with CRLF, the last one too.
func EvenLines(m []byte) []byte {
	out := bytes.ReplaceAll(bytes.ReplaceAll(m, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	if len(out) > 0 && !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, "\r\n"...)
	}
	return out
}

// split parts a message before the empty line that ends its header; body holds
// that line.
func split(m []byte) (header, body []byte) {
	for at := 0; at < len(m); {
		end := bytes.IndexByte(m[at:], '\n')
		if end < 0 {
			break
		}
		if line := m[at : at+end]; len(line) == 0 || string(line) == "\r" {
			return m[:at], m[at:]
		}
		at += end + 1
	}
	return m, nil
}

// fields parts a header into lines with their continuations.
func fields(header []byte) [][]byte {
	var out [][]byte
	for _, line := range bytes.SplitAfter(header, []byte("\n")) {
		switch {
		case len(line) == 0:
		case len(out) > 0 && (line[0] == ' ' || line[0] == '\t'):
			out[len(out)-1] = append(bytes.Clone(out[len(out)-1]), line...)
		default:
			out = append(out, line)
		}
	}
	return out
}

func isField(field []byte, name string) bool {
	n, _, ok := bytes.Cut(field, []byte(":"))
	return ok && strings.EqualFold(strings.TrimSpace(string(n)), name)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
