package engine_test

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// What is moved on host1 between folders that go to one folder of host2 is there already,
// also for a run with --syncduplicates, in which each message needs a copy of its own, and
// whichever journal knows of it. Where equal messages are wanted more often than they are
// there, one copy stands for one of them.
func TestMovedBetweenMerged(t *testing.T) {
	t.Parallel()
	for h, how := range []struct {
		name string
		say  []string // to host1: of folder x and folder y
		all  int      // so many of the 17 messages are wanted in the end
	}{
		{"moved", []string{"SELECT x", "UID MOVE 2:3 y"}, 17},
		{"renamed", []string{"RENAME x X", "RENAME y x", "RENAME X y"}, 17},
		{"copied to another one, too", []string{"SELECT x", "UID COPY 2 C", "UID MOVE 2 y"}, 18},
		{"moved while another has an equal one", []string{"SELECT C", "UID MOVE 2 y"}, 18},
	} {
		for _, first := range []string{"", "--syncduplicates", "--addheader"} {
			for _, between := range []string{"none", "", "--nousecache"} {
				for i, last := range []string{"", "--delete2", "--delete1"} {
					for _, dir := range []string{"AB", "BA"} {
						if (dir == "AB") != ((h+i+len(first)+len(between))%2 == 0) {
							continue // a half is enough, of which each column has both
						}
						t.Run(strings.Join([]string{how.name, first, between, dir, last}, ","), func(t *testing.T) {
							t.Parallel()
							a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
							put(t, a, "A", mails("m", 8, 200)...)
							put(t, a, "B", mails("n", 8, 300)...)
							put(t, a, "C", mails("o", 1, 40)...)
							if how.all == 18 && how.say[0] == "SELECT C" {
								mailtest.Say(t, a.s, a.user, "SELECT A", "UID COPY 2 C")
							}
							run := func(o string) outcome {
								return migrate(t, a, b, append([]string{"--folder", "A", "--folder", "B", "--folder", "C", "--regextrans2", "s/.*/All/"}, strings.Fields(o)...)...)
							}
							run(first).expect(t, 0)
							names := strings.NewReplacer("x", dir[:1], "y", dir[1:])
							said := make([]string, len(how.say))
							for i := range said {
								said[i] = names.Replace(how.say[i])
							}
							mailtest.Say(t, a.s, a.user, said...)
							if between != "none" {
								run(between).expect(t, 0)
							}
							for i := range 3 {
								out := run("--syncduplicates " + last)
								got := holds(t, b, "All")
								n := got["m"] + got["n"] + got["o"]
								if last == "--delete1" && n < how.all {
									// One stands in doubt for two, which both stay on host1.
									left := 0
									for _, name := range []string{"A", "B", "C"} {
										has := holds(t, a, name)
										left += has["m"] + has["n"]
									}
									if out.stats.Good() || left < 2 {
										t.Errorf("run %d: %v, %d left, looks good: %v", i, got, left, out.stats.Good())
									}
									n = how.all
								}
								if n != how.all || got["o"] != 1 || out.code() != 0 {
									t.Errorf("run %d: %v, exit code %d\n%s", i, got, out.code(), out.text)
								}
							}
						})
					}
				}
			}
		}
	}
}
