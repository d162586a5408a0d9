package engine

import (
	"slices"
	"testing"
)

func TestIsReport(t *testing.T) {
	t.Parallel()
	id := newReportID()
	if other := newReportID(); other == id || len(id) > 70 {
		t.Errorf("%s, then %s", id, other)
	}
	for header, want := range map[string]bool{
		"Message-Id: " + id + "\r\n":                               true,
		"MESSAGE-ID:" + id:                                         true,
		"Received: x\r\nMessage-ID:\r\n " + id + "\r\n\r\n":        true,
		"Received: from x\r\n\tby y\r\nMessage-Id: " + id + "\r\n": true,
		"":                                false,
		"Message-Id: <1@example.org>\r\n": false,
		"In-Reply-To: " + id + "\r\nMessage-Id: <1@example.org>\r\n":       false,
		"Message-Id: <1@example.org>\r\nReferences: " + id + "\r\n":        false,
		"Message-Id: <1@example.org>\r\nMessage-Id: " + id + "\r\n":        false,
		"Message-Id: <1" + reportTail + "\r\n":                             false,
		"Message-Id: " + reportHead + "x@example.org>\r\nX: " + reportTail: false,
		" " + id + "\r\n": false,
		"Subject: about\r\n Message-Id: " + id + "\r\nMessage-Id: <2@example.org>": false,
	} {
		if isReport([]byte(header)) != want {
			t.Errorf("%q: %v", header, !want)
		}
	}
}

func TestWithMessageID(t *testing.T) {
	t.Parallel()
	given := []string{"message-id", "X"}
	if got := withMessageID(given); !slices.Equal(got, given) {
		t.Errorf("%q", got)
	}
	base := make([]string, 1, 5)
	base[0] = "X"
	if got := withMessageID(base); !slices.Equal(got, []string{"X", "Message-Id"}) || base[:2][1] != "" {
		t.Errorf("%q, and the given list became %q", got, base[:2])
	}
}
