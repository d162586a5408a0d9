package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// What counts as present though nothing proves it is told by each run, also where nothing
// happened in its folder since, so that it is not even opened; and not any more when the
// message is gone from host1.
func TestDoubtIsToldByEachRun(t *testing.T) {
	t.Parallel()
	const date = "Date: Mon, 2 Mar 2015 10:00:00 +0000\r\nFrom: a@example.org\r\nSubject: s\r\n"
	of := func(id, body string) corpus.Message {
		return corpus.Message{Body: []byte(id + date + "\r\n" + body), Date: time.Unix(1425290400, 0)}
	}
	servers := map[string]func(t *testing.T) *mailtest.Server{
		"embedded": func(t *testing.T) *mailtest.Server { return mailtest.StartEmbedded(t, embedded.Options{}) },
	}
	for _, kind := range mailtest.Kinds(t, mailtest.Dovecot, mailtest.Cyrus) {
		servers[fmt.Sprint(kind)] = func(t *testing.T) *mailtest.Server { return mailtest.Real(t, kind) }
	}
	for name, c := range map[string][2]corpus.Message{
		"lengthened, without its Message-Id": {of("Message-Id: <x@example.org>\r\n", "Hello\r\n"), of("", "Hello\r\nMore\r\n")},
		"another text under the key":         {of("Message-Id: <y@example.org>\r\n", "One text\r\n"), of("Message-Id: <y@example.org>\r\n", "Another text of it\r\n")},
	} {
		for where, start := range servers {
			t.Run(name+" "+where, func(t *testing.T) {
				t.Parallel()
				a, b := newAccount(t, start(t)), newAccount(t, start(t))
				put(t, a, "INBOX", c[0])
				put(t, b, "INBOX", c[1])
				dir := t.TempDir()
				for run := range 3 {
					out := migrate(t, a, b, "--cachedir", dir)
					if out.code() != 0 || out.stats.Good() || out.stats.Doubtful != 1 || len(contents(t, b)) != 1 {
						t.Fatalf("run %d: exit code %d, looks good: %v, %d in doubt\n%s", run+1, out.code(), out.stats.Good(), out.stats.Doubtful, out.text)
					}
				}
				lose(t, a, "INBOX", 1)
				for range 2 {
					if out := migrate(t, a, b, "--cachedir", dir); out.code() != 0 || out.stats.Doubtful != 0 {
						t.Errorf("it is gone from host1, and %d are in doubt\n%s", out.stats.Doubtful, out.text)
					}
				}
			})
		}
	}
}

// A body of line ends begins with what each message begins with, and tells nothing.
func TestBlankBodyIsNoBeginning(t *testing.T) {
	t.Parallel()
	const head = "Date: Mon, 2 Mar 2015 10:00:00 +0000\r\nFrom: a@example.org\r\nSubject: s\r\n"
	a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	put(t, a, "INBOX", corpus.Message{Body: []byte("Message-Id: <x@example.org>\r\n" + head + "\r\n\r\n"), Date: time.Unix(1425290400, 0)})
	put(t, b, "INBOX", corpus.Message{Body: []byte(head + "\r\n\r\nAnother\r\n"), Date: time.Unix(1425290400, 0)})
	if out := migrate(t, a, b, "--nousecache"); out.code() != 0 || len(contents(t, b)) != 2 {
		t.Errorf("exit code %d, host2 has %d\n%s", out.code(), len(contents(t, b)), out.text)
	}
}
