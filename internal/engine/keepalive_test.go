package engine_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// moveWhile moves a mailbox whose copy is behind in a message and a flag. Host1 and host2
// stand behind fronts with these rules.
func moveWhile(t *testing.T, one, two *mailtest.Server, rules [2][]meddle.Rule) [2][]string {
	t.Helper()
	a, b := newAccount(t, one), newAccount(t, two)
	mailtest.Fill(t, a.s, a.user, corpus.Generate(corpus.Options{Seed: 8, Messages: 4, Folders: 2}))
	options := []string{"--cachedir", t.TempDir()}
	migrate(t, a, b, options...).expect(t, 0)
	dialogue(t, a, "SELECT INBOX", `STORE 1 +FLAGS (to-be-carried)`)
	mailtest.Fill(t, a.s, a.user, corpus.Generate(corpus.Options{Seed: 9, Messages: 2, Folders: 1}))
	a, front1 := meddled(t, a, rules[0]...)
	b, front2 := meddled(t, b, rules[1]...)
	out := migrateWith(t, t.Context(), engine.Options{Idle: 5 * time.Millisecond}, append(args(a, b), append(options, "--delete1", "--nocompress1", "--nocompress2")...)...)
	out.expect(t, 0)
	return [2][]string{front1.Said(), front2.Said()}
}

// However long one host takes for an answer, to whatever it was asked, the other one
// hears a NOOP meanwhile.
func TestWaitingForOneHostKeepsTheOther(t *testing.T) {
	t.Parallel()
	one, two := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	said := moveWhile(t, one, two, [2][]meddle.Rule{})
	noop := regexp.MustCompile("^NOOP$")
	for side := range 2 {
		verbs := make(map[string]bool)
		for _, command := range said[side] {
			verb, rest, _ := strings.Cut(command, " ")
			if verb == "UID" {
				word, _, _ := strings.Cut(rest, " ")
				verb += " " + word
			}
			if slices.Contains([]string{"NOOP", "LOGOUT"}, verb) || verbs[verb] {
				continue
			}
			verbs[verb] = true
			t.Run([]string{"host1 ", "host2 "}[side]+verb, func(t *testing.T) {
				heard := make(chan struct{}, 1)
				held := false
				hold := meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile("^" + verb), If: func(string) bool {
					if held {
						return false
					}
					held = true
					select { // what was heard before does not count
					case <-heard:
					default:
					}
					select {
					case <-heard:
					case <-time.After(10 * time.Second):
						t.Error("the other host heard nothing")
					}
					return false
				}}
				listen := meddle.Rule{Action: meddle.Refuse, Match: noop, If: func(string) bool {
					select {
					case heard <- struct{}{}:
					default:
					}
					return false
				}}
				rules := [2][]meddle.Rule{{hold}, {listen}}
				if side == 1 {
					slices.Reverse(rules[:])
				}
				moveWhile(t, one, two, rules)
				if !held {
					t.Error("the command did not come")
				}
			})
		}
	}
}
