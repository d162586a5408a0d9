package engine_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// letter is a message of about the given size. without leaves out what
// identifies it.
func letter(id string, size int, without bool, flags ...imap.Flag) corpus.Message {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: ann@example.org\r\nTo: ben@example.org\r\nSubject: %s\r\n", id)
	if !without {
		fmt.Fprintf(&b, "Message-ID: <%s@example.org>\r\n", id)
	}
	b.WriteString("\r\nA letter. ) * 7 EXISTS {12}\r\n")
	for line := 0; b.Len() < size; line++ {
		fmt.Fprintf(&b, "line %d of %s, and not much more to say about it than that\r\n", line, id)
	}
	return corpus.Message{Body: b.Bytes(), Flags: flags, Date: time.Date(2021, 3, 1+len(id)%27, 4, 5, size%60, 0, time.FixedZone("", 3600))}
}

// alike gives a message the Message-ID of another.
func alike(m corpus.Message, id, other string) corpus.Message {
	m.Body = bytes.Replace(m.Body, []byte("<"+id+"@"), []byte("<"+other+"@"), 1)
	return m
}

// faultBox is small and has what makes copying difficult: messages without
// identity, different ones with the same identity, and, if big, one that is
// streamed.
func faultBox(big bool) corpus.Mailbox {
	inbox := []corpus.Message{
		letter("one", 300, false, imap.FlagSeen),
		letter("two", 700, false, imap.FlagFlagged, "$Forwarded"),
		letter("nameless", 400, true, imap.FlagAnswered),
		letter("three", 5000, false),
		alike(letter("draft", 450, false, imap.FlagDraft), "draft", "one"),
		letter("anonymous", 450, true),
		letter("four", 20000, false, imap.FlagSeen),
		alike(letter("drafted", 800, false), "drafted", "one"),
		letter("five", 350, false, imap.FlagSeen, imap.FlagDeleted),
	}
	work := []corpus.Message{letter("w1", 600, false), letter("w2", 4200, false, imap.FlagSeen)}
	if big {
		work = append(work, letter("big", 1<<20+200<<10, false, imap.FlagFlagged))
	}
	work = append(work, letter("w3", 300, false), letter("one", 320, false))
	return corpus.Mailbox{Folders: []corpus.Folder{
		{Path: []string{"INBOX"}, Messages: inbox},
		{Path: []string{"Work"}, Messages: work},
	}}
}

// renamed is what the lab's --regexmess makes of a mailbox.
func renamed(box corpus.Mailbox) corpus.Mailbox {
	var out corpus.Mailbox
	for _, f := range box.Folders {
		g := f
		g.Messages = nil
		for _, m := range f.Messages {
			m.Body = bytes.Replace(m.Body, []byte("@example.org>\r\n\r\n"), []byte("@new.example.org>\r\n\r\n"), 1)
			m.Body = bytes.ReplaceAll(m.Body, []byte("not much more"), []byte("nothing more"))
			g.Messages = append(g.Messages, m)
		}
		out.Folders = append(out.Folders, g)
	}
	return out
}
