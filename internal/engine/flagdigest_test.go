package engine_test

import (
	"fmt"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// Without MODSEQs a few searches tell that a folder has the flags it had, so that it is not
// listed; whatever changed is seen, and the folders where nothing did are left alone.
func TestFlagsAreComparedBySearch(t *testing.T) {
	t.Parallel()
	onEmbeddedAndDovecot(t, func(t *testing.T, servers func(*testing.T) (a, b account)) {
		for _, tc := range []struct {
			name   string
			side   int
			change []string // in INBOX
		}{
			{"nothing", 0, nil},
			{"a flag is set on host1", 1, []string{`UID STORE 2 +FLAGS (\Answered)`}},
			{"a flag is taken on host1", 1, []string{`UID STORE 3 -FLAGS (\Flagged)`}},
			{"a flag changes its message on host1", 1, []string{`UID STORE 3 -FLAGS (\Flagged)`, `UID STORE 4 +FLAGS (\Flagged)`}},
			{"a keyword comes on host1", 1, []string{`UID STORE 1 +FLAGS (Novelty)`}},
			{"a keyword is taken on host1", 1, []string{`UID STORE 5 -FLAGS (Blue)`}},
			{"a flag is taken on host2", 2, []string{`UID STORE 3 -FLAGS (\Flagged)`}},
			{"a keyword comes on host2", 2, []string{`UID STORE 1 +FLAGS (Novelty)`}},
			{"a message goes and one comes on host1", 1, []string{`UID STORE 6 +FLAGS (\Deleted)`, `EXPUNGE`}},
		} {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				journal := []string{"--cachedir", t.TempDir()}
				real1, real2 := servers(t)
				a, pa := metered(t, real1)
				b, pb := metered(t, real2)
				for i, name := range []string{"one", "two", "three", "four", "five", "six"} {
					put(t, a, "INBOX", dated(name, i+1))
					put(t, a, "Other", dated("other "+name, i+1))
				}
				dialogue(t, real1, "SELECT INBOX", `UID STORE 3 +FLAGS (\Flagged)`, `UID STORE 5 +FLAGS (Blue \Seen)`)
				migrate(t, a, b, journal...).expect(t, 0)
				same(t, a, b)
				if tc.side > 0 {
					dialogue(t, []account{real1, real2}[tc.side-1], append([]string{"SELECT INBOX"}, tc.change...)...)
				}
				exchanged := tc.name == "a message goes and one comes on host1"
				if exchanged {
					put(t, real1, "INBOX", dated("seven", 7))
				}
				var out outcome
				var commands [2]map[string]int
				_, commands[1] = between(pb, func() {
					_, commands[0] = between(pa, func() { out = migrate(t, a, b, journal...) })
				})
				out.expect(t, 0)
				if !out.stats.Good() {
					t.Errorf("it does not look good\n%s", out.text)
				}
				if !exchanged {
					same(t, a, b)
				} else if n := len(mailtest.Snapshot(t, b.s, b.user).Folders["INBOX"].Messages); n != 7 {
					t.Errorf("host2 has %d messages", n)
				}
				for side, n := range commands {
					if tc.side == 0 && (n["SELECT"] > 0 || n["UID STORE"] > 0 || n["APPEND"] > 0) {
						t.Errorf("host%d: nothing changed, and it was asked %v", side+1, n)
					}
					if tc.side == 0 && n["UID SEARCH"] == 0 {
						t.Errorf("host%d was not asked by SEARCH: %v", side+1, n)
					}
					if n["UID FETCH"] > 8 {
						t.Errorf("host%d: %v", side+1, n)
					}
				}
				if out = migrate(t, a, b, journal...); out.stats.FlagsChanged+out.stats.Transferred > 0 {
					t.Errorf("one more run does something\n%s", out.text)
				}
			})
		}
	}, "hide=CONDSTORE,QRESYNC")
}

