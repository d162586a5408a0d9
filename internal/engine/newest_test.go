package engine_test

import (
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// dated is a message of INBOX or another folder that arrived some days ago.
func dated(id string, days int) corpus.Message {
	return corpus.Message{
		Body: []byte("From: ann@example.org\r\nSubject: " + id + "\r\nMessage-ID: <" + id + "@example.org>\r\n\r\nText.\r\n"),
		Date: time.Now().AddDate(0, 0, -days).UTC().Truncate(time.Second),
	}
}

// What host2 alone has is held against the newest mail of the whole host1
// account, also against folders that come later or take no part.
func TestNewMailIsJudgedByTheWholeAccount(t *testing.T) {
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, corpus.Mailbox{Folders: []corpus.Folder{
		{Path: []string{"INBOX"}, Messages: []corpus.Message{dated("old", 400)}},
		{Path: []string{"Work"}, Messages: []corpus.Message{dated("recent", 10)}},
	}})
	mailtest.Fill(t, b.s, b.user, corpus.Mailbox{Folders: []corpus.Folder{
		{Path: []string{"INBOX"}, Messages: []corpus.Message{dated("old", 400), dated("extra", 20), dated("delivered-here", 5)}},
	}})
	out := migrate(t, a, b, "--delete2", "--exclude", "Work", "--nomxcheck")
	out.expect(t, 0)
	var left []string
	for _, m := range mailtest.Snapshot(t, b.s, b.user).Folders["INBOX"].Messages {
		left = append(left, m.MessageID)
	}
	if len(left) != 2 || left[0] != "<old@example.org>" || left[1] != "<delivered-here@example.org>" {
		t.Errorf("host2 keeps %v\n%s", left, out.text)
	}
}
