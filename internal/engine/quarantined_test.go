package engine_test

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// Host2 says of a COPY or MOVE into quarantine what is not so: no message is deleted that
// quarantine does not have, that is an error, and a further run puts each of them there once.
func TestQuarantineIsLookedAt(t *testing.T) {
	t.Parallel()
	alter := func(command, text string) meddle.Rule {
		return meddle.Rule{Action: meddle.Alter, Match: regexp.MustCompile(command), Text: text, Times: 1}
	}
	noMove, noPlus, neither := []imap.Cap{imap.CapMove}, []imap.Cap{imap.CapUIDPlus}, []imap.Cap{imap.CapUIDPlus, imap.CapMove}
	for _, c := range []struct {
		name string
		hide []imap.Cap
		lie  meddle.Rule
		left int // of the two in INBOX after the first run
	}{
		{"nothing", nil, alter(`UID COPY [^\r\n]*`, "NOOP"), 2},
		{"nothing, no MOVE", noMove, alter(`UID COPY [^\r\n]*`, "NOOP"), 2},
		{"nothing, no UIDPLUS", neither, alter(`UID COPY [^\r\n]*`, "NOOP"), 2},
		{"one of two", nil, alter(`(UID COPY) \S+`, "$1 6"), 1},
		{"others", noMove, alter(`(UID COPY) \S+`, "$1 1:2"), 2},
		{"all, and a refusal", nil, meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`OK \[COPYUID[^\r\n]*`), Text: "NO it is not done", Times: 1}, 2},
		{"nothing by MOVE", noPlus, alter(`UID MOVE [^\r\n]*`, "NOOP"), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: c.hide}))
			put(t, a, "INBOX", mails("kept", 4, 300)...)
			put(t, b, "INBOX", append(mails("kept", 4, 300), mails("old", 2, 300)...)...)
			like := dated("old0", 90) // another message of the same Message-Id and size
			like.Body = bytes.Replace(like.Body, []byte("Text."), []byte("Else."), 1)
			put(t, b, "Q", like)
			front, _ := meddled(t, b, c.lie)
			run := []string{"--delete2", "--quarantine2", "Q"}
			out := migrate(t, a, front, run...)
			out.expect(t, event.ExitErrors)
			if got := holds(t, b, "INBOX"); got["kept"] != 4 || got["old"] != c.left {
				t.Errorf("INBOX: %v\n%s", got, out.text)
			}
			for range 2 {
				out = migrate(t, a, front, run...)
				out.expect(t, 0)
			}
			if in, q := holds(t, b, "INBOX"), holds(t, b, "Q"); in["kept"] != 4 || q["old"] != 3 {
				t.Errorf("INBOX: %v, quarantine: %v\n%s", in, q, out.text)
			}
		})
	}
}
