package engine_test

import "testing"

// What its owner has marked \Deleted is not sent to be expunged, again and again, and
// --delete1 does not delete it for a copy that goes with --expunge2. The rehearsal tells
// the same, and the verdict does not count what is not there.
func TestMarkedIsNotSentToBeExpunged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		before       bool // a run had copied all, before the mark was set
		options      []string
		deleted, on1 int
	}{
		{"new", false, []string{"--expunge2"}, 0, 4},
		{"copied before", true, []string{"--expunge2"}, 0, 4},
		{"new, deleted on host1", false, []string{"--expunge2", "--delete1"}, 3, 1},
		{"copied before, deleted on host1", true, []string{"--expunge2", "--delete1"}, 3, 1},
		{"mirror", true, []string{"--expunge2", "--delete2"}, 0, 4},
		{"one for one, without a journal", true, []string{"--expunge2", "--syncduplicates", "--nousecache"}, 0, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := embeddedPair(t)
			put(t, a, "INBOX", mails("mail", 4, 300)...)
			if c.before {
				migrate(t, a, b).expect(t, 0)
				dialogue(t, b, "SELECT INBOX", `UID STORE 1 +FLAGS (\Deleted)`) // not on host1
			}
			dialogue(t, a, "SELECT INBOX", `UID STORE 3 +FLAGS (\Deleted)`)
			for n := range 3 {
				dry := migrate(t, a, b, append([]string{"--dry"}, c.options...)...)
				out := migrate(t, a, b, c.options...)
				out.expect(t, 0)
				copied, deleted := int64(0), int64(0)
				if n == 0 {
					deleted = int64(c.deleted)
					if !c.before {
						copied = 3
					}
				}
				if out.stats.Transferred != copied || dry.stats.WouldTransfer != copied || out.stats.Deleted[1] != deleted || dry.stats.WouldDelete[1] != deleted {
					t.Errorf("run %d: %d copied, %d deleted, foretold %d and %d; want %d and %d\n%s", n+1, out.stats.Transferred, out.stats.Deleted[1],
						dry.stats.WouldTransfer, dry.stats.WouldDelete[1], copied, deleted, out.text)
				}
				if out.stats.Good() || out.stats.OnlyOn1 != 1 || out.stats.Identified2 != 3 {
					t.Errorf("run %d: good %v, %d on host1 alone, %d on host2\n%s", n+1, out.stats.Good(), out.stats.OnlyOn1, out.stats.Identified2, out.text)
				}
				if on1, on2 := holds(t, a, "INBOX")["mail"], holds(t, b, "INBOX")["mail"]; on1 != c.on1 || on2 != 3 {
					t.Errorf("run %d: host1 %d, host2 %d", n+1, on1, on2)
				}
			}
		})
	}
}
