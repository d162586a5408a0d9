package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// spoilers are what a server may do whenever a message is among those asked for.
func spoilers(match string) map[string]meddle.Rule {
	return map[string]meddle.Rule{
		"NO":    rule(meddle.Refuse, match, "NO [SERVERBUG] cannot read it"),
		"BAD":   rule(meddle.Refuse, match, "BAD internal error"),
		"close": rule(meddle.CutBefore, match, ""),
		"torn":  rule(meddle.Truncate, match, ""),
	}
}

// Messages without any header that identifies them are read for their content. One that
// cannot be read is an error, and all others are copied.
func TestNamelessMessageThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const bad = 3
	for name, r := range spoilers(`^UID FETCH .*BODY\.PEEK\[\]`) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			box := corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}}, {Path: []string{"other"}}}}
			for f := range box.Folders {
				for i := range 6 {
					body := fmt.Sprintf("Subject: no name\r\n\r\nmessage %d of folder %d\r\n", i, f)
					box.Folders[f].Messages = append(box.Folders[f].Messages, corpus.Message{Body: []byte(body), Date: time.Date(2011, 4, 5, 6, 7, i, 0, time.UTC)})
				}
			}
			mailtest.Fill(t, a.s, a.user, box)
			r.If, r.Mailbox = naming(bad), "other"
			front, _ := meddled(t, a, r)
			out := attempt(t, front, b, "--nousecache", "--delete2")
			out.expect(t, event.ExitFetch)
			if len(out.stats.Errors) != 1 || out.stats.Errors[0].UID != bad || out.stats.Transferred != 11 || out.stats.Good() {
				t.Errorf("%d copied, errors %+v\n%s", out.stats.Transferred, out.stats.Errors, out.text)
			}
			attempt(t, a, b, "--nousecache").expect(t, 0)
			same(t, a, b)
		})
	}
}

// What is told of messages that stay behind, and kept of them, does not suffer from the
// one among them that cannot be read.
func TestTellingOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	const bad = 5
	for name, r := range spoilers(`^UID FETCH .*BODY\.PEEK\[(\]|HEADER\.FIELDS \(MESSAGE-ID DATE SUBJECT\))`) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			box := corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}}}}
			for i := range 10 {
				m := letter(fmt.Sprintf("m%d", i), 300, false)
				if i%2 == 1 { // too large
					m = letter(fmt.Sprintf("m%d", i), 5000, false)
				}
				box.Folders[0].Messages = append(box.Folders[0].Messages, m)
			}
			mailtest.Fill(t, a.s, a.user, box)
			r.If = naming(bad)
			front, _ := meddled(t, a, r)
			dir := t.TempDir()
			list := filepath.Join(dir, "skipped")
			out := attempt(t, front, b, "--nousecache", "--maxsize", "4000", "--savedir", filepath.Join(dir, "saved"), "--skippedfile", list)
			if out.code() == 0 || out.stats.ErrorCount != 1 || out.stats.Transferred != 4 {
				t.Errorf("exit code %d, %d errors, %d copied\n%s", out.code(), out.stats.ErrorCount, out.stats.Transferred, out.text)
			}
			saved, err := filepath.Glob(filepath.Join(dir, "saved", "*", "*.eml"))
			if err != nil || len(saved) != 5 {
				t.Errorf("%d of the 5 messages that can be read were saved: %v\n%s", len(saved), err, out.text)
			}
			described := 0
			for _, e := range out.stats.NotCopied {
				if strings.Contains(e.Subject, "m") {
					described++
				}
			}
			if described < 5 {
				t.Errorf("%d of the 5 are described\n%s", described, out.text)
			}
			_ = os.Remove(list)
		})
	}
}
