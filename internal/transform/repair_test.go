package transform

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/identity"
)

func TestFixBareNewlines(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		count    int
	}{
		{"A: b\r\n\r\nc\r\n", "A: b\r\n\r\nc\r\n", 0},
		{"", "", 0},
		{"A: b\n\nc\n", "A: b\r\n\r\nc\r\n", 3},
		{"A: b\rc\r\n\r\nd\re\r\n", "A: b c\r\n\r\nd\r\ne\r\n", 2},
		{"A: b\r\r\n\r\r\nc\r\r\r\nd", "A: b\r\n\r\nc\r\nd", 4},
		{"A: b\r\n\r\nc\r\r", "A: b\r\n\r\nc\r\n\r\n", 2},
		{"\nbody\rx", "\r\nbody\r\nx", 2},
		{"no end", "no end", 0},
	} {
		got, r := FixBareNewlines([]byte(tt.in))
		if string(got) != tt.want || r.Count != tt.count || r.Changed() != (tt.count > 0) {
			t.Errorf("%q: got %q %+v, want %q, %d", tt.in, got, r, tt.want, tt.count)
		}
	}
}

func TestStripNUL(t *testing.T) {
	got, r := StripNUL([]byte("a\x00b\x00\x00"))
	if string(got) != "ab" || r.Count != 3 || !strings.Contains(r.What, "3") {
		t.Errorf("%q %+v", got, r)
	}
	if _, r := StripNUL([]byte("ab")); r.Changed() {
		t.Errorf("%+v", r)
	}
}

func TestWrapLongLines(t *testing.T) {
	word := strings.Repeat("w", 30)
	words := strings.TrimSpace(strings.Repeat(word+" ", 5)) // 154 bytes
	for _, tt := range []struct {
		name, in, want string
		count          int
	}{
		{"short", "A: b\r\n\r\nc\r\n", "A: b\r\n\r\nc\r\n", 0},
		{"exactly the limit", "\r\n" + strings.Repeat("x", 80) + "\r\n", "\r\n" + strings.Repeat("x", 80) + "\r\n", 0},
		{"body without blank", "\r\n" + strings.Repeat("x", 161) + "\r\ny", "\r\n" + strings.Repeat("x", 80) + "\r\n" + strings.Repeat("x", 80) + "\r\nx\r\ny", 2},
		{"body with blanks", "\n" + words + "\n", "\n" + word + " " + word + " \r\n" + word + " " + word + " \r\n" + word + "\n", 2},
		{"UTF-8", "\r\n" + strings.Repeat("x", 79) + "é" + "y", "\r\n" + strings.Repeat("x", 79) + "\r\n" + "é" + "y", 1},
		{"not UTF-8", "\r\n" + strings.Repeat("\x80", 81), "\r\n" + strings.Repeat("\x80", 80) + "\r\n\x80", 1},
		{"header", "A: " + words + "\r\n\r\n", "A: " + word + " " + word + "\r\n " + word + " " + word + "\r\n " + word + "\r\n\r\n", 2},
		{"header without blank", "Long:" + strings.Repeat("x", 160) + "\r\n", "Long:" + strings.Repeat("x", 75) + "\r\n " + strings.Repeat("x", 79) + "\r\n " + strings.Repeat("x", 6) + "\r\n", 2},
		{"header with trailing blanks", "A: " + strings.Repeat("x", 70) + strings.Repeat(" ", 90) + "\r\n", "A: " + strings.Repeat("x", 70) + "\r\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, r := WrapLongLines([]byte(tt.in), 80)
			if string(got) != tt.want || r.Count != tt.count {
				t.Errorf("got %d\n%q, want %d\n%q", r.Count, got, tt.count, tt.want)
			}
		})
	}
}

// A message of one endless line costs what its length costs.
func TestWrapEndlessLine(t *testing.T) {
	for _, in := range []string{
		"\r\n" + strings.Repeat("x", 4<<20),
		"A: " + strings.Repeat("x", 4<<20),
		"A: " + strings.Repeat("x y", 1<<20),
		"A: " + strings.Repeat(" ", 4<<20) + "x",
		strings.Repeat("\r", 4<<20),
	} {
		out, _ := WrapLongLines([]byte(in), MaxLine)
		var s LineScanner
		s.Write(out)
		if s.Longest() > MaxLine+2 && in[0] != '\r' {
			t.Errorf("%q...: a line of %d bytes is left", in[:10], s.Longest())
		}
		FixBareNewlines([]byte(in))
	}
}

// unwrap reads the wrapped message as a mail reader does and gives the bytes of
// the attachment.
func unwrap(t *testing.T, wrapped []byte) (*mail.Message, []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(wrapped))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	if _, err := parts.NextRawPart(); err != nil {
		t.Fatal(err)
	}
	p, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	var r io.Reader = p
	if p.Header.Get("Content-Transfer-Encoding") == "base64" {
		r = base64.NewDecoder(base64.StdEncoding, p)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("after the attachment: %v", err)
	}
	return m, body
}

