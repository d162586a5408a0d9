package transform

import (
	"bytes"
	"strings"
	"testing"
)

func TestField(t *testing.T) {
	msg := "From me Mon Jan  1\r\nsubject : first\r\n\tfolded  \x07twice\r\nSubject: second\r\nX:\r\nEight: \xe9t\xc3\xa9\r\n\r\nDate: in the body\r\n"
	for name, want := range map[string]string{
		"Subject": "first folded twice",
		"X":       "",
		"Date":    "",
		"Eight":   "?té",
		"":        "",
	} {
		for _, m := range []string{msg, strings.ReplaceAll(msg, "\r\n", "\n")} {
			if got := Field([]byte(m), name); got != want {
				t.Errorf("%s of %q: %q, want %q", name, m, got, want)
			}
		}
	}
}

func TestSplitHeader(t *testing.T) {
	for _, tt := range []struct{ in, header string }{
		{"", ""},
		{"A: b", "A: b"},
		{"A: b\r\n", "A: b\r\n"},
		{"A: b\r\n\r\nc\r\n\r\n", "A: b\r\n"},
		{"A: b\n\nc", "A: b\n"},
		{"A: b\n\r\nc", "A: b\n"},
		{"\r\nA: b", ""},
		{"\nA: b", ""},
		{"A: b\r\n \r\nc", "A: b\r\n \r\nc"},
		{"A: b\r\n\rc", "A: b\r\n\rc"},
	} {
		h, b := SplitHeader([]byte(tt.in))
		if string(h) != tt.header || string(h)+string(b) != tt.in {
			t.Errorf("%q: %q and %q", tt.in, h, b)
		}
	}
}

func TestDisarmReceipts(t *testing.T) {
	for in, want := range map[string]string{
		"": "",
		"Subject: s\r\n\r\nDisposition-Notification-To: body\r\n":                   "",
		"Disposition-Notification-To: a\r\n\r\n":                                    "X-Disposition-Notification-To: a\r\n\r\n",
		"A: 1\r\ndisposition-notification-TO: a\r\n\tb\r\nB: 2\r\n\r\nx":            "A: 1\r\nX-disposition-notification-TO: a\r\n\tb\r\nB: 2\r\n\r\nx",
		"Disposition-Notification-To: a\nA: 1\nDisposition-Notification-To: b\n\nx": "X-Disposition-Notification-To: a\nA: 1\nX-Disposition-Notification-To: b\n\nx",
		"X-Disposition-Notification-To: a\r\n\r\n":                                  "",
		"A: 1\r\n Disposition-Notification-To: folded\r\n\r\n":                      "",
		"Disposition-Notification-To : a":                                           "X-Disposition-Notification-To : a",
		"A: 1\r\nDisposition-Notification-Options: x\r\n\r\n":                       "",
	} {
		if want == "" {
			want = in
		}
		msg := []byte(in)
		if got := disarmReceipts(msg); string(got) != want || string(msg) != in {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("A: b\r\n c\r\nDisposition-Notification-To: x\r\n\r\nbody"))
	f.Add([]byte(" x\n:\n\x00: \xff\r\nSubject\r\n\n"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		h, b := SplitHeader(msg)
		if len(h)+len(b) != len(msg) {
			t.Fatal("bytes lost")
		}
		var joined []byte
		n := 0
		for f := range fields(h) {
			joined = append(joined, f.text...)
			if f.is("Disposition-Notification-To") {
				n++
			}
		}
		if !bytes.Equal(joined, h) {
			t.Fatalf("fields of %q make %q", h, joined)
		}
		if s := Field(msg, "Subject"); strings.ContainsAny(s, "\r\n\t\x00") {
			t.Fatalf("subject %q", s)
		}
		if d := disarmReceipts(msg); len(d) != len(msg)+2*n {
			t.Fatalf("%d fields disarmed, %d bytes more", n, len(d)-len(msg))
		}
	})
}
