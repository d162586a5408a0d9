package engine_test

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// Dovecot is asked to open a folder before messages are appended to it, once and
// without waiting; other servers are not.
func TestFoldersAreOpenedForAppend(t *testing.T) {
	t.Parallel()
	const folders = 6
	for _, tc := range []struct {
		name   string
		to     func(testing.TB) *mailtest.Server
		opened int
	}{
		{"Dovecot", onReal(mailtest.Dovecot), folders},
		{"Dovecot without MULTIAPPEND", onReal(mailtest.Dovecot, "hide=MULTIAPPEND"), folders},
		{"embedded", onEmbedded(), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			box := corpus.Generate(corpus.Options{Seed: 9, Messages: 150, Folders: folders, MaxAttachment: 4 << 10, Distinct: true})
			from := mailtest.StartEmbedded(t, embedded.Options{})
			a := newAccount(t, from)
			mailtest.Fill(t, from, a.user, box)
			b := tap(t, newAccount(t, tc.to(t)))
			// Without MODSEQs they are opened once more at the end, see flagdigest.go.
			migrate(t, a, b.account, "--cachedir", t.TempDir(), "--noabletosearch2").expect(t, 0)
			same(t, a, b.account)
			// The last folder that was looked at may be open already.
			if n := b.line.Counts().Commands["EXAMINE"]; n < tc.opened-1 || n > tc.opened {
				t.Errorf("%d times EXAMINE for %d folders", n, folders)
			}
		})
	}
}
