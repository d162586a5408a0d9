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