// A server whose searches tell something else than its listings is listed by each run, and
// one that breaks off the searches costs nothing but them.
func TestSearchesThatLie(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]meddle.Rule{
		"none":          rule(meddle.Replace, `^(\* ESEARCH \(TAG "[^"]*"\) UID).*`, "$1"),
		"other tag":     rule(meddle.Replace, `^\* ESEARCH \(TAG "[^"]*"\) UID`, `* ESEARCH (TAG "A99") UID`),
		"plain":         rule(meddle.Replace, `^\* ESEARCH \(TAG "[^"]*"\) UID( ALL)?.*`, "* SEARCH"),
		"all":           rule(meddle.Replace, `^(\* ESEARCH \(TAG "[^"]*"\) UID).*`, "$1 ALL 1:*"),
		"a million":     rule(meddle.Replace, `^(\* ESEARCH \(TAG "[^"]*"\) UID).*`, "$1 ALL 1:1000000"),
		"refused":       rule(meddle.Refuse, `UID SEARCH RETURN \(ALL\) (SEEN|seen|KEYWORD)`, "NO [SERVERBUG] not now"),
		"without words": rule(meddle.Replace, `^\* ESEARCH.*`, "* OK still here"),
		"seen and not":  rule(meddle.Alter, `^(\S+ UID SEARCH RETURN \(ALL\)) UNSEEN`, "$1 ALL"),
		"neither":       rule(meddle.Alter, `^(\S+ UID SEARCH RETURN \(ALL\)) UNSEEN`, "$1 UNSEEN FLAGGED"),
		"never seen":    rule(meddle.Alter, `^(\S+ UID SEARCH RETURN \(ALL\)) SEEN`, "$1 SEEN UNSEEN"),
	} {
		for side := range 2 {
			t.Run(name+"/"+[]string{"host1", "host2"}[side], func(t *testing.T) {
				t.Parallel()
				real1, real2 := embeddedPair(t)
				put(t, real1, "INBOX", dated("one", 1), dated("two", 2), dated("three", 3))
				setFlag(t, real1, "INBOX", 2, imap.FlagSeen)
				a, b := real1, real2
				if side == 0 {
					a, _ = meddled(t, a, r)
				} else {
					b, _ = meddled(t, b, r)
				}
				journal := []string{"--cachedir", t.TempDir()}
				migrate(t, a, b, journal...).expect(t, 0)
				same(t, real1, real2)
				setFlag(t, real1, "INBOX", 3, imap.FlagFlagged)
				migrate(t, a, b, journal...).expect(t, 0)
				same(t, real1, real2)
				out := migrate(t, a, b, journal...)
				out.expect(t, 0)
				if out.stats.FlagsChanged+out.stats.Transferred > 0 || !out.stats.Good() {
					t.Errorf("one more run does something\n%s", out.text)
				}
			})
		}
	}
}

