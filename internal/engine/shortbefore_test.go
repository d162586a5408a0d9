package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// A pair that only the order told after an interruption is marked as a part is, and host2
// may have all of it: short is only what has fewer bytes there.
func TestShortIsWhatHasFewerBytes(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	dir := t.TempDir()
	long := dated("long", 300)
	long.Body = append(long.Body, strings.Repeat("z", 300)...)
	put(t, a, "INBOX", dated("order", 300), long)
	migrate(t, a, b, "--cachedir", dir, "--truncmess", "200").expect(t, 0)

	j, err := journal.Open(context.Background(), dir, journal.Pair{
		Host1: a.s.Host, User1: a.user, Port1: a.s.Port, Host2: b.s.Host, User2: b.user, Port2: b.s.Port,
	}, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := j.Folder("INBOX", "INBOX")
	state, known := f.State()
	if !known {
		t.Fatal("the journal does not know INBOX")
	}
	if _, err := f.Attach(state.UIDValidity1, state.UIDValidity2); err != nil {
		t.Fatal(err)
	}
	if err := f.MarkCut(imap.UID(1)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	out := migrate(t, a, b, "--cachedir", dir)
	out.expect(t, 0)
	if strings.Contains(out.text, "msg INBOX/1 {") || !strings.Contains(out.text, "msg INBOX/2 {") || !strings.Contains(out.text, "is short on host2") {
		t.Errorf("INBOX/2 alone is short\n%s", out.text)
	}
	if out.stats.Transferred != 0 || out.stats.Good() {
		t.Errorf("%d copied, looks good: %v", out.stats.Transferred, out.stats.Good())
	}
}

// Parts that a run with other options found are parts for a run that identifies messages in
// another way: they stay on host1, and nothing looks good.
func TestPartsThatAnotherJournalKnows(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"--syncduplicates", "--useheader Message-Id", "--addheader"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			server, _, truth := mailtest.StartUnsound(t, unsound.Faults{Changes: []unsound.Change{unsound.Remove("Message-ID"), func(m []byte) []byte { return m[:len(m)*2/3] }}})
			a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
			put(t, a, "INBOX", oddMails()...)
			b.port = server.Port()
			for _, options := range []string{"", "--delete1 " + way, "--delete1"} {
				out := migrate(t, a, b, strings.Fields(options)...)
				if out.stats.Good() || len(contents(t, a)) != 6 {
					t.Errorf("%q: %d messages on host1, looks good: %v\n%s", options, len(contents(t, a)), out.stats.Good(), out.text)
				}
			}
		})
	}
}
