package engine_test

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// A message that Gmail lists under several labels goes over the wire once, and
// is in every folder of host2 afterwards.
func TestGmailBodiesMoveOnce(t *testing.T) {
	t.Parallel()
	a := newAccount(t, mailtest.Real(t, mailtest.Hoodiecrow, "mode=gmail"))
	box := letters(8, 20000)
	letter := box.Folders[0].Messages
	box.Folders = append(box.Folders,
		corpus.Folder{Path: []string{"Work"}, Messages: letter[:4]},
		corpus.Folder{Path: []string{"[Gmail]", "All Mail"}, Messages: letter})
	mailtest.Fill(t, a.s, a.user, box)
	for _, kind := range mailtest.Kinds(t, mailtest.Dovecot, mailtest.Courier) {
		t.Run(kind, func(t *testing.T) {
			journal := []string{"--cachedir", t.TempDir()}
			b, line := metered(t, newAccount(t, mailtest.Real(t, kind)))
			_, commands := between(line, func() {
				out := migrate(t, a, b, journal...)
				out.expect(t, 0)
				if out.stats.Transferred != 20 {
					t.Errorf("%d messages, want 20\n%s", out.stats.Transferred, out.text)
				}
				if !strings.Contains(out.text, "8 different messages, 160000 bytes") {
					t.Errorf("it does not tell the unique bytes:\n%s", out.text)
				}
				if sent := out.fin.BytesOut[2]; sent > 200000 {
					t.Errorf("%d bytes were sent to host2 for 160000 bytes of different mail", sent)
				}
			})
			if commands["UID COPY"] == 0 {
				t.Errorf("nothing was copied on host2: %v", commands)
			}
			// [Gmail] holds no mail on host1; host2 needs it as a parent.
			rules := mailtest.Known(a.s, b.s)
			rules.ExtraFolders = true
			for _, line := range mailtest.Diff(mailtest.Snapshot(t, a.s, a.user), mailtest.Snapshot(t, b.s, b.user), rules) {
				t.Error(line)
			}
			if out := migrate(t, a, b, journal...); out.stats.Transferred != 0 || out.code() != 0 {
				t.Errorf("the second run copied %d messages, exit code %d\n%s", out.stats.Transferred, out.code(), out.text)
			}
		})
	}
}
