package engine_test

import (
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

func TestZZ(t *testing.T) {
	s1 := mailtest.Real(t, mailtest.Dovecot)
	s2 := mailtest.Real(t, mailtest.Courier)
	a := newAccount(t, s1)
	start := time.Now()
	mailtest.Fill(t, s1, a.user, corpus.Generate(corpus.Options{Seed: 2, Messages: 300}))
	t.Log("fill dovecot", time.Since(start))
	start = time.Now()
	b := newAccount(t, s2)
	mailtest.Fill(t, s2, b.user, corpus.Generate(corpus.Options{Seed: 2, Messages: 300}))
	t.Log("fill courier", time.Since(start))
	for i := range 2 {
		b = newAccount(t, s2)
		var o outcome
		start = time.Now()
		if i == 1 {
			w := watch(t, b)
			o = migrate(t, a, w.account, "--syncduplicates", "--nousecache")
			t.Log(w.line.Counts())
		} else {
			o = migrate(t, a, b, "--syncduplicates", "--nousecache")
		}
		t.Log("migrate", i, time.Since(start), o.code(), o.stats.Transferred)
		start = time.Now()
		migrate(t, a, b, "--syncduplicates", "--nousecache")
		t.Log("again", i, time.Since(start))
	}
	start = time.Now()
	mailtest.Snapshot(t, s2, b.user)
	t.Log("snapshot", time.Since(start))
}
