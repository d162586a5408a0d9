package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/rehearsal"
	"github.com/imaphaul/imaphaul/internal/report"
)

// TestScenarios plays testdata/scenarios on every server that a scenario names.
//
// With IMAPSYNC="perl /path/to/imapsync" the scenarios in which imapsync does
// the right thing are played by imapsync instead, which shows that what they
// expect is its behaviour.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	hosts := newScenarioHosts(t)
	seen := make(map[string]string)
	for _, file := range files {
		all, err := readScenarios(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			where := fmt.Sprintf("%s:%d", filepath.Base(s.file), s.line)
			if other, ok := seen[s.name]; ok {
				t.Errorf("scenario %s is at %s and at %s", s.name, other, where)
			}
			seen[s.name] = where
			if len(s.steps) == 0 {
				t.Errorf("%s: nothing is run", where)
			}
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				hosts.onAll(t, s)
			})
		}
	}
}

// onAll plays a scenario on its servers side by side: most of the time is spent
// waiting for them.
func (h *scenarioHosts) onAll(t *testing.T, s *scenario) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, kind := range s.kinds {
		from, to, pair := strings.Cut(kind, ">")
		if !pair {
			to = from
		}
		if !h.can(from) || !h.can(to) {
			continue
		}
		all.Go(func() {
			t.Run(kind, func(t *testing.T) { play(t, s, h.account(t, from), h.account(t, to)) })
		})
	}
}

// scenarioHosts hands out empty accounts. Those of servers that take long to
// make users are emptied and used again.
type scenarioHosts struct {
	parent *testing.T
	able   map[string]bool
	mu     sync.Mutex
	free   map[string][]account
}

func newScenarioHosts(t *testing.T) *scenarioHosts {
	h := &scenarioHosts{parent: t, able: map[string]bool{mailtest.Embedded: true}, free: make(map[string][]account)}
	if os.Getenv("IMAPHAUL_NO_SERVERS") != "" {
		t.Log("IMAPHAUL_NO_SERVERS is set: the scenarios are played on the embedded server alone")
		return h
	}
	for _, kind := range mailtest.Kinds(t) {
		h.able[kind] = true
	}
	return h
}

func (h *scenarioHosts) can(kind string) bool { return h.able[kind] }

func (h *scenarioHosts) account(t *testing.T, kind string) account {
	t.Helper()
	switch kind {
	case mailtest.Embedded:
		return newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	case mailtest.Dovecot:
		return newAccount(t, mailtest.Real(t, kind)) // it takes every name for a user
	case mailtest.Courier, mailtest.Cyrus:
		// Users are made quickly, while Courier takes two seconds to delete a folder.
		h.mu.Lock()
		defer h.mu.Unlock()
		return newAccount(t, mailtest.Real(t, kind, "users=150"))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var a account
	if n := len(h.free[kind]); n > 0 {
		a = h.free[kind][n-1]
		h.free[kind] = h.free[kind][:n-1]
	} else {
		a = newAccount(t, mailtest.Real(t, kind))
	}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		mailtest.Empty(t, a.s, a.user)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.free[kind] = append(h.free[kind], a)
	})
	return a
}

// scene is a scenario being played.
type scene struct {
	s     *scenario
	now   time.Time
	tmp   string
	sides [3]account
	// eyes look at the accounts and fill them.
	eyes [3]*mailtest.Session
	// mails are made anew before each use: they may hold UIDs.
	mails  map[string]madeMail
	states [3]mailtest.State
	fronts [3]*meddle.Front
	// rehearsed: every step is played dry before it is played.
	rehearsed bool
}

func newScene(t *testing.T, s *scenario, now time.Time, a, b account) *scene {
	return &scene{
		s: s, now: now, tmp: t.TempDir(), sides: [3]account{1: a, 2: b},
		eyes: [3]*mailtest.Session{1: mailtest.Open(t, a.s, a.user), 2: mailtest.Open(t, b.s, b.user)},
	}
}

func play(t *testing.T, s *scenario, a, b account) {
	sc := newScene(t, s, time.Now().Truncate(time.Second), a, b)
	sc.rehearsed = a.s.Kind == mailtest.Embedded && b.s.Kind == mailtest.Embedded
	for side := 1; side <= 2; side++ {
		sc.fill(t, side, s.before[side])
	}
	for side := 1; side <= 2; side++ {
		sc.front(t, side)
	}
	for i := range s.steps {
		st := &s.steps[i]
		for side := 1; side <= 2; side++ {
			if st.empty[side] {
				sc.eyes[side].Empty(t)
			}
			sc.fill(t, side, st.more[side])
		}
		sc.step(t, st)
		if t.Failed() {
			return
		}
	}
}

// fill stores messages and looks at the account.
func (sc *scene) fill(t *testing.T, side int, states folderStates) {
	t.Helper()
	sc.make(t)
	box, err := mailbox(states, sc.mails, sc.now)
	if err != nil {
		t.Fatalf("%s:%d: %v", sc.s.file, sc.s.line, err)
	}
	if len(box.Folders) > 0 {
		sc.eyes[side].Fill(t, box)
	}
	sc.states[side] = sc.eyes[side].Snapshot(t)
	sc.make(t)
}