// A server may leave keywords out of those that SELECT tells, or not find them by SEARCH:
// what FETCH tells of the newest messages, and what the journal knows, show it, and its
// folders are listed.
func TestKeywordsThatSearchDoesNotTell(t *testing.T) {
	t.Parallel()
	unlisted := []meddle.Rule{
		rule(meddle.Replace, `^\* FLAGS \(.*\)`, `* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`),
		rule(meddle.Replace, `^\* OK \[PERMANENTFLAGS \(.*?\)\]`, `* OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)]`),
	}
	lost := []meddle.Rule{rule(meddle.Alter, `^(\S+ UID SEARCH RETURN \(ALL\)) KEYWORD .*`, "$1 KEYWORD nobodyhasit")}
	for name, tc := range map[string]struct {
		rules         []meddle.Rule
		side          int
		first, change []string
	}{
		"unlisted on host1":            {unlisted, 1, nil, []string{`UID STORE 1 +FLAGS (Novelty)`}},
		"unlisted on host2":            {unlisted, 2, nil, []string{`UID STORE 1 +FLAGS (Novelty)`}},
		"unlisted, one is known":       {unlisted, 1, []string{`UID STORE 2 +FLAGS (Blue)`}, []string{`UID STORE 1 +FLAGS (Novelty)`}},
		"unlisted, of an old message":  {unlisted, 1, []string{`UID STORE 2 +FLAGS (Blue)`}, []string{`UID STORE 1 +FLAGS (Blue)`, `UID STORE 40 +FLAGS (\Seen)`}},
		"unlisted, with a flag":        {unlisted, 1, nil, []string{`UID STORE 1 +FLAGS (Novelty)`, `UID STORE 2 +FLAGS (\Seen)`}},
		"not found on host1":           {lost, 1, nil, []string{`UID STORE 1 +FLAGS (Novelty)`}},
		"not found on host2":           {lost, 2, nil, []string{`UID STORE 1 +FLAGS (Novelty)`}},
		"not found, of an old message": {lost, 1, []string{`UID STORE 2 +FLAGS (Blue)`}, []string{`UID STORE 1 +FLAGS (Blue)`, `UID STORE 40 +FLAGS (\Seen)`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			real1, real2 := embeddedPair(t)
			n := 6
			if tc.first != nil {
				n = 60
			}
			put(t, real1, "INBOX", mails("mail", n, 3)...)
			put(t, real1, "Other", mails("other", 6, 3)...)
			dialogue(t, real1, append([]string{"SELECT INBOX"}, tc.first...)...)
			a, b := real1, real2
			if tc.side == 1 {
				a, _ = meddled(t, a, tc.rules...)
			} else {
				b, _ = meddled(t, b, tc.rules...)
			}
			journal := []string{"--cachedir", t.TempDir()}
			migrate(t, a, b, journal...).expect(t, 0)
			same(t, real1, real2)
			dialogue(t, []account{real1, real2}[tc.side-1], append([]string{"SELECT INBOX"}, tc.change...)...)
			migrate(t, a, b, journal...).expect(t, 0)
			same(t, real1, real2)
			out := migrate(t, a, b, journal...)
			out.expect(t, 0)
			if out.stats.FlagsChanged+out.stats.Transferred > 0 || !out.stats.Good() {
				t.Errorf("one more run does something\n%s", out.text)
			}
		})
	}
}

// A run that leaves messages out writes flags to the journal and no state: that flags are
// again what they were at the last state does not make them what the journal knows.
func TestFlagsThatReturn(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	journal := []string{"--cachedir", t.TempDir()}
	put(t, a, "INBOX", mails("mail", 5, 3)...)
	migrate(t, a, b, journal...).expect(t, 0)
	dialogue(t, a, "SELECT INBOX", `UID STORE 2 +FLAGS (\Draft)`)
	migrate(t, a, b, append(journal, "--search1", "UNSEEN")...).expect(t, 0)
	same(t, a, b)
	dialogue(t, a, "SELECT INBOX", `UID STORE 2 -FLAGS (\Draft)`)
	migrate(t, a, b, journal...).expect(t, 0)
	same(t, a, b)
	if out := migrate(t, a, b, journal...); out.stats.FlagsChanged > 0 {
		t.Errorf("one more run does something\n%s", out.text)
	}
}

// A folder of which the newest messages are gone, or most in the middle, is left alone like
// any other.
func TestFoldersThatLostMessagesAreLeftAlone(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]imap.UID{"newest": 31, "middle": 6} {
		for _, sides := range []int{1, 2} {
			t.Run(fmt.Sprint(name, sides), func(t *testing.T) {
				t.Parallel()
				real1, real2 := embeddedPair(t)
				a, pa := metered(t, real1)
				b, pb := metered(t, real2)
				put(t, a, "INBOX", mails("mail", 60, 3)...)
				journal := []string{"--cachedir", t.TempDir()}
				migrate(t, a, b, journal...).expect(t, 0)
				var uids []imap.UID
				for i := range 30 {
					uids = append(uids, gone+imap.UID(i)) //nolint:gosec // few
				}
				for _, x := range []account{real1, real2}[:sides] {
					lose(t, x, "INBOX", uids...)
				}
				migrate(t, a, b, journal...).expect(t, 0)
				var one, two map[string]int
				_, one = between(pa, func() {
					_, two = between(pb, func() { migrate(t, a, b, journal...).expect(t, 0) })
				})
				if one["EXAMINE"] > 1 || two["SELECT"] > 0 {
					t.Errorf("nothing changed, and it was asked %v, %v", one, two)
				}
			})
		}
	}
}

