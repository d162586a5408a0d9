package engine_test

import (
	"fmt"
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// faultKinds are what a server may do to a command once.
var faultKinds = []struct {
	name string
	rule func(command string) meddle.Rule
}{
	{"cut before", func(c string) meddle.Rule { return rule(meddle.CutBefore, c, "") }},
	{"cut after", func(c string) meddle.Rule { return rule(meddle.CutAfter, c, "") }},
	{"NO", func(c string) meddle.Rule { return rule(meddle.Refuse, c, "NO not this time") }},
	{"NO with a code", func(c string) meddle.Rule { return rule(meddle.Refuse, c, "NO [SERVERBUG] internal error") }},
	{"NO unavailable", func(c string) meddle.Rule { return rule(meddle.Refuse, c, "NO [UNAVAILABLE] later") }},
	{"BAD", func(c string) meddle.Rule { return rule(meddle.Refuse, c, "BAD internal error") }},
	{"throttled", func(c string) meddle.Rule {
		return rule(meddle.Refuse, c, "NO Request is throttled. Suggested Backoff Time: 10 milliseconds")
	}},
	{"BYE", func(c string) meddle.Rule { return rule(meddle.Refuse, c, "* BYE going down\r\nNO bye") }},
	{"garbage", func(c string) meddle.Rule { return rule(meddle.Refuse, c, "garbage {line\r\n* \x00\xff\r\nNO garbage") }},
}

// commandKinds are the commands of a run, by side; 0 for both.
var commandKinds = []struct {
	name, match string
	sides       []event.Side
}{
	{"LIST", `^LIST `, []event.Side{1, 2}},
	{"STATUS", `^STATUS `, []event.Side{1, 2}},
	{"EXAMINE", `^EXAMINE `, []event.Side{1}},
	{"SELECT", `^SELECT `, []event.Side{2}},
	{"listing", `^UID FETCH .*HEADER`, []event.Side{1}},
	{"bodies", `^UID FETCH .*BODY\.PEEK\[\]`, []event.Side{1}},
	{"CREATE", `^CREATE `, []event.Side{2}},
	{"SUBSCRIBE", `^SUBSCRIBE `, []event.Side{2}},
	{"APPEND", `^APPEND `, []event.Side{2}},
}

// One fault of every kind at every command: after one more run at most both sides are
// equal, the first run does not say 0 unless they are, and it never ends in silence.
func TestFaultMatrix(t *testing.T) {
	box := shared(24, 4)
	a := newAccount(t, mailtest.StartEmbedded(t, embeddedOptions()))
	mailtest.Fill(t, a.s, a.user, box)
	faults, again := 0, 0
	for _, command := range commandKinds {
		for _, side := range command.sides {
			for _, kind := range faultKinds {
				faults++
				t.Run(fmt.Sprintf("host%d %s %s", side, command.name, kind.name), func(t *testing.T) {
					b := newAccount(t, mailtest.StartEmbedded(t, embeddedOptions()))
					ends := [3]account{1: a, 2: b}
					ends[side], _ = meddled(t, ends[side], onceMore(kind.rule(command.match), 1, 1))
					options := []string{"--cachedir", t.TempDir()}
					first := attempt(t, ends[1], ends[2], options...)
					if first.code() != 0 {
						again++
						if first.stats.ErrorCount == 0 {
							t.Errorf("exit code %d without an error\n%s", first.code(), first.text)
						}
						attempt(t, a, b, options...).expect(t, 0)
					}
					same(t, a, b)
				})
			}
		}
	}
	t.Logf("%d faults, %d of them needed a second run", faults, again)
}

func embeddedOptions() embedded.Options { return embedded.Options{} }
