package habits

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/identity"
)

func message(text string) *Message {
	header, _, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	m := Of([]byte(header), identity.ContentOf([]byte(text)), int64(len(text)))
	return &m
}

const plainMail = "Received: one\r\nReceived: two\r\nFrom: a@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle\r\nMessage-Id: <1@example.org>\r\n\r\nhello\r\n"

func TestSame(t *testing.T) {
	for _, tt := range []struct {
		name         string
		stored       string
		before, then bool // the same before and after the habit was learned from it
	}{
		{"unchanged", plainMail, true, true},
		{"LF", "Received: one\nReceived: two\nFrom: a@example.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle\nMessage-Id: <1@example.org>\n\nhello\n", true, true},
		{"folded", "Received: one\r\nReceived: two\r\nFrom: a@example.org\r\nSubject:\r\n =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\tan alle\r\nMessage-Id: <1@example.org>\r\n\r\nhello\r\n", true, true},
		{"encoded anew", "Received: one\r\nReceived: two\r\nFrom: a@example.org\r\nSubject: =?utf-8?b?R3LDvMOfZSBhbiBhbGxl?=\r\nMessage-Id: <1@example.org>\r\n\r\nhello\r\n", true, true},
		{"8-bit", "Received: one\r\nReceived: two\r\nFrom: a@example.org\r\nSubject: GrXXe an alle\r\nMessage-Id: <1@example.org>\r\n\r\nhello\r\n", true, true},
		{"line added", "X-Gate: 1\r\n" + plainMail, false, true},
		{"Received added", "Received: three\r\n" + plainMail, false, true},
		{"Received dropped", plainMail[len("Received: one\r\n"):], false, true},
		{"id replaced", "Received: one\r\nReceived: two\r\nFrom: a@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle\r\nMessage-Id: <other@example.org>\r\n\r\nhello\r\n", false, true},
		{"another body", plainMail + "P.S.\r\n", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, d := message(plainMail), message(tt.stored)
			var h Habits
			if got := h.Same(s, d); got != tt.before {
				t.Errorf("before: %v", got)
			}
			if Equal(s, d) != tt.before {
				t.Error("Equal and Same without habits differ")
			}
			h.Learn(s, d)
			text, err := json.Marshal(h.Seen())
			if err != nil {
				t.Fatal(err)
			}
			var seen Seen
			if err := json.Unmarshal(text, &seen); err != nil {
				t.Fatal(err)
			}
			var next Habits
			next.Remember(seen)
			if got := next.Same(s, d); got != tt.then {
				t.Errorf("then: %v, learned %s", got, text)
			}
			if !next.ExplainsSize(s.Size, d.Size) || next.KeepsSizes() != (s.Size == d.Size) || next.KeepsBytes() != (s.Exact == d.Exact && s.Size == d.Size) {
				t.Errorf("sizes %d %d: %s", s.Size, d.Size, text)
			}
			if next.Same(s, message("X-Other: 1\r\n"+tt.stored)) {
				t.Error("a line that was never added is forgiven")
			}
		})
	}
}

