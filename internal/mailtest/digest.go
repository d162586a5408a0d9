package mailtest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"net/mail"
	"slices"
	"strings"
)

// digest computes all digests. Most messages are even as they are; then the digests
// are one, which is computed once: under the race detector bytes are dear.
func (m *Message) digest(body []byte) {
	lines := evenLineEnds(body)
	texts := [len(m.Digests)][]byte{
		0:                          body,
		EightBitHeaders:            evenHeader(body),
		LineEnds:                   lines,
		LineEnds | EightBitHeaders: evenHeader(lines),
	}
	for e, text := range texts {
		same := slices.IndexFunc(texts[:e], func(other []byte) bool {
			return len(other) == len(text) && (len(text) == 0 || &other[0] == &text[0])
		})
		if same < 0 {
			m.Digests[e] = sha256.Sum256(text)
		} else {
			m.Digests[e] = m.Digests[same]
		}
	}
}

// evenLineEnds turns bare LFs into CRLFs, drops bare CRs and ends the last line.
// What is even already is returned itself.
func evenLineEnds(body []byte) []byte {
	pairs := bytes.Count(body, []byte("\r\n"))
	if len(body) == 0 || body[len(body)-1] == '\n' && bytes.Count(body, []byte("\r")) == pairs && bytes.Count(body, []byte("\n")) == pairs {
		return body
	}
	out := bytes.ReplaceAll(body, []byte("\r"), nil)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out[:len(out):len(out)], '\n')
	}
	return bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n"))
}

// evenHeader replaces bytes above 127 up to the first empty line. A header without
// any is returned itself.
func evenHeader(body []byte) []byte {
	end := bytes.Index(body, []byte("\r\n\r\n"))
	if end < 0 {
		end = len(body)
	}
	high := func(r byte) bool { return r > 127 }
	if !slices.ContainsFunc(body[:end], high) {
		return body
	}
	out := bytes.Clone(body)
	for i, b := range out[:end] {
		if high(b) {
			out[i] = 'X'
		}
	}
	return out
}

func messageID(body []byte) string {
	msg, err := mail.ReadMessage(bufio.NewReader(bytes.NewReader(body)))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(msg.Header.Get("Message-Id"))
}
