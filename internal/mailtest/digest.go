package mailtest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"net/mail"
	"strings"
)

func (m *Message) digest(body []byte) {
	for e := range m.Digests {
		text := body
		if Evening(e)&LineEnds != 0 {
			text = evenLineEnds(text)
		}
		if Evening(e)&EightBitHeaders != 0 {
			text = evenHeader(text)
		}
		m.Digests[e] = sha256.Sum256(text)
	}
}

// evenLineEnds turns bare LFs into CRLFs, drops bare CRs and ends the last line.
func evenLineEnds(body []byte) []byte {
	out := bytes.ReplaceAll(body, []byte("\r"), nil)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out[:len(out):len(out)], '\n')
	}
	return bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n"))
}

// evenHeader replaces bytes above 127 up to the first empty line.
func evenHeader(body []byte) []byte {
	out := bytes.Clone(body)
	end := bytes.Index(out, []byte("\r\n\r\n"))
	if end < 0 {
		end = len(out)
	}
	for i, b := range out[:end] {
		if b > 127 {
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