func TestWrapAsRFC822(t *testing.T) {
	head := "Received: from a by b;\r\n\tdate\r\nFrom: x@example.org\r\nSubject: été\r\nMessage-ID: <1@example.org>\r\nContent-Type: text/html\r\n"
	for _, tt := range []struct {
		name, msg string
		keep      []string
		subject   string
	}{
		{"plain", head + "\r\nbody\r\n", nil, "été"},
		{"no last line end", head + "\r\nbody", nil, "été"},
		{"NUL", head + "\r\nbo\x00dy\r\n", nil, "été"},
		{"bare LF", strings.ReplaceAll(head, "\r\n", "\n") + "\nbody\n", nil, "été"},
		{"lone CR in the header", strings.Replace(head, "from", "\rfrom", 1) + "\r\nbody\r\n", nil, "été"},
		{"blank folded line", strings.Replace(head, "\tdate", "\t\r\n\tdate", 1) + "\r\nbody\r\n", nil, "été"},
		{"8-bit identity", strings.Replace(head, "from a", "from \xe9", 1) + "\r\nbody\r\n", nil, "été"},
		{"long identity", strings.Replace(head, "from a", strings.Repeat("from a ", 400), 1) + "\r\nbody\r\n", nil, "été"},
		{"long line", head + "\r\n" + strings.Repeat("x", 5000) + "\r\n", nil, "été"},
		{"Subject identifies", head + "\r\nbody\r\n", []string{"Subject"}, "XXtXX"},
		{"all identify", head + "\r\nbody\r\n", []string{"ALL"}, "XXtXX"},
		{"empty", "", nil, ""},
		{"header only", head, nil, "été"},
		{"rubbish", "\x00\xff garbage\r\n: \r\n\r\n", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, r := WrapAsRFC822([]byte(tt.msg), tt.keep...)
			if !r.Changed() {
				t.Errorf("%+v", r)
			}
			var s LineScanner
			s.Write(out)
			if s.NUL() != 0 || s.BareLF() != 0 || s.LoneCR() != 0 || s.Longest() > MaxLine+2 {
				t.Errorf("the wrapped message is no better: %+v", s)
			}
			m, body := unwrap(t, out)
			if string(body) != tt.msg {
				t.Errorf("attached %q, want %q", body, tt.msg)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			if err != nil || subject != tt.subject {
				t.Errorf("subject %q %v, want %q", subject, err, tt.subject)
			}
			if len(tt.keep) > 0 && tt.keep[0] == "ALL" {
				return // the wrapping has header fields of its own
			}
			h := identity.NewHasher(identity.Options{Headers: tt.keep})
			outHeader, _ := SplitHeader(out)
			inHeader, _ := SplitHeader([]byte(tt.msg))
			want, how1, _ := h.FromFields(inHeader, 0)
			got, how2, _ := h.FromFields(outHeader, 0)
			if got != want || (how1 == identity.Identified) != (how2 == identity.Identified) {
				t.Errorf("key of the original %v %v, of the copy %v %v", want, how1, got, how2)
			}
		})
	}
}

func FuzzRepair(f *testing.F) {
	f.Add([]byte("A: b\rc\n\n\x00d\r\re"), uint16(78))
	f.Add([]byte("Message-Id: <a>\r\n"+strings.Repeat("é ", 200)+"\r\n\r\n"+strings.Repeat("é", 200)), uint16(80))
	f.Fuzz(func(t *testing.T, msg []byte, limit uint16) {
		in := bytes.Clone(msg)
		crlf, _ := FixBareNewlines(msg)
		var s LineScanner
		s.Write(crlf)
		if s.BareLF()+s.LoneCR() != 0 {
			t.Fatalf("%q became %q", msg, crlf)
		}
		if again, r := FixBareNewlines(crlf); r.Changed() || !bytes.Equal(again, crlf) {
			t.Fatalf("%q is not stable: %q", crlf, again)
		}
		noNUL, _ := StripNUL(crlf)
		wrapped, _ := WrapLongLines(noNUL, int(limit))
		s = LineScanner{}
		s.Write(wrapped)
		if longest := int64(max(78, limit)) + 2; s.Longest() > longest {
			t.Fatalf("%q: a line of %d bytes is left in %q", noNUL, s.Longest(), wrapped)
		}
		squeeze := func(b []byte) string {
			return strings.Join(strings.FieldsFunc(string(b), func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }), "")
		}
		if squeeze(wrapped) != squeeze(noNUL) {
			t.Fatalf("%q lost bytes: %q", noNUL, wrapped)
		}
		_, body := unwrap(t, func() []byte { out, _ := WrapAsRFC822(msg, "Message-Id"); return out }())
		if !bytes.Equal(body, in) || !bytes.Equal(msg, in) {
			t.Fatalf("attached %q, want %q", body, in)
		}
	})
}
