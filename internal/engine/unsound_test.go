package engine_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// TestUnsoundHost2 plays the scenarios with a host2 whose word cannot be relied on.
//
// What a scenario must lead to is taken from the same scenario on the same server
// without faults. Then hold, whatever the server says:
//
//   - what is gone from host1 is on host2, as it is in truth;
//   - what host2 had is still there, and no message has a flag that it would not
//     have otherwise;
//   - host2 has no folder more, and no message twice;
//   - nothing that stands in a message or an argument was executed;
//   - exit code 0 and "looks good" are said only if host2 holds every message.
//
// A fault that cannot show in a scenario is not played there: those of APPEND where
// nothing was stored, those of several messages where there was one. Scenarios that
// wait, see slowScenario, are not played at all. Of the others each is played with
// every fourth fault, and each fault with every fourth scenario, or with more where it
// shows in few; with all of them where IMAPHAUL_CHAOS is full.
func TestUnsoundHost2(t *testing.T) {
	files, err := filepath.Glob("../../testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	cases := unsound.Cases()
	shown := &struck{faults: make(map[string]int)}
	n := 0
	t.Run("scenarios", func(t *testing.T) {
		for _, file := range files {
			all, err := readScenarios(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range all {
				if !slices.Contains(s.kinds, mailtest.Embedded) || slowScenario(s) {
					continue
				}
				some := chosen(cases, n)
				n++
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					playUnsound(t, s, some, shown)
				})
			}
		}
	})
	if shown.played < n {
		return // some were chosen with -run
	}
	// A fault that never shows proves nothing. Some cannot be made to: scenarios
	// have no literals but messages, and the client does not send what is executed.
	for _, c := range cases {
		none := c.Name == "sound" || c.Faults.Spill != 0 || c.Faults.Strict || len(c.Faults.Changes) > 0
		if !none && shown.faults[c.Name] == 0 {
			t.Errorf("%q did not show in any scenario", c.Name)
		}
	}
}

// chosen are the cases that the n-th scenario is played with.
func chosen(cases []unsound.Case, n int) []unsound.Case {
	if mailtest.FullChaos() {
		return cases
	}
	var some []unsound.Case
	for i, c := range cases {
		// These show in few scenarios: where several folders meet, or messages are the same.
		rare := c.Faults.Loses > 0 || c.Faults.Recognises || c.Faults.StaleStatus
		if rare || (i+n)%4 == 0 {
			some = append(some, c)
		}
	}
	return some
}

// slowScenario tells whether a scenario waits, so that playing it with each fault
// would take minutes.
func slowScenario(s *scenario) bool {
	for _, st := range s.steps {
		for _, o := range st.options {
			if strings.HasPrefix(o, "--max") && strings.Contains(o, "persecond") || strings.HasPrefix(o, "--timeout") || o == "--maxsleep" {
				return true
			}
		}
	}
	return false
}

// struck counts by case how often a fault showed.
type struck struct {
	mu     sync.Mutex
	played int // scenarios
	faults map[string]int
}

func (s *struck) add(name string, faults map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range faults {
		s.faults[name] += n
	}
}

// playUnsound plays one scenario without faults, and then with each. Most of the
// time is spent waiting, so several are played side by side.
func playUnsound(t *testing.T, s *scenario, cases []unsound.Case, shown *struck) {
	shown.mu.Lock()
	shown.played++
	shown.mu.Unlock()
	now := time.Now().Truncate(time.Second)
	sound, server := playOn(t, s, now, unsound.Faults{})
	served := server.Served()
	if len(served.Commands) == 0 {
		return // nothing is connected
	}
	var all sync.WaitGroup
	defer all.Wait()
	room := make(chan struct{}, 6)
	for _, c := range cases {
		if c.Name == "sound" || !canShow(c.Faults, served) {
			continue
		}
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			t.Run(c.Name, func(t *testing.T) {
				got, server := playOn(t, s, now, c.Faults)
				shown.add(c.Name, server.Struck())
				said := judge(c.Faults, sound, got, server)
				if len(said) == 0 {
					return
				}
				if why := knownFailure(s.name, c.Name); why != "" {
					t.Skipf("so far it fails: %s\n%s", why, strings.Join(said, "\n"))
				}
				t.Errorf("%s:%d: %s, %v\n%s", s.file, s.line, s.what, server.Struck(), strings.Join(said, "\n"))
				for i, l := range got {
					t.Logf("run %d, exit code %d\n%s", i+1, l.code, l.text)
				}
			})
		})
	}
}