// What may be deleted beside a message that stays is equal to it but for lines that servers
// write, whatever characters it is written in.
func TestRedundant(t *testing.T) {
	s := message(plainMail)
	for _, tt := range []struct {
		name   string
		stored string
		want   bool
	}{
		{"unchanged", plainMail, true},
		{"X-", "X-Spam-Score: 3\r\n" + plainMail, true},
		{"Return-Path", "Return-Path: <>\r\n" + plainMail, true},
		{"Authentication-Results", "Authentication-Results: mx.example.org; none\r\n" + plainMail, true},
		{"learned", "Reply-To: list@example.org\r\n" + plainMail, true},
		{"Received dropped", plainMail[len("Received: one\r\n"):], false},
		{"Cc", "Cc: b@example.org\r\n" + plainMail, false},
		{"Bcc", "Bcc: b@example.org\r\n" + plainMail, false},
		{"Resent-To", "Resent-To: b@example.org\r\n" + plainMail, false},
		{"List-Unsubscribe", "List-Unsubscribe: <mailto:x@example.org>\r\n" + plainMail, false},
		{"References", "References: <0@example.org>\r\n" + plainMail, false},
		{"Content-Type", "Content-Type: text/html\r\n" + plainMail, false},
		{"a label of its owner", "X-Label: urgent\r\n" + plainMail, false},
		{"a line that it has, once more", "From: a@example.org\r\n" + plainMail, false},
		{"another body", plainMail + "P.S.\r\n", false},
	} {
		var h Habits
		h.Learn(s, message("Reply-To: x@example.org\r\n"+plainMail))
		if got := h.Redundant(s, message(tt.stored)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// Characters beyond ASCII may be replaced or encoded anew; two texts that differ in them
// are two.
func TestCharactersBeyondASCII(t *testing.T) {
	with := func(subject string) *Message {
		return message("From: a@example.org\r\nDate: x\r\nSubject: " + subject + "\r\n\r\nhello\r\n")
	}
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"größe", "gr\xf6\xdfe", true},
		{"größe", "grXXe", true},
		{"gr\xf6\xdfe", "grXe", true},
		{"größe", "=?iso-8859-1?q?gr=F6=DFe?=", true},
		{"Привет", "Пока", false},
		{"Привет", "=?utf-8?b?0J/QvtC60LA=?=", false},
		{"gr\xf6\xdfe", "gr\xfc\xdfe", false},
		{"size XL", "size XXL", false},
		{"größe", "groesse", false},
	} {
		a, b := with(tt.a), with(tt.b)
		if Equal(a, b) != tt.want || Equal(b, a) != tt.want || a.Akin(b) != tt.want || a.Compatible(b) != tt.want {
			t.Errorf("%q and %q: equal %v, akin %v, compatible %v", tt.a, tt.b, Equal(a, b), a.Akin(b), a.Compatible(b))
		}
	}
}

func TestGrownAndAkin(t *testing.T) {
	s := message(plainMail)
	if !Grown(s, message("X-Gate: 1\r\n"+plainMail)) || Grown(message("X-Gate: 1\r\n"+plainMail), s) || !Grown(s, s) {
		t.Error("Grown")
	}
	if !s.Akin(message("X-Gate: 1\r\n"+plainMail)) || s.Akin(message("Subject: x\r\n\r\n")) || message("X: 1\r\n\r\n").Akin(message("Y: 1\r\n\r\n")) {
		t.Error("Akin")
	}
}

func FuzzOf(f *testing.F) {
	f.Add([]byte(plainMail))
	f.Add([]byte("\n \n:\n=?x?q?=?="))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := Of(b, identity.ContentOf(b), int64(len(b)))
		if !Equal(&m, &m) || !Grown(&m, &m) {
			t.Error("not equal to itself")
		}
	})
}

func TestPrefixes(t *testing.T) {
	long := strings.Repeat("line one\r\nline two\r\n", 50)
	for _, cut := range []int{0, 1, 9, 10, 11, 400, len(long) - 1, len(long)} {
		d := NewPrefixes(nil)
		for i := range cut { // byte by byte
			_, _ = d.Write([]byte{long[i]})
		}
		n, sum := d.Whole()
		s := NewPrefixes([]int64{5, n})
		_, _ = s.Write([]byte(strings.ReplaceAll(long, "\r\n", "\n")))
		if got := s.Begins(n, sum); got != (cut < len(long)) {
			t.Errorf("cut at %d: %v", cut, got)
		}
		other := NewPrefixes([]int64{n})
		_, _ = other.Write([]byte("X" + long))
		if cut > 0 && other.Begins(n, sum) {
			t.Errorf("cut at %d: begins another message", cut)
		}
	}
}
