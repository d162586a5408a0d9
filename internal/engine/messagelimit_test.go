package engine_test

import (
	"regexp"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// Servers that carry a command out for a part of its messages, and say OK, are read,
// written and cleaned up whole.
func TestServersThatDoAPartOfACommand(t *testing.T) {
	t.Parallel()
	box := corpus.Generate(corpus.Options{Seed: 11, Messages: 400, Folders: 3, MaxAttachment: 4 << 10, Distinct: true})
	var limit atomic.Int32 // while the program is at work
	limited := func() *mailtest.Server {
		return mailtest.StartEmbedded(t, embedded.Options{MessageLimit: func() int { return int(limit.Load()) }})
	}
	from := limited()
	a := newAccount(t, from)
	mailtest.Fill(t, from, a.user, box)
	b := newAccount(t, limited())
	run := func(options ...string) outcome {
		limit.Store(30)
		defer limit.Store(0)
		return migrate(t, a, b, options...)
	}
	cached, bare := []string{"--cachedir", t.TempDir()}, []string{"--nousecache"}
	deleting := []string{"--delete2", "--delete2max", "1000"}
	first := run(append(cached, deleting...)...)
	first.expect(t, 0)
	same(t, a, b)
	if n := first.stats.Transferred; n != 400 {
		t.Errorf("%d messages copied", n)
	}
	// Flags change and messages go.
	dialogue(t, a, "SELECT INBOX", `UID STORE 1:50 +FLAGS.SILENT (\Flagged)`,
		`UID STORE 51:100 +FLAGS.SILENT (\Deleted)`, "EXPUNGE")
	for _, memory := range [][]string{cached, bare} {
		second := run(append(memory, deleting...)...)
		second.expect(t, 0)
		if n := second.stats.Transferred; n != 0 {
			t.Errorf("%v: %d messages copied again\n%s", memory, n, second.text)
		}
		same(t, a, b)
	}
}

// mox knows UIDONLY, and answers without sequence numbers once it is enabled. With
// a limit announced in its name it is, and all goes as before.
func TestUIDOnlyServers(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Mox)
	server := mailtest.Real(t, mailtest.Mox)
	limited := meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`\bUIDONLY\b`), Text: "UIDONLY MESSAGELIMIT=40"}
	box := corpus.Generate(corpus.Options{Seed: 12, Messages: 150, Folders: 3, MaxAttachment: 4 << 10, Distinct: true})
	source, target := newAccount(t, server), newAccount(t, server)
	mailtest.Fill(t, server, source.user, box)
	a, front := meddled(t, source, limited)
	b, _ := meddled(t, target, limited)
	options := []string{"--cachedir", t.TempDir()}
	first := migrate(t, a, b, options...)
	first.expect(t, 0)
	if n := first.stats.Transferred; n != 150 {
		t.Errorf("%d messages copied\n%s", n, first.text)
	}
	if !slices.Contains(front.Said(), "ENABLE UIDONLY") {
		t.Error("UIDONLY is not enabled")
	}
	same(t, source, target)
	dialogue(t, source, "SELECT INBOX", `UID STORE 1:* +FLAGS.SILENT (\Flagged)`)
	for _, memory := range [][]string{options, {"--nousecache"}} {
		second := migrate(t, a, b, memory...)
		second.expect(t, 0)
		if n := second.stats.Transferred; n != 0 {
			t.Errorf("%v: %d messages copied again", memory, n)
		}
		same(t, source, target)
	}
}
