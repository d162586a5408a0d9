package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// A server that keeps the beginning of a message whose sending was interrupted
// has not got that message: it is sent again, and the truncated one is told of.
func TestTruncatedMessages(t *testing.T) {
	t.Parallel()
	torn := mailtest.StartEmbedded(t, embedded.Options{KeepTorn: true})
	mailtest.Kinds(t, mailtest.Dovecot)
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed %v", killed), func(t *testing.T) {
			l := &lab{a: fromDovecot.account(t), b: newAccount(t, torn), options: []string{"--nocompress1", "--nocompress2"}}
			// Nothing is answered before the cut, which some servers would notice.
			mailtest.Fill(t, l.a.s, l.a.user, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}, Messages: []corpus.Message{
				letter("four", 20000, false), letter("five", 300, false), alike(letter("fivefold", 400, false), "fivefold", "five"),
			}}}})
			wrote := l.dialogues(t)[2][proxy.ToServer]
			told, kept := 0, 0
			for _, part := range []int64{2, 3, 4, 5, 6, 7} {
				l.empty(t)
				// Inside the largest message.
				after := int64(bytes.Index(wrote, []byte("<four@example.org>"))) + 100 + 19000/part
				kind := proxy.Cut
				if killed {
					kind = proxy.Stall
				}
				b, p := through(t, l.b, proxy.Fault{Kind: kind, Direction: proxy.ToServer, After: after, Connection: 1})
				options := l.withJournal(t)
				if killed {
					interrupted(t, l.a, b, p, options...)
				}
				out := attempt(t, l.a, b, options...)
				out.expect(t, 0)
				p.Close()
				told += len(truncatedUIDs(out.text))
				for _, line := range differences(t, l.a, l.b) {
					if !strings.Contains(line, "<four@example.org>") || !strings.Contains(line, "too many") {
						t.Errorf("cut at %d: %s\n%s", after, line, out.text)
					}
					kept++
				}
			}
			if told != kept || kept == 0 {
				t.Errorf("%d truncated messages are there, %d were told of", kept, told)
			}
		})
	}
}

// truncatedUIDs are the messages that a run tells to be truncated; warnings are said
// again at its end.
func truncatedUIDs(text string) map[string]bool {
	uids := make(map[string]bool)
	for line := range strings.Lines(text) {
		if before, _, ok := strings.Cut(line, " is only the beginning of"); ok {
			uids[before[strings.LastIndex(before, "message UID "):]] = true
		}
	}
	return uids
}

// interrupted is a run that is ended at once, as by kill, when the proxy's fault
// strikes.
func interrupted(t testing.TB, a, b account, p *proxy.Proxy, options ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-p.Struck():
			cancel()
		case <-over:
		}
	}()
	out := migrateWith(t, ctx, engine.Options{Pause: func(int) time.Duration { return grace }}, append(args(a, b), options...)...)
	p.CutAll() // a stalled connection would hide from the server that the program has gone
	if ctx.Err() == nil {
		t.Errorf("the fault did not strike; the run ended with %d\n%s", out.code(), out.text)
	}
}
