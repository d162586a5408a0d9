package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// lab is a pair of accounts on which many faults are tried.
type lab struct {
	a, b account
	// eye looks at host2, if the lab was made by newLab.
	eye *mailtest.Session
	// source is host1 as it is, once it was looked at; sweep looks again in the end.
	source  *mailtest.State
	options []string
	// faulted are options of the run that a fault strikes, and of no other.
	faulted []string
	// want compares host2 in place of Diff; idle has one more run show that it finds
	// nothing to do.
	want func(mailtest.State) []string
	idle bool
	runs int
	// again counts the faults after which the command line had to be run again.
	again int
}

// empty empties host2. Courier takes two seconds to delete a folder: there it only
// loses its messages.
func (l *lab) empty(t *testing.T) {
	t.Helper()
	eye := l.eye
	if eye == nil {
		eye = mailtest.Open(t, l.b.s, l.b.user)
	}
	if l.b.s.Kind == mailtest.Courier {
		eye.EmptyFolders(t)
	} else {
		eye.Empty(t)
	}
}

// state is host2 as it is.
func (l *lab) state(t *testing.T) mailtest.State {
	t.Helper()
	if l.eye == nil {
		return mailtest.Snapshot(t, l.b.s, l.b.user)
	}
	return l.eye.Snapshot(t)
}

// withJournal are the lab's options and a new place for the journal.
func (l *lab) withJournal(t *testing.T) []string {
	t.Helper()
	if slices.Contains(l.options, "--nousecache") {
		return l.options
	}
	return append([]string{"--cachedir", t.TempDir()}, l.options...)
}

// try lets one fault strike and then expects both accounts to be equal, after a
// second run at most.
func (l *lab) try(t *testing.T, side event.Side, f proxy.Fault) {
	t.Helper()
	l.empty(t)
	a, b := l.a, l.b
	var p *proxy.Proxy
	if side == 1 {
		a, p = through(t, a, f)
	} else {
		b, p = through(t, b, f)
	}
	defer p.Close()
	options := l.withJournal(t)
	first := attempt(t, a, b, append(slices.Clone(options), l.faulted...)...)
	l.runs++
	if first.code() != 0 {
		p.Clear()
		l.again++
		l.runs++
		second := attempt(t, a, b, options...)
		if second.code() != 0 {
			t.Errorf("the run after it ended with %d\n--- first\n%s\n--- second\n%s", second.code(), first.text, second.text)
			return
		}
	}
	if lines := l.compare(t); len(lines) > 0 {
		t.Errorf("%s\n%s", strings.Join(lines, "\n"), first.text)
	}
	if !l.idle {
		return
	}
	p.Clear()
	l.runs++
	// A folder in which nothing happened is not even looked at.
	dialogue(t, l.b, "SELECT INBOX", `STORE 1:* +FLAGS.SILENT (\Answered)`)
	if last := attempt(t, a, b, options...); last.code() != 0 || last.stats.Transferred != 0 {
		t.Errorf("one more run copies %d messages and ends with %d\n%s", last.stats.Transferred, last.code(), last.text)
	}
}

func (l *lab) compare(t *testing.T) []string {
	t.Helper()
	if l.want != nil {
		return l.want(l.state(t))
	}
	if l.source == nil {
		state := mailtest.Snapshot(t, l.a.s, l.a.user)
		l.source = &state
	}
	return mailtest.Diff(*l.source, l.state(t), mailtest.Known(l.a.s, l.b.s))
}

// dialogues carries the mailbox over once without a fault, and returns what was
// said on each side's connection in each direction.
func (l *lab) dialogues(t *testing.T) (said [3][2][]byte) {
	t.Helper()
	l.empty(t)
	a, pa := through(t, l.a)
	b, pb := through(t, l.b)
	defer pa.Close()
	defer pb.Close()
	attempt(t, a, b, l.withJournal(t)...).expect(t, 0)
	if lines := l.compare(t); len(lines) > 0 {
		t.Fatal(strings.Join(lines, "\n"))
	}
	for side, p := range map[int]*proxy.Proxy{1: pa, 2: pb} {
		for _, d := range []proxy.Direction{proxy.ToServer, proxy.ToClient} {
			said[side][d] = p.Transcript(1, d)
		}
	}
	return said
}

// newLab fills a source.
func newLab(t *testing.T, from, to target, box corpus.Mailbox, options ...string) *lab {
	t.Helper()
	l := &lab{a: from.account(t), b: to.account(t), options: append([]string{"--nocompress1", "--nocompress2"}, options...)}
	mailtest.Fill(t, l.a.s, l.a.user, box)
	l.eye = mailtest.Open(t, l.b.s, l.b.user)
	return l
}

// sweep cuts, or stalls, every dialogue at n places; turn is the number of this lab
// among those that share the kinds of places, see cuts.
func (l *lab) sweep(t *testing.T, kind proxy.FaultKind, turn, n int) {
	t.Helper()
	said := l.dialogues(t)
	r := mailtest.Chance(t, 5)
	order := r.Uint64() // all labs draw it alike
	tried := 0
	for side := event.Side(1); side <= 2; side++ {
		for _, d := range []proxy.Direction{proxy.ToServer, proxy.ToClient} {
			for _, after := range cuts(r, order+uint64(side), d, said[side][d], turn, n) {
				f := proxy.Fault{Kind: kind, Direction: d, After: after, Connection: 1}
				tried++
				t.Run(fmt.Sprintf("host%d %v %d of %d", side, d, after, len(said[side][d])), func(t *testing.T) { l.try(t, side, f) })
				if t.Failed() && !mailtest.FullChaos() {
					return
				}
			}
		}
	}
	if l.source != nil {
		untouched(t, "host1", *l.source, mailtest.Snapshot(t, l.a.s, l.a.user))
	}
	t.Logf("%d faults, %d runs, %d faults needed a second run", tried, l.runs, l.again)
}

// through puts a proxy in front of an account, with a fault if there is one.
func through(t testing.TB, a account, faults ...proxy.Fault) (account, *proxy.Proxy) {
	t.Helper()
	p, err := proxy.Start(proxy.Options{Target: a.addr(), Transcript: len(faults) == 0})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		p.Add(f)
	}
	a.port = p.Port()
	return a, p
}

// attempt is one run of the program with short pauses.
func attempt(t testing.TB, a, b account, options ...string) outcome {
	t.Helper()
	return migrateWith(t, t.Context(), engine.Options{Pause: func(int) time.Duration { return grace }}, append(args(a, b), options...)...)
}

// differences compares two accounts.
func differences(t testing.TB, a, b account) []string {
	t.Helper()
	return mailtest.Diff(mailtest.Snapshot(t, a.s, a.user), mailtest.Snapshot(t, b.s, b.user), mailtest.Known(a.s, b.s))
}
