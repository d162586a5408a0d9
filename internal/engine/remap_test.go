package engine_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// TestAutomapKeepsItsMapping lets host2 get another folder for sent mail between
// two runs: what went to the old one goes there again, and nothing goes twice.
func TestAutomapKeepsItsMapping(t *testing.T) {
	t.Parallel()
	source := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	target := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	sent := letters(5, 500).Folders[0]
	sent.Path = []string{"Sent"}
	mailtest.Fill(t, source.s, source.user, corpus.Mailbox{Folders: []corpus.Folder{sent}})
	// The folder "Posted" has the role as soon as it is there.
	b, _ := meddled(t, target, meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^\* LIST \([^)]*\) ("/"|"\.") "?Posted"?`), Text: `* LIST (\Sent) $1 Posted`})
	options := []string{"--automap", "--cachedir", t.TempDir()}
	first := migrate(t, source, b, options...)
	first.expect(t, 0)
	if first.stats.Transferred != 5 {
		t.Fatalf("%d messages copied", first.stats.Transferred)
	}
	same(t, source, target)
	mailtest.Fill(t, target.s, target.user, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"Posted"}}}})
	more := corpus.Message{Body: []byte("Message-ID: <later@example.org>\r\n\r\nlater\r\n"), Date: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), Flags: []imap.Flag{imap.FlagSeen}}
	mailtest.Fill(t, source.s, source.user, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"Sent"}, Messages: []corpus.Message{more}}}})

	// A rehearsal changes nothing.
	migrate(t, source, b, append(options, "--dry")...).expect(t, 0)
	second := migrate(t, source, b, options...)
	second.expect(t, 0)
	if second.stats.Transferred != 1 {
		t.Errorf("the second run copied %d messages\n%s", second.stats.Transferred, second.text)
	}
	for name, f := range mailtest.Snapshot(t, target.s, target.user).Folders {
		if want := map[string]int{"Sent": 6}[name]; len(f.Messages) != want {
			t.Errorf("%s holds %d messages, not %d", name, len(f.Messages), want)
		}
	}
	// Who forgets maps anew.
	third := migrate(t, source, b, "--automap", "--nousecache", "--dry")
	if !strings.Contains(third.text, "Posted") || third.stats.Transferred != 0 {
		t.Errorf("without the journal:\n%s", third.text)
	}
	if !regexp.MustCompile(`\[Sent\] +-> \[Posted\]`).MatchString(third.text) {
		t.Errorf("without the journal Sent does not go to the folder with the role:\n%s", third.text)
	}
}
