package verification

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// Without a journal the lines that host2 adds to most messages are a habit of it, and
// nothing else is: not what it has in a few, not what it lacks, not a body.
func TestLearnsHabits(t *testing.T) {
	const messages = 8
	line := func(text string) func([]byte) []byte {
		return func(b []byte) []byte { return append([]byte(text+"\r\n"), b...) }
	}
	gate := func(i int) func([]byte) []byte { return line(fmt.Sprintf("X-Gate: passed at %d", i)) }
	for _, c := range []struct {
		name    string
		stored  func(i int, b []byte) []byte
		counted int64
		options string
	}{
		{name: "in all", stored: func(i int, b []byte) []byte { return gate(i)(b) }},
		{name: "two lines, one of them in most", stored: func(i int, b []byte) []byte {
			if i < 5 {
				b = line("X-Scanned: clean")(b)
			}
			return gate(i)(b)
		}},
		{name: "strict", stored: func(i int, b []byte) []byte { return gate(i)(b) }, options: "--strict", counted: messages},
		{name: "in two", counted: 2, stored: func(i int, b []byte) []byte {
			if i < 2 {
				return gate(i)(b)
			}
			return b
		}},
		{name: "another one in one", counted: 1, stored: func(i int, b []byte) []byte {
			if i == 3 {
				b = line("X-Other: here")(b)
			}
			return gate(i)(b)
		}},
		{name: "a body", counted: 1, stored: func(i int, b []byte) []byte {
			if i == 3 {
				b = bytes.Replace(b, []byte("text 3"), []byte("test 3"), 1)
			}
			return gate(i)(b)
		}},
		{name: "a longer body", counted: 1, stored: func(i int, b []byte) []byte {
			if i == 3 {
				b = append(b, "a footer\r\n"...)
			}
			return gate(i)(b)
		}},
		{name: "a value", counted: 1, stored: func(i int, b []byte) []byte {
			if i == 3 {
				b = bytes.Replace(b, []byte("about m3"), []byte("about m4"), 1)
			}
			return gate(i)(b)
		}},
		{name: "a line is missing", counted: messages, stored: func(i int, b []byte) []byte {
			return gate(i)(bytes.Replace(b, []byte("From: a@example.org\r\n"), nil, 1))
		}},
		{name: "what tells how to read it", counted: messages, stored: func(_ int, b []byte) []byte {
			return line("Content-Type: text/html")(b)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var boxes [2]corpus.Mailbox
			for n := range boxes {
				var folders [2]corpus.Folder
				for i := range messages {
					b := body(fmt.Sprintf("m%d", i), fmt.Sprintf("text %d", i))
					if n == 1 {
						b = c.stored(i, b)
					}
					f := &folders[i%2]
					f.Messages = append(f.Messages, corpus.Message{Body: b, Date: date})
				}
				folders[0].Path, folders[1].Path = []string{"INBOX"}, []string{"Work"}
				boxes[n].Folders = folders[:]
			}
			a := fill(t, mailtest.StartEmbedded(t, embedded.Options{}), boxes[0])
			b := fill(t, mailtest.StartEmbedded(t, embedded.Options{}), boxes[1])
			for _, depth := range []string{"full", "headers"} {
				if depth == "headers" && strings.Contains(c.name, "body") {
					continue // it reads none
				}
				rows, sum := verify(t, a, b, false, append(strings.Fields(c.options), "--verify", depth)...)
				if sum.Counted != c.counted || sum.OK() != (c.counted == 0) {
					t.Errorf("%s: %d rows count, not %d: %+v\nhabits %q", depth, sum.Counted, c.counted, rows, sum.Habits)
				}
				if c.counted == 0 && (sum.Rows["~"] != messages || sum.Rows["="] != 2 || !strings.Contains(strings.Join(sum.Habits, " "), "x-gate")) {
					t.Errorf("%s: rows %v, habits %q", depth, sum.Rows, sum.Habits)
				}
			}
		})
	}
}
