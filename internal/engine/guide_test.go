package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/report"
)

// guide are two accounts as guides for imapsync have them: host1 separates folders by a
// slash, as Gmail and Exchange do, host2 by a dot and with a prefix, as cPanel does. Both
// are Dovecots, which other tests of this package use as well.
func guide(t *testing.T) (a, b account) {
	t.Helper()
	return newAccount(t, mailtest.Real(t, mailtest.Dovecot, "layout=fs")), newAccount(t, mailtest.Real(t, mailtest.Dovecot, "sep=.", "prefix=INBOX."))
}

// idsIn are the messages of a folder of an account, by their names.
func idsIn(t *testing.T, x account, folder string) (ids []string) {
	t.Helper()
	for id, folders := range where(t, x) {
		if slices.Contains(folders, folder) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// TestGuide plays what guides for imapsync warn of, one part for each of their sections,
// on real servers. The pages of docs/ tell users the same (guide.md, usage.md).
func TestGuide(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	for _, section := range []struct {
		name string
		play func(*testing.T)
	}{
		{"time-outs and whales", guideWhales},
		{"cache and resume", guideResume},
		{"delimiter trap", guideDelimiter},
		{"Sent schism", guideSent},
		{"UTF-7", guideUTF7},
		{"throttles", guideThrottles},
		{"maxsize with the list of what was left", guideMaxsize},
		{"ghosts", guideGhosts},
		{"zombie delete", guideZombies},
		{"UIDVALIDITY with --useheader", guideUIDValidity},
		{"the checklist command", guideChecklist},
	} {
		t.Run(section.name, func(t *testing.T) {
			t.Parallel()
			section.play(t)
		})
	}
}

// The section "OAuth token" is played by the program itself, since it renews the token.
func TestGuideOAuthToken(t *testing.T) {
	const file, test = "../../cmd/imaphaul/tokens_live_test.go", "TestMigrationOutlivesItsTokens"
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "func "+test+"(") {
		t.Errorf("%s has no %s: %v", file, test, err)
	}
}

// A large message on a line that is lost in the middle of it arrives once, and whole.
func guideWhales(t *testing.T) {
	a, b := guide(t)
	whale := dated("whale", 10)
	whale.Body = append(whale.Body, strings.Repeat(strings.Repeat("w", 70)+"\r\n", 2<<20/72)...)
	put(t, a, "INBOX", append(mails("small", 3, 10), whale)...)
	front, _ := meddled(t, a, meddle.Rule{Action: meddle.CutLiteral, Match: regexp.MustCompile(`BODY\[\] \{2\d{6}\}`), Times: 1})
	out := migrate(t, front, b, "--timeout", "120", "--keepalive1", "--keepalive2")
	out.expect(t, 0)
	if !strings.Contains(out.text, "connection lost while reading a message") || out.stats.Transferred != 4 {
		t.Errorf("%d messages copied\n%s", out.stats.Transferred, out.text)
	}
	same(t, a, b)
}

// A run that is ended in its middle goes on where it stopped, and then has nothing to do.
func guideResume(t *testing.T) {
	a, b := guide(t)
	put(t, a, "INBOX", mails("mail", 30, 10)...)
	size := len(dated("mail0", 10).Body)
	cache := []string{"--usecache", "--cachedir", t.TempDir()}
	first := migrate(t, a, b, append(cache, "--exitwhenover", fmt.Sprint(10*size))...)
	first.expect(t, event.ExitTransferExceeded)
	second := migrate(t, a, b, cache...)
	second.expect(t, 0)
	if n := first.stats.Transferred; n == 0 || n == 30 || n+second.stats.Transferred != 30 {
		t.Errorf("%d messages in the first run, %d in the second", n, second.stats.Transferred)
	}
	if third := migrate(t, a, b, cache...); third.stats.Transferred != 0 {
		t.Errorf("%d messages in the third run", third.stats.Transferred)
	}
	same(t, a, b)
}

// Levels stay levels, a dot in a name becomes no level, and a rule that was written for a
// slash says that it matches nothing.
func guideDelimiter(t *testing.T) {
	a, b := guide(t)
	h := handsOn(t, a)
	for _, name := range []string{"Clients/2025/May", "Work.2009.Old", "[Gmail]/Sent Mail"} {
		h.folder(name, name)
	}
	out := migrate(t, a, b, "--regextrans2", `s/^\[Gmail\]\/Sent Mail/Sent Items/`)
	out.expect(t, 0)
	if !regexp.MustCompile(`--regextrans2 \S+Sent Mail/Sent Items/ changed no name.*INBOX\.\[Gmail\]\.Sent Mail`).MatchString(out.text) {
		t.Errorf("the rule that matches nothing is not told\n%s", out.text)
	}
	at := where(t, b)
	if d := cmp.Diff([][]string{{"INBOX.Clients.2025.May"}, {"INBOX.[Gmail].Sent Mail"}}, [][]string{at["Clients/2025/May"], at["[Gmail]/Sent Mail"]}); d != "" {
		t.Error(d)
	}
	if old := at["Work.2009.Old"]; len(old) != 1 || strings.Count(old[0], ".") != 1 {
		t.Errorf("a dot became a level: %q", old)
	}
	dotted := newAccount(t, b.s)
	migrate(t, a, dotted, "--regextrans2", `s/^INBOX\.\[Gmail\]\.Sent Mail$/INBOX.Sent Items/`).expect(t, 0)
	if got := where(t, dotted)["[Gmail]/Sent Mail"]; !slices.Equal(got, []string{"INBOX.Sent Items"}) {
		t.Errorf("with the dot it goes to %q", got)
	}
}

// One Sent folder, whatever it was called, and the same one in each run.
func guideSent(t *testing.T) {
	for _, name := range []string{"Sent Items", "Gesendete Elemente", "[Gmail]/Sent Mail"} {
		a, b := guide(t)
		handsOn(t, a).folder(name, "sent")
		handsOn(t, b).folder("INBOX.Sent", "")
		for range 2 {
			migrate(t, a, b, "--automap").expect(t, 0)
			if got := where(t, b)["sent"]; !slices.Equal(got, []string{"INBOX.Sent"}) {
				t.Errorf("%q goes to %q", name, got)
			}
		}
	}
}

// Names beyond ASCII go over unchanged, can be typed as they are read, and are found again.
func guideUTF7(t *testing.T) {
	a, b := guide(t)
	h := handsOn(t, a)
	h.folder("Gel&APY-schte Elemente", "umlaut")
	h.folder("&BB8EQAQ+BDUEOgRC-/&ZeVnLIqe-", "far")
	migrate(t, a, b, "--folder", "Gelöschte Elemente").expect(t, 0)
	if d := cmp.Diff(map[string][]string{"umlaut": {"INBOX.Gel&APY-schte Elemente"}}, where(t, b)); d != "" {
		t.Error(d)
	}
	migrate(t, a, b).expect(t, 0)
	if out := migrate(t, a, b, "--nousecache"); out.stats.Transferred != 0 {
		t.Errorf("a further run copies %d messages", out.stats.Transferred)
	}
	if got := where(t, b)["far"]; !slices.Equal(got, []string{"INBOX.&BB8EQAQ+BDUEOgRC-.&ZeVnLIqe-"}) {
		t.Errorf("%q", got)
	}
}

// A server that asks for a pause gets it. No message is skipped, and nothing is an error.
func guideThrottles(t *testing.T) {
	a, b := guide(t)
	put(t, a, "INBOX", mails("mail", 12, 10)...)
	front, f := meddled(t, b, meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^APPEND`), Text: "NO Request is throttled. Suggested Backoff Time: 50 milliseconds", Times: 2})
	out := migrate(t, a, front, "--nocompress2")
	out.expect(t, 0)
	if len(f.Struck()) == 0 || out.stats.ErrorCount != 0 || out.stats.Transferred != 12 {
		t.Errorf("%d errors, %d messages copied\n%s", out.stats.ErrorCount, out.stats.Transferred, out.text)
	}
	same(t, a, b)
}

// What is too large is left, listed with all that is needed to find it, and kept.
func guideMaxsize(t *testing.T) {
	a, b := guide(t)
	large := dated("large", 10)
	large.Body = append(large.Body, strings.Repeat("x\r\n", 1000)...)
	put(t, a, "INBOX", append(mails("small", 2, 10), large)...)
	dir := t.TempDir()
	list, saved := filepath.Join(dir, "left.tsv"), filepath.Join(dir, "left")
	skipped, err := report.CreateSkipped(list)
	if err != nil {
		t.Fatal(err)
	}
	out := migrateWith(t, context.Background(), engine.Options{Sink: skipped.Event}, append(args(a, b), "--maxsize", "2000", "--savedir", saved)...)
	out.expect(t, 0)
	if err := skipped.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(list); err != nil || strings.Count(string(text), "large@example.org") != 1 || !strings.Contains(string(text), "INBOX\t3\t") {
		t.Errorf("%v\n%s", err, text)
	}
	if body, err := os.ReadFile(filepath.Join(saved, "INBOX", "3.eml")); err != nil || string(body) != string(large.Body) {
		t.Errorf("%d bytes kept, %v", len(body), err)
	}
	if got := idsIn(t, b, "INBOX"); !slices.Equal(got, []string{"small0", "small1"}) {
		t.Errorf("host2 has %q", got)
	}
}

// Messages that programs do not see are mail all the same: those without Message-Id and
// Received, and those that are marked \Deleted and were never expunged.
func guideGhosts(t *testing.T) {
	a, b := guide(t)
	nameless := corpus.Message{Body: []byte("Subject: no id\r\n\r\nwithout anything to know it by\r\n"), Date: time.Date(2012, 3, 2, 1, 2, 3, 0, time.UTC)}
	marked := dated("marked", 10)
	marked.Flags = append(marked.Flags, `\Deleted`)
	put(t, a, "INBOX", append(mails("mail", 2, 10), nameless, marked)...)
	for i := range 2 {
		out := migrate(t, a, b)
		out.expect(t, 0)
		if want := []int64{4, 0}[i]; out.stats.Transferred != want {
			t.Errorf("run %d copies %d messages, not %d", i+1, out.stats.Transferred, want)
		}
	}
	same(t, a, b)
}

// What was deleted does not come back to life, on neither side.
func guideZombies(t *testing.T) {
	a, b := guide(t)
	cache := []string{"--cachedir", t.TempDir()}
	put(t, a, "INBOX", mails("mail", 6, 200)...)
	migrate(t, a, b, cache...).expect(t, 0)
	lose(t, b, "INBOX", 1)                          // by its user, who works on host2 already
	lose(t, a, "INBOX", 2)                          // by its user, on host1
	put(t, b, "INBOX", mails("delivered", 1, 0)...) // while the MX changes
	out := migrate(t, a, b, append(cache, "--noresurrect", "--delete2")...)
	out.expect(t, 0)
	if got := idsIn(t, b, "INBOX"); !slices.Equal(got, []string{"delivered0", "mail2", "mail3", "mail4", "mail5"}) {
		t.Errorf("host2 has %q\n%s", got, out.text)
	}
}

// A folder that was rebuilt on host1 has other UIDs and the same mail: nothing is copied
// or deleted for it.
func guideUIDValidity(t *testing.T) {
	a, b := guide(t)
	run := []string{"--cachedir", t.TempDir(), "--useheader", "Message-Id", "--delete2"}
	put(t, a, "Box", mails("mail", 5, 200)...)
	migrate(t, a, b, run...).expect(t, 0)
	mailtest.Say(t, a.s, a.user, "DELETE Box")
	again := mails("mail", 5, 200)
	slices.Reverse(again)
	put(t, a, "Box", again...)
	before := mailtest.Snapshot(t, b.s, b.user)
	out := migrate(t, a, b, run...)
	out.expect(t, 0)
	if out.stats.Transferred != 0 || out.stats.Deleted[2] != 0 {
		t.Errorf("%d copied, %d deleted\n%s", out.stats.Transferred, out.stats.Deleted[2], out.text)
	}
	untouched(t, "host2", before, mailtest.Snapshot(t, b.s, b.user))
}

// The command line of docs/guide.md: rehearsed it writes nothing; run, and run again, it
// moves each message once.
func guideChecklist(t *testing.T) {
	a, b := guide(t)
	h := handsOn(t, a)
	for folder, id := range map[string]string{"INBOX": "in", "[Gmail]/Sent Mail": "sent", "[Gmail]/All Mail": "in", "Clients/2025": "client"} {
		h.folder(folder, id)
	}
	line := []string{
		"--timeout", "120", "--keepalive1", "--keepalive2", "--usecache", "--cachedir", t.TempDir(),
		"--regextrans2", `s/^INBOX\.\[Gmail\]\.Sent Mail$/INBOX.Sent Items/`, "--exclude", `^\[Gmail\]/All Mail`, "--maxbytespersecond", "500000",
	}
	before := mailtest.Snapshot(t, b.s, b.user)
	migrate(t, a, b, append(line, "--dry")...).expect(t, 0)
	untouched(t, "host2 by a dry run", before, mailtest.Snapshot(t, b.s, b.user))
	for range 2 {
		migrate(t, a, b, line...).expect(t, 0)
		if d := cmp.Diff(map[string][]string{"in": {"INBOX"}, "sent": {"INBOX.Sent Items"}, "client": {"INBOX.Clients.2025"}}, where(t, b)); d != "" {
			t.Error(d)
		}
	}
}