// What SEARCH tells late of an older message is carried over by the run after that.
func TestSearchesThatLag(t *testing.T) {
	t.Parallel()
	for _, side := range []int{1, 2} {
		t.Run(fmt.Sprint(side), func(t *testing.T) {
			t.Parallel()
			real1, real2 := embeddedPair(t)
			a, b := real1, real2
			var front *meddle.Front
			if side == 1 {
				a, front = meddled(t, a)
			} else {
				b, front = meddled(t, b)
			}
			put(t, real1, "INBOX", mails("mail", 60, 3)...)
			journal := []string{"--cachedir", t.TempDir()}
			migrate(t, a, b, journal...).expect(t, 0)
			dialogue(t, []account{real1, real2}[side-1], "SELECT INBOX", `UID STORE 3 +FLAGS (\Flagged)`, `UID STORE 20 +FLAGS (\Seen)`)
			back := front.Mark()
			front.Strike(rule(meddle.Alter, `(?i)^(\S+ UID SEARCH RETURN \(ALL\)) FLAGGED`, "$1 UID 40:60 FLAGGED"))
			migrate(t, a, b, journal...).expect(t, 0)
			back()
			migrate(t, a, b, journal...).expect(t, 0)
			same(t, real1, real2)
			if out := migrate(t, a, b, journal...); out.stats.FlagsChanged > 0 {
				t.Errorf("one more run does something\n%s", out.text)
			}
		})
	}
}

// A run that changes flags alone on host2 asks it once, and the run after it leaves the
// folder alone; flags that somebody else changes on host2 during the run are seen by that.
func TestFlagsThatWereStoredAreKnown(t *testing.T) {
	t.Parallel()
	for _, meanwhile := range []string{"", `UID STORE 2 +FLAGS (\Flagged)`, `UID STORE 5 -FLAGS (\Seen)`, `UID STORE 4 +FLAGS (Novelty)`} {
		t.Run(meanwhile, func(t *testing.T) {
			t.Parallel()
			real1, b := embeddedPair(t)
			put(t, real1, "INBOX", mails("mail", 40, 3)...)
			put(t, real1, "Other", mails("other", 5, 3)...)
			dialogue(t, real1, "SELECT INBOX", `UID STORE 5 +FLAGS (\Seen)`)
			real2 := b
			b, pb := metered(t, real2)
			a := real1
			journal := []string{"--cachedir", t.TempDir()}
			migrate(t, a, b, journal...).expect(t, 0)
			dialogue(t, real1, "SELECT INBOX", `UID STORE 5 +FLAGS (\Answered)`, `UID STORE 7 +FLAGS (Blue)`)
			var there engine.Options
			if meanwhile != "" {
				there.Sink = func(e event.Event) {
					if _, ok := e.(event.FlagsChanged); ok {
						dialogue(t, real2, "SELECT INBOX", meanwhile)
					}
				}
			}
			_, n := between(pb, func() {
				migrateWith(t, t.Context(), there, append(args(a, b), journal...)...).expect(t, 0)
			})
			if n["UID SEARCH"] > 2*6+2 || n["UID SEARCH"] < 6 {
				t.Errorf("host2 was asked %v", n)
			}
			if meanwhile == "" {
				same(t, real1, real2)
			}
			_, n = between(pb, func() { migrate(t, a, b, journal...).expect(t, 0) })
			same(t, real1, real2)
			if changed := n["SELECT"] > 0; changed != (meanwhile != "") {
				t.Errorf("changed meanwhile: %q, and the next run asked host2 %v", meanwhile, n)
			}
			_, n = between(pb, func() { migrate(t, a, b, journal...).expect(t, 0) })
			if same(t, real1, real2); n["UID STORE"] > 0 {
				t.Errorf("one more run asked host2 %v", n)
			}
		})
	}
}
