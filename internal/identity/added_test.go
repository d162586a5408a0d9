package identity

import (
	"bytes"
	"strings"
	"testing"
)

// However a message is cut into writes, only the line of --addheader is left out.
func TestAddedSkipper(t *testing.T) {
	long := strings.Repeat("x", 3*addedMax)
	for in, want := range map[string]string{
		AddedHeader(12) + "\r\nSubject: a\r\n\r\nb":     "Subject: a\r\n\r\nb",
		AddedLine("0123abcd") + "\n\nb":                 "\nb",
		"message-id: <9@imapsync>\r\n\r\n":              "\r\n",
		"Message-Id: <9@example.org>\r\n\r\n":           "Message-Id: <9@example.org>\r\n\r\n",
		"Subject: a\r\n" + AddedHeader(12) + "\r\n\r\n": "Subject: a\r\n" + AddedHeader(12) + "\r\n\r\n",
		AddedHeader(12):                AddedHeader(12),
		"":                             "",
		long:                           long,
		long + AddedHeader(1) + "\r\n": long + AddedHeader(1) + "\r\n",
	} {
		for _, step := range []int{1, 2, 7, addedMax, len(in) + 1} {
			var out bytes.Buffer
			s := AddedSkipper{To: &out}
			for from := 0; from < len(in); from += step {
				if _, err := s.Write([]byte(in[from:min(from+step, len(in))])); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
			if out.String() != want {
				t.Errorf("%q in steps of %d: %q, want %q", in, step, out.String(), want)
			}
		}
	}
}
