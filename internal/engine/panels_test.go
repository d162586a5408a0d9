package engine_test

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// TestPanelLayouts moves from and to the servers that hosting panels set up, as they
// set them up (docs/providers.md), with what --providerN makes right for them: names
// below INBOX with a dot, a quota, few connections.
func TestPanelLayouts(t *testing.T) {
	t.Parallel()
	box, err := corpus.Sample()
	if err != nil {
		t.Fatal(err)
	}
	for _, panel := range []struct {
		name, kind string
		options    []string
	}{
		{"cpanel", mailtest.Dovecot, []string{"sep=.", "prefix=INBOX.", "quota=102400", "connections=20"}},
		{"directadmin", mailtest.Dovecot, []string{"sep=.", "prefix=INBOX.", "connections=10"}},
		{"plesk", mailtest.Courier, nil},
	} {
		mailtest.Kinds(t, panel.kind)
		for _, as := range []string{"source", "destination"} {
			t.Run(panel.name+" as "+as, func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, mailtest.Real(t, panel.kind, panel.options...))
				b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				option := "--provider1"
				if as == "destination" {
					a, b, option = b, a, "--provider2"
				}
				mailtest.Fill(t, a.s, a.user, box)
				options := []string{option, panel.name, "--syncduplicates", "--cachedir", t.TempDir()}
				dry := migrate(t, a, b, append(options, "--dry")...)
				dry.expect(t, 0)
				first := migrate(t, a, b, options...)
				first.expect(t, 0)
				if first.stats.Transferred != dry.stats.WouldTransfer || first.stats.Transferred == 0 {
					t.Errorf("%d messages copied, %d foretold", first.stats.Transferred, dry.stats.WouldTransfer)
				}
				same(t, a, b)
				second := migrate(t, a, b, options...)
				second.expect(t, 0)
				if n := second.stats.Transferred; n != 0 {
					t.Errorf("the second run copied %d messages\n%s", n, second.text)
				}
			})
		}
	}
}