// knownFailures are those that are still to be mended: scenarios, the beginnings
// of the names of cases, and what goes wrong.
var knownFailures = []struct {
	scenarios, cases []string
	why              string
}{}

func knownFailure(scenario, name string) string {
	for _, k := range knownFailures {
		begins := func(c string) bool { return strings.HasPrefix(name, c) }
		if slices.Contains(k.scenarios, scenario) && slices.ContainsFunc(k.cases, begins) {
			return k.why
		}
	}
	return ""
}

// canShow tells whether faults may make a difference where this was served.
func canShow(f unsound.Faults, served unsound.Served) bool {
	if f.ArgumentLiterals {
		return served.Arguments > 0
	}
	if slices.Contains(f.Hide, "MULTIAPPEND") && served.Batch < 2 {
		return false
	}
	if f.AppendUID >= unsound.TooFew && served.Batch < 2 {
		return false
	}
	copies := served.Commands["UID COPY"] + served.Commands["UID MOVE"] + served.Commands["COPY"] + served.Commands["MOVE"]
	return served.Commands["APPEND"] > 0 || f.CopyUID != unsound.Right && copies > 0
}

// look is what a run left behind, and the messages that the scenario describes.
type look struct {
	played
	options       []string
	before, after [3]mailtest.State
	mails         map[string]madeMail
}

// playOn plays a scenario with a host2 that has faults; its accounts are looked at
// as they are.
func playOn(t *testing.T, s *scenario, now time.Time, f unsound.Faults) ([]look, *unsound.Server) {
	t.Helper()
	server, _, truth := mailtest.StartUnsound(t, f)
	from := mailtest.StartEmbedded(t, embedded.Options{})
	sc := &scene{s: s, now: now, tmp: t.TempDir(), sides: [3]account{1: newAccount(t, from), 2: newAccount(t, truth)}}
	for side := 1; side <= 2; side++ {
		sc.fill(t, side, s.before[side])
	}
	sc.sides[2].port = server.Port()
	for side := 1; side <= 2; side++ {
		sc.front(t, side)
	}
	var out []look
	for i := range s.steps {
		st := &s.steps[i]
		for side := 1; side <= 2; side++ {
			if st.empty[side] {
				mailtest.Empty(t, sc.sides[side].s, sc.sides[side].user)
			}
			sc.fill(t, side, st.more[side])
		}
		options := args(sc.sides[1], sc.sides[2])
		for _, o := range st.options {
			text, err := sc.expand(o)
			if err != nil {
				// It names a message that a fault kept from host2: the rest means nothing.
				return out, server
			}
			options = append(options, text)
		}
		// A misunderstanding must not take two minutes.
		options = append(options, "--timeout1", "10", "--timeout2", "10")
		l := look{before: sc.states, options: st.options}
		l.played = sc.own(t, options)
		for side := 1; side <= 2; side++ {
			sc.states[side] = mailtest.Snapshot(t, sc.sides[side].s, sc.sides[side].user)
		}
		sc.make(t)
		l.after, l.mails = sc.states, sc.mails
		out = append(out, l)
	}
	return out, server
}

// String names a look for messages about it.
func (l look) String() string {
	return fmt.Sprintf("%s, exit code %d", strings.Join(l.options, " "), l.code)
}
