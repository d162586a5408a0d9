package engine_test

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// What a server said OK to and has still does not count as deleted, in no run.
func TestCountsAsDeletedWhatIsGone(t *testing.T) {
	t.Parallel()
	expunge, store := rule(meddle.Refuse, `^UID EXPUNGE`, "OK done"), rule(meddle.Refuse, `^UID STORE .*Deleted`, "OK done")
	for _, c := range []struct {
		name    string
		rules   []meddle.Rule
		options []string
	}{
		{"EXPUNGE without effect", []meddle.Rule{expunge}, nil},
		{"STORE without effect", []meddle.Rule{store}, nil},
		{"both", []meddle.Rule{store, expunge}, nil},
		{"marks without effect", []meddle.Rule{store}, []string{"--noexpunge1", "--nouidexpunge2"}},
		{"one mark without effect", []meddle.Rule{rule(meddle.Alter, `(UID STORE )\d+[:,]\d+( .*Deleted)`, "${1}1$2")}, nil},
	} {
		for _, side := range []event.Side{1, 2} {
			t.Run(c.name+[]string{"", " on host1", " on host2"}[side], func(t *testing.T) {
				t.Parallel()
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				option := "--delete1"
				from, to, where := a, b, a
				put(t, a, "INBOX", mails("kept", 2, 60)...)
				left := 0 // what is to be there in the end
				if side == 2 {
					option, where, left = "--delete2", b, 2
					put(t, b, "INBOX", mails("surplus", 2, 60)...)
					to, _ = meddled(t, b, c.rules...)
				} else {
					from, _ = meddled(t, a, c.rules...)
				}
				for range 2 {
					before := inside(t, where)
					out := migrate(t, from, to, append([]string{option}, c.options...)...)
					if out.code() != 111 && inside(t, where) > left {
						t.Errorf("exit code %d\n%s", out.code(), out.text)
					}
					after := inside(t, where)
					if side == 2 {
						before += int(out.stats.Transferred)
					}
					if n := int(out.stats.Deleted[side]); n != before-after {
						t.Errorf("%d told as deleted, %d gone\n%s", n, before-after, out.text)
					}
				}
			})
		}
	}
}

// inside counts the messages of the INBOX that are not marked \Deleted.
func inside(t testing.TB, x account) (n int) {
	t.Helper()
	for _, m := range mailtest.Snapshot(t, x.s, x.user).Folders["INBOX"].Messages {
		if !slices.Contains(m.Flags, imap.FlagDeleted) {
			n++
		}
	}
	return n
}
