package engine_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
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
// The run without faults tells which can show in a scenario; the others are not played
// there. Scenarios that wait, see slowScenario, are not played at all. Of what is left
// a sample is played that has every scenario and every fault: those that show in few
// scenarios in all of these, the others in one of twenty. IMAPHAUL_SEED chooses another
// sample; all is played where IMAPHAUL_CHAOS is full, and of scenarios that are chosen
// with -run TestUnsoundHost2/name.
func TestUnsoundHost2(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	var plays []*unsoundPlay
	for _, file := range files {
		all, err := readScenarios(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if slices.Contains(s.kinds, mailtest.Embedded) && !slowScenario(s) {
				plays = append(plays, &unsoundPlay{s: s})
			}
		}
	}
	cases := slices.DeleteFunc(unsound.Cases(), func(c unsound.Case) bool { return c.Name == "sound" })
	all := mailtest.FullChaos() || strings.Contains(flag.Lookup("test.run").Value.String(), t.Name()+"/")
	chosen := newSample(mailtest.Chance(t, 9), len(cases))
	shown := &struck{faults: make(map[string]int)}
	for i, p := range plays {
		t.Run(p.s.name, func(t *testing.T) {
			t.Parallel()
			p.playSound(t)
			p.cases = p.possible(cases)
			if !all {
				p.cases = chosen.of(i, p.cases, cases)
			}
			p.play(t, shown)
		})
	}
	t.Cleanup(func() {
		if shown.played == len(plays) { // else some were chosen with -run
			shown.complete(t, plays, cases)
		}
	})
}

// complete fails the test for a fault that never shows, which proves nothing. Where the
// sample lacked luck it goes on until the fault shows.
func (s *struck) complete(t *testing.T, plays []*unsoundPlay, cases []unsound.Case) {
	for _, c := range cases {
		// Some cannot be made to show: scenarios have no literals but messages, and the
		// client does not send what is executed.
		if c.Faults.Spill != 0 || c.Faults.Strict || len(c.Faults.Changes) > 0 {
			continue
		}
		for _, p := range plays {
			played := slices.ContainsFunc(p.cases, func(o unsound.Case) bool { return o.Name == c.Name })
			if s.faults[c.Name] == 0 && !played && p.sound != nil && canShow(c.Faults, p.served) {
				p.with(t, c, s)
			}
		}
		if s.faults[c.Name] == 0 {
			t.Errorf("%q did not show in any scenario", c.Name)
		}
	}
}

// oneOf says which part of the scenarios in which a fault can show is played.
const oneOf = 20

// sample chooses the cases that each scenario is played with: every oneOf-th scenario
// has a case, beginning at another one for each.
type sample struct {
	begin   []int // by case
	instead []int // by case, for scenarios that get none
}

func newSample(r *rand.Rand, cases int) sample {
	var s sample
	for range cases {
		s.begin, s.instead = append(s.begin, r.IntN(oneOf)), append(s.instead, r.Int())
	}
	return s
}

// of returns the cases of the i-th scenario out of those that can show in it.
func (s sample) of(i int, possible, cases []unsound.Case) (out []unsound.Case) {
	for n, c := range cases {
		can := slices.ContainsFunc(possible, func(p unsound.Case) bool { return p.Name == c.Name })
		if can && (rare(c.Faults) || (i+s.begin[n])%oneOf == 0) {
			out = append(out, c)
		}
	}
	if len(out) == 0 && len(possible) > 0 {
		out = append(out, possible[s.instead[i%len(cases)]%len(possible)])
	}
	return out
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

// unsoundPlay is a scenario, what the run without faults made of it, and the cases that
// it is to be played with.
type unsoundPlay struct {
	s      *scenario
	now    time.Time
	sound  []look
	served unsound.Served
	cases  []unsound.Case
}

// playSound plays the scenario without faults.
func (p *unsoundPlay) playSound(t *testing.T) {
	p.now = time.Now().Truncate(time.Second)
	var server *unsound.Server
	p.sound, server = playOn(t, p.s, p.now, unsound.Faults{Watch: true})
	p.served = server.Served()
}

// possible are the cases that can show.
func (p *unsoundPlay) possible(cases []unsound.Case) []unsound.Case {
	return slices.DeleteFunc(slices.Clone(cases), func(c unsound.Case) bool { return !canShow(c.Faults, p.served) })
}

// play plays the scenario with each of its cases. Most of the time is spent waiting, so
// several are played side by side.
func (p *unsoundPlay) play(t *testing.T, shown *struck) {
	shown.mu.Lock()
	shown.played++
	shown.mu.Unlock()
	var all sync.WaitGroup
	defer all.Wait()
	room := make(chan struct{}, 3)
	for _, c := range p.cases {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			t.Run(c.Name, func(t *testing.T) { p.with(t, c, shown) })
		})
	}
}

// with plays the scenario with one case and judges.
func (p *unsoundPlay) with(t *testing.T, c unsound.Case, shown *struck) {
	got, server := playOn(t, p.s, p.now, c.Faults)
	shown.add(c.Name, server.Struck())
	said := judge(c.Faults, p.sound, got, server)
	if len(said) == 0 {
		return
	}
	if why := knownFailure(p.s.name, c.Name); why != "" {
		t.Skipf("so far it fails: %s\n%s", why, strings.Join(said, "\n"))
	}
	t.Errorf("%s:%d: %s, %s, %v\n%s", p.s.file, p.s.line, p.s.what, c.Name, server.Struck(), strings.Join(said, "\n"))
	for i, l := range got {
		t.Logf("run %d, exit code %d\n%s", i+1, l.code, l.text)
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

// rare tells whether faults show in few scenarios: where messages are stored in several
// folders, are the same, or are counted while their folder is selected.
func rare(f unsound.Faults) bool {
	return f.Loses > 0 || f.Recognises || f.StaleStatus && f.Forgets == 0
}

// canShow tells whether faults may make a difference where this was served. Up to its
// first occasion a server with a fault is one without.
func canShow(f unsound.Faults, served unsound.Served) bool {
	if f.ArgumentLiterals {
		return served.Arguments > 0
	}
	single := slices.Contains(f.Hide, "MULTIAPPEND")
	appends := served.Commands["APPEND"]
	if single {
		appends = served.Messages
	}
	copies := served.Commands["UID COPY"] + served.Commands["UID MOVE"] + served.Commands["COPY"] + served.Commands["MOVE"]
	switch {
	case single && served.Batch < 2: // as with MULTIAPPEND
		return false
	case int(max(f.Drop, f.Forgets, f.Halves, f.Replaces)) > served.Messages, int(f.Loses) > served.Unselected:
		return false
	case int(f.Denies) > appends:
		return false
	case f.Noise != "" && int(f.NoiseEvery) > served.Messages, int(f.AppendUIDEvery) > appends:
		return false
	case f.Recognises:
		return served.Again > 0
	case f.StaleStatus && f.Forgets == 0:
		return served.Stale > 0
	case f.AppendUID >= unsound.TooFew && served.Batch < 2:
		return false
	}
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
	sc := newScene(t, s, now, newAccount(t, from), newAccount(t, truth))
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
				sc.eyes[side].Empty(t)
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
		options = append(options, "--timeout1", "60", "--timeout2", "60")
		l := look{before: sc.states, options: st.options}
		l.played = sc.own(t, options)
		for side := 1; side <= 2; side++ {
			sc.states[side] = sc.eyes[side].Snapshot(t)
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