// make makes the messages, with the UIDs known so far.
func (sc *scene) make(t *testing.T) {
	t.Helper()
	mails, err := sc.s.once.makeMails(sc.s.mails, sc.now, func(text string) (string, error) {
		out, err := sc.expand(text)
		if err != nil {
			return text, nil //nolint:nilerr // of a message that is not there yet
		}
		return out, nil
	})
	if err != nil {
		t.Fatalf("%s:%d: %v", sc.s.file, sc.s.line, err)
	}
	sc.mails = mails
}

// placeholder is what options and messages may contain: %{user1}, %{tmp},
// %{1 A/B} (a folder's name on host1), %{uid1 INBOX a}, %{day -10}.
var placeholder = regexp.MustCompile(`%\{(\w+) ?([^{}]*)\}`)

func (sc *scene) expand(text string) (string, error) {
	if !strings.Contains(text, "%{") {
		return text, nil // most texts, and some are long
	}
	var failed error
	out := placeholder.ReplaceAllStringFunc(text, func(all string) string {
		m := placeholder.FindStringSubmatch(all)
		word, arg := m[1], m[2]
		side := int(word[len(word)-1] - '0')
		switch word {
		case "tmp":
			return sc.tmp
		case "user1", "user2":
			return sc.sides[side].user
		case "port1", "port2":
			return strconv.Itoa(sc.sides[side].s.Port)
		case "1", "2":
			return sc.sides[side].s.FolderName(folderPath(arg))
		case "uid1", "uid2":
			folder, label, _ := strings.Cut(arg, " ")
			if sc.states[side].Server == nil {
				failed = fmt.Errorf("%s: host%d is not filled yet", all, side)
				return all
			}
			uid, err := newPicture(sc.sides[1].s, sc.sides[side].s, sc.mails, sc.now).uidOf(sc.states[side], folder, label)
			if err != nil {
				failed = fmt.Errorf("%s: %w", all, err)
			}
			return strconv.Itoa(int(uid))
		case "day":
			n, err := strconv.Atoi(arg)
			if err != nil {
				failed = err
			}
			return sc.now.AddDate(0, 0, n).Format("2-Jan-2006")
		}
		failed = fmt.Errorf("%s is no placeholder", all)
		return all
	})
	return out, failed
}

// front puts the meddling before a side.
func (sc *scene) front(t *testing.T, side int) {
	t.Helper()
	need := len(sc.s.meddles[side]) > 0
	for _, st := range sc.s.steps {
		need = need || slices.ContainsFunc(st.sent, func(x sentSpec) bool { return x.side == side })
	}
	if !need {
		return
	}
	var rules []meddle.Rule
	for _, m := range sc.s.meddles[side] {
		match, err := sc.expand(m.match)
		if err != nil {
			t.Fatalf("%s:%d: %v", sc.s.file, sc.s.line, err)
		}
		re, err := regexp.Compile("(?i)" + match)
		if err != nil {
			t.Fatalf("%s:%d: %v", sc.s.file, sc.s.line, err)
		}
		rules = append(rules, meddle.Rule{Action: m.action, Match: re, Text: m.text, Skip: m.skip, Times: m.once})
	}
	sc.sides[side], sc.fronts[side] = meddled(t, sc.sides[side], rules...)
}

// played is what a run left behind beside the mail.
type played struct {
	code   int
	text   string
	copied int64
	stats  *event.Stats
	page   *event.Rehearsed // of a dry run
}

// step runs one command line and looks at what it did.
func (sc *scene) step(t *testing.T, st *step) {
	t.Helper()
	options := args(sc.sides[1], sc.sides[2])
	for _, o := range st.options {
		text, err := sc.expand(o)
		if err != nil {
			t.Fatalf("%s:%d: %v", sc.s.file, st.line, err)
		}
		options = append(options, text)
	}
	var page *event.Rehearsed
	if os.Getenv("IMAPSYNC") == "" && sc.rehearsed {
		page = sc.rehearse(t, options)
	}
	said := [3]int{}
	for side, f := range sc.fronts {
		if f != nil {
			said[side] = len(f.Said())
		}
	}
	oracle := os.Getenv("IMAPSYNC")
	var got played
	if oracle == "" {
		got = sc.own(t, options)
	} else {
		got = sc.imapsync(t, oracle, options)
	}
	bad := func(format string, a ...any) {
		t.Helper()
		t.Errorf("%s:%d: "+format, append([]any{sc.s.file, st.line}, a...)...)
	}
	if page != nil {
		sc.compareRehearsal(page, options, got, bad)
	}
	if got.code != st.exit {
		bad("exit code %d, want %d", got.code, st.exit)
	}
	if st.copied >= 0 && oracle == "" && got.copied != int64(st.copied) {
		bad("%d messages copied, want %d", got.copied, st.copied)
	}
	says := st.says
	if oracle == "" {
		says = slices.Concat(says, st.ours)
	}
	for _, text := range says {
		if !strings.Contains(oneBlank(got.text), oneBlank(text)) {
			bad("the output lacks %q", text)
		}
	}
	for _, text := range st.silent {
		if strings.Contains(oneBlank(got.text), oneBlank(text)) {
			bad("the output holds %q", text)
		}
	}
	for _, f := range st.files {
		name, err := sc.expand(f[0])
		if err != nil {
			t.Fatalf("%s:%d: %v", sc.s.file, st.line, err)
		}
		data, err := os.ReadFile(filepath.Join(sc.tmp, name))
		if err != nil || !strings.Contains(string(data), f[1]) {
			bad("file %s: %v: lacks %q in %q", f[0], err, f[1], data)
		}
	}
	for _, x := range st.sent {
		if oracle != "" {
			break
		}
		var hits []string
		for _, c := range sc.fronts[x.side].Said()[said[x.side]:] {
			if x.match.MatchString(c) {
				hits = append(hits, c)
			}
		}
		if len(hits) > x.most {
			bad("host%d got %d commands %s, at most %d are right: %q", x.side, len(hits), x.match, x.most, hits)
		}
	}
	for side := 1; side <= 2; side++ {
		sc.compare(t, st, side, bad)
	}
	if t.Failed() {
		t.Logf("%s %s\n%s", sc.s.name, sc.s.what, got.text)
	}
}

