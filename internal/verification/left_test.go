package verification

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// What runs stored is no new mail when its original has left host1: it counts if its owner
// deleted it there, whether a run has seen that or none since, and is explained if a run
// moved it.
func TestLeftHost1(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []string // options of the run
		remove bool     // the owner deletes a message on host1
		after  bool     // there is another run
		counts []string
		says   string
	}{
		{"deleted, and no run since", nil, true, false, []string{"+"}, "its original has left host1"},
		{"deleted, and a run since", nil, true, true, []string{"+"}, "its original has left host1"},
		{"moved", []string{"--delete1"}, false, false, nil, "--delete1"},
		{"moved, and a run since", []string{"--delete1"}, false, true, nil, "--delete1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from, to := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
			a := fill(t, from, mailbox())
			user, pass := to.User(t)
			b := account{to, user, pass, to.Port}
			args := slices.Concat(a.args("1"), b.args("2"), []string{"--cachedir", t.TempDir(), "--nolog", "--pidfile", ""})
			run(t, append(slices.Clone(args), c.before...))
			if c.remove {
				a.connect(t).remove("INBOX", 2)
			}
			if c.after {
				run(t, args)
			}
			on2 := b.connect(t)
			on2.addAt("INBOX", body("delivered", "to host2"), time.Now())
			rows, _ := verify(t, a, b, false, args...)
			if !slices.Equal(counting(rows), c.counts) {
				t.Errorf("%q count, want %q: %+v", counting(rows), c.counts, rows)
			}
			left := 0
			for _, r := range rows {
				if r.Mark == Extra && strings.Contains(r.Reason, c.says) {
					left++
				} else if r.Mark == Extra && r.MessageID != "<delivered@example.org>" {
					t.Errorf("%+v", r)
				}
			}
			if left == 0 {
				t.Errorf("%q is not told: %+v", c.says, rows)
			}
		})
	}
}
