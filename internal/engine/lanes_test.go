package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// TestConnectionsShareFolders copies to a server that wants to be asked before
// each message, over several connections, and over several of which some are cut.
func TestConnectionsShareFolders(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	box := corpus.Generate(corpus.Options{Seed: 11, Messages: 240, Folders: 6, MaxAttachment: 4 << 10, Distinct: true})
	source := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	mailtest.Fill(t, source.s, source.user, box)
	for _, tc := range []struct {
		name   string
		faults []proxy.Fault
		// lanes is how many connections to host2 there must have been.
		lanes int
	}{
		{"sound", nil, 4},
		{"cut", []proxy.Fault{
			{Kind: proxy.Cut, Direction: proxy.ToServer, After: 30_000, Connection: 2},
			{Kind: proxy.Cut, Direction: proxy.ToClient, After: 3_000, Connection: 3},
		}, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := distant(t, newAccount(t, mailtest.Real(t, mailtest.Dovecot, "hide=MULTIAPPEND,LITERAL+")), time.Millisecond)
			for _, f := range tc.faults {
				b.line.Add(f)
			}
			first := migrate(t, source, b.account, "--connections", "4", "--cachedir", t.TempDir())
			first.expect(t, 0)
			if n := b.line.Counts().Connections; n < tc.lanes {
				t.Errorf("%d connections to host2, want %d", n, tc.lanes)
			}
			if first.stats.Transferred != 240 {
				t.Errorf("%d messages copied", first.stats.Transferred)
			}
			same(t, source, b.account)
		})
	}
}

// TestConnectionsRefused goes on with the connections there are.
func TestConnectionsRefused(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	box := corpus.Generate(corpus.Options{Seed: 12, Messages: 40, Folders: 2, MaxAttachment: 4 << 10, Distinct: true})
	a := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	mailtest.Fill(t, a.s, a.user, box)
	b := distant(t, newAccount(t, mailtest.Real(t, mailtest.Dovecot)), 0)
	b.line.Add(proxy.Fault{Kind: proxy.Cut, Direction: proxy.ToClient, After: 0, Connection: 2})
	b.line.Add(proxy.Fault{Kind: proxy.Cut, Direction: proxy.ToClient, After: 0, Connection: 3})
	got := migrateWith(t, context.Background(), engine.Options{}, append(args(a, b.account), "--connections", "3", "--cachedir", t.TempDir())...)
	got.expect(t, 0)
	same(t, a, b.account)
}
