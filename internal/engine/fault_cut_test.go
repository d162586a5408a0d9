package engine_test

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// A connection may be cut at any byte of either dialogue.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	for turn, g := range targets {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			newLab(t, fromDovecot, g, faultBox(false)).sweep(t, proxy.Cut, turn, 6)
		})
	}
	for turn, g := range targets {
		if len(g.hide) == 0 && g.kind != mailtest.Dovecot {
			t.Run("from "+g.name, func(t *testing.T) {
				t.Parallel()
				newLab(t, g, fromDovecot, faultBox(false)).sweep(t, proxy.Cut, turn, 3)
			})
		}
	}
}

// Without a journal a run still settles what it lost itself.
func TestCutAnywhereWithoutJournal(t *testing.T) {
	t.Parallel()
	for turn, g := range targets {
		if g.name == "dovecot" || g.name == "dovecot singles" || g.kind == mailtest.Mox {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				newLab(t, fromDovecot, g, faultBox(false), "--nousecache").sweep(t, proxy.Cut, turn, 3)
			})
		}
	}
}

// A message that is streamed from one socket to the other is cut on either.
func TestCutWhileStreaming(t *testing.T) {
	t.Parallel()
	for turn, g := range targets {
		if !g.mute {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				newLab(t, fromDovecot, g, faultBox(true)).sweep(t, proxy.Cut, turn, 3)
			})
		}
	}
}

// Messages that are altered on their way have another identity on host2 than on
// host1; what is in doubt is recognised nevertheless, and so it is by the next run.
func TestCutAnywhereWithAlteredMessages(t *testing.T) {
	t.Parallel()
	for turn, g := range targets {
		switch {
		case g.kind == mailtest.Courier, g.name == "dovecot synchronous":
			continue // as dovecot singles
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			box := faultBox(false)
			l := newLab(t, fromDovecot, g, box,
				"--regexmess", `s/\@example.org>\r\n\r\n/\@new.example.org>\r\n\r\n/`, "--regexmess", `s/not much more/nothing more/g`)
			expected := mailtest.Expected(l.b.s, renamed(box))
			l.want = func(host2 mailtest.State) []string {
				return mailtest.Diff(expected, host2, mailtest.Known(l.b.s, l.b.s))
			}
			l.idle = true
			l.sweep(t, proxy.Cut, turn, 3)
		})
	}
}

// A connection that stays open and says nothing more ends by the time-out.
func TestStallAnywhere(t *testing.T) {
	t.Parallel()
	for turn, g := range targets {
		if g.mute {
			continue
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, fromDovecot, g, faultBox(false))
			// A busy machine may stall for so long by itself: then the fault has struck
			// elsewhere. The runs before and after it have no such limit.
			l.faulted = []string{"--timeout", "0.7"}
			l.sweep(t, proxy.Stall, turn, 2)
		})
	}
}
