package transform

import (
	"bytes"
	"net/mail"
	"testing"
)

// TestWrappedForStrictServers: whatever the original lacks or holds twice, the
// wrapping message has From and Date once each, and they can be read.
func TestWrappedForStrictServers(t *testing.T) {
	for name, original := range map[string]string{
		"empty":           "",
		"body alone":      "\r\nhello",
		"no header":       "hello there\nthis is no field",
		"nothing of it":   "X-Thing: 1\r\n\r\nbody\r\n",
		"from twice":      "From: a@example.org\r\nFrom: b@example.org\r\nDate: Mon, 17 Jul 2023 02:44:25 +0200\r\nDate: x\r\nSubject: a\r\nSubject: b\r\n\r\n",
		"broken values":   "From: @@@\r\nTo: ,,,<\r\nDate: yesterday\r\nSender:\r\nSubject: ok\r\n\r\nbody",
		"received only":   "Received: from a by b; Mon, 17 Jul 2023 02:44:25 +0200\r\nMessage-Id: <1@example.org>\r\n\r\nbody",
		"NUL and 8 bit":   "From: \x00\xff <a@example.org>\r\nSubject: \xff\x00\r\n\r\n\x00",
		"mbox line first": "From a@example.org Mon Jul 17\r\nSubject: x\r\n\r\nbody",
	} {
		t.Run(name, func(t *testing.T) {
			out, _ := WrapAsRFC822([]byte(original))
			m, err := mail.ReadMessage(bytes.NewReader(out))
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, f := range once {
				if n := len(m.Header[f]); n > 1 || n == 0 && (f == "From" || f == "Date") {
					t.Errorf("%s: %d times\n%s", f, n, out)
				}
			}
			if _, err := m.Header.AddressList("From"); err != nil {
				t.Errorf("From: %v\n%s", err, out)
			}
			if at, err := m.Header.Date(); err != nil || name == "received only" && at.Year() != 2023 {
				t.Errorf("Date: %v %v\n%s", at, err, out)
			}
			if bytes.IndexByte(out, 0) >= 0 || !bytes.HasSuffix(out, []byte("--\r\n")) {
				t.Errorf("%q", out)
			}
		})
	}
}

func TestEndLastLine(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "a\r\n", "a\r": "a\r\n", "a\n": "a\n", "a\r\n": "a\r\n"} {
		msg := []byte(in)
		out, r := EndLastLine(msg)
		if string(out) != want || r.Changed() != (in != want) || string(msg) != in {
			t.Errorf("%q: %q, %+v", in, out, r)
		}
	}
}