// oneBlank makes every run of blanks one blank.
func oneBlank(text string) string { return blanks.ReplaceAllString(text, " ") }

var blanks = regexp.MustCompile(`[ \t]+`)

// compare holds one account against what is expected.
func (sc *scene) compare(t *testing.T, st *step, side int, bad func(string, ...any)) {
	t.Helper()
	before := sc.states[side]
	state := sc.eyes[side].Snapshot(t)
	sc.states[side] = state
	sc.make(t)
	p := newPicture(sc.sides[1].s, sc.sides[side].s, sc.mails, sc.now)
	if st.after[side] == nil {
		// Not even a UID may be another one.
		if d := cmp.Diff(p.exact(before), p.exact(state)); d != "" {
			bad("host%d is changed (-before +after):\n%s", side, d)
		}
		return
	}
	want, err := p.expected(st.after[side])
	if err != nil {
		t.Fatalf("%s:%d: %v", sc.s.file, st.line, err)
	}
	got := p.actual(state, want)
	if d := cmp.Diff(want, got); d != "" {
		bad("host%d (-want +got):\n%s", side, d)
	}
}

// own runs this program.
func (sc *scene) own(t *testing.T, options []string) played {
	t.Helper()
	if !slices.Contains(options, "--nousecache") {
		options = append(options, "--cachedir", filepath.Join(sc.tmp, "journal"))
	}
	p, end := cli.ParseArgs(options...)
	if p == nil {
		return played{code: end.Code, text: end.Stdout + end.Stderr}
	}
	var text bytes.Buffer
	tally := event.NewTally(p.Output.StartedAt, time.Now)
	printer := report.NewText(&text, tally, report.Options{Program: "imaphaul", Version: "test", Dry: p.Dry, ErrorsMax: p.Limits.ErrorsMax, ErrorsDump: true})
	var skipped *report.SkippedFile
	sinks := []event.Sink{tally.Add, printer.Event}
	if p.Transfer.SkippedFile != "" {
		var err error
		if skipped, err = report.CreateSkipped(p.Transfer.SkippedFile); err != nil {
			t.Fatal(err)
		}
		sinks = append(sinks, skipped.Event)
	}
	book := rehearsal.New(time.Now, nil)
	engine.Run(context.Background(), p, engine.Options{
		Sink:     event.Serial(append(sinks, book.Event)...),
		Pause:    func(int) time.Duration { return time.Millisecond },
		Resolver: sc,
	})
	if skipped != nil {
		if err := skipped.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := printer.Close(); err != nil {
		t.Fatal(err)
	}
	stats := tally.Stats()
	out := played{code: stats.ExitCode(), text: text.String(), copied: stats.Transferred, stats: stats}
	if p.Dry && p.Mode == plan.ModeSync {
		page := book.Page(stats, report.ExitText)
		out.page = &page
	}
	return out
}

// LookupMX is the DNS of scenarios: no mail goes anywhere.
func (sc *scene) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// LookupHost is not asked.
func (sc *scene) LookupHost(_ context.Context, host string) ([]string, error) {
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// imapsync runs the original.
func (sc *scene) imapsync(t *testing.T, command string, options []string) played {
	t.Helper()
	if sc.s.differs != "" {
		t.Skip("imapsync does otherwise here: " + sc.s.differs)
	}
	words := strings.Fields(command)
	words = append(words, options...)
	words = append(words, "--nomodulesversion", "--noreleasecheck")
	if !slices.Contains(options, "--tmpdir") {
		words = append(words, "--tmpdir", sc.tmp)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = sc.tmp
	out, _ := cmd.CombinedOutput()
	return played{code: cmd.ProcessState.ExitCode(), text: string(out)}
}
