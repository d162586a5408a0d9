package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// pairMailbox is the size of the mailbox that goes from every server to every other
// one, in messages: enough for every kind of message and folder, and for several
// batches. Nothing depends on the server that would show with more of them only.
func pairMailbox() int {
	if mailtest.FullChaos() {
		return 3000
	}
	return 200
}

// serverChange is something a server does to mail by itself, whoever stores it
// there: the only differences that may remain after a migration.
type serverChange struct {
	name  string
	kinds []string
	allow func(*mailtest.Rules)
}

// serverChanges are all of them, one by one.
var serverChanges = []serverChange{
	{"Cyrus writes X for header bytes above 127", []string{mailtest.Cyrus}, func(r *mailtest.Rules) {
		r.Evened |= mailtest.EightBitHeaders
	}},
	{"mox and the embedded server write keywords in lower case", []string{mailtest.Mox, mailtest.Embedded}, func(r *mailtest.Rules) {
		r.KeywordCase = true
	}},
	{"mox marks what is stored in its Junk folder $Junk", []string{mailtest.Mox}, func(r *mailtest.Rules) {
		r.IgnoredFlags = append(r.IgnoredFlags, "$Junk")
	}},
	{"mox subscribes every folder it makes", []string{mailtest.Mox}, func(r *mailtest.Rules) {
		r.NoSubscriptions = true
	}},
}

// rulesFor allows the changes of two servers. leaveOut, if not negative, is the
// number of one that is not allowed.
func rulesFor(from, to *mailtest.Server, leaveOut int) mailtest.Rules {
	var r mailtest.Rules
	for i, c := range serverChanges {
		if i != leaveOut && (slices.Contains(c.kinds, from.Kind) || slices.Contains(c.kinds, to.Kind)) {
			c.allow(&r)
		}
	}
	return r
}

// writing are the commands that change something in an account.
var writing = []string{
	"APPEND", "STORE", "UID STORE", "COPY", "UID COPY", "MOVE", "UID MOVE", "EXPUNGE", "UID EXPUNGE", "CLOSE",
	"CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "SETACL", "DELETEACL", "SETQUOTA", "SETMETADATA",
}

// tapped is an account behind a proxy that counts commands.
type tapped struct {
	account
	line *proxy.Proxy
}

func tap(t testing.TB, a account) tapped {
	t.Helper()
	p, err := proxy.Start(proxy.Options{Target: a.s.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	a.port = p.Port()
	return tapped{a, p}
}

// wrote returns the commands sent so far that change something.
func (w tapped) wrote() map[string]int {
	out := make(map[string]int)
	counts := w.line.Counts().Commands
	for _, verb := range writing {
		if n := counts[verb]; n > 0 {
			out[verb] = n
		}
	}
	return out
}

// untouched fails the test when an account is not what it was, down to UIDs.
func untouched(t testing.TB, what string, before, after mailtest.State) {
	t.Helper()
	if a, b := lines(before), lines(after); !slices.Equal(a, b) {
		t.Errorf("%s changed:\n%.3000s", what, cmp.Diff(a, b))
	}
}

// lines describes an account, a line for every folder, subscription and message.
func lines(s mailtest.State) []string {
	var out []string
	for name, f := range s.Folders {
		validity := f.UIDValidity
		if len(f.Messages) == 0 {
			validity = 0 // Courier makes it up anew until the first message comes
		}
		out = append(out, fmt.Sprintf("%q UIDVALIDITY %d", name, validity))
		for _, m := range f.Messages {
			out = append(out, fmt.Sprintf("%q UID %d %v %d %d %x", name, m.UID, m.Flags, m.Date.Unix(), m.Length, m.Digests[0]))
		}
	}
	for name := range s.Subscribed {
		out = append(out, fmt.Sprintf("%q is subscribed", name))
	}
	slices.Sort(out)
	return out
}

// sources fills one account per server, once; the pairs share it. On Courier each
// pair has its own: several sessions that open one account may stand still there
// for minutes.
type sources struct {
	mu    sync.Mutex
	ready map[string]func() source
}

type source struct {
	account
	state mailtest.State
}

func fillSource(t testing.TB, server *mailtest.Server) source {
	t.Helper()
	made := source{account: newAccount(t, server)}
	mailtest.Fill(t, server, made.user, corpus.Generate(corpus.Options{Seed: 2, Messages: pairMailbox()}))
	made.state = mailtest.Snapshot(t, server, made.user)
	return made
}

func (s *sources) of(t testing.TB, server *mailtest.Server) source {
	t.Helper()
	if server.Kind == mailtest.Courier {
		return fillSource(t, server)
	}
	key := server.String()
	s.mu.Lock()
	if s.ready == nil {
		s.ready = make(map[string]func() source)
	}
	if s.ready[key] == nil {
		s.ready[key] = sync.OnceValue(func() source { return fillSource(t, server) })
	}
	get := s.ready[key]
	s.mu.Unlock()
	return get()
}

// TestPairings moves mail from every server to every other one: a dry run that
// changes nothing, a run after which both sides are equal, a second run that
// does nothing at all.
func TestPairings(t *testing.T) {
	t.Parallel()
	type place struct {
		kind    string
		options []string
	}
	places := []place{
		{mailtest.Dovecot, nil},
		{mailtest.Dovecot, []string{"sep=.", "prefix=INBOX."}},
		{mailtest.Cyrus, nil},
		{mailtest.Courier, nil},
		{mailtest.Mox, nil},
	}
	kinds := mailtest.Kinds(t)
	places = slices.DeleteFunc(places, func(p place) bool { return !slices.Contains(kinds, p.kind) })
	var made sources
	var seen seenChanges
	for _, from := range places {
		for _, to := range places {
			// Dovecot to Dovecot is the pair of two separators and prefixes.
			if len(from.options) > 0 || len(to.options) > 0 != (from.kind == mailtest.Dovecot && to.kind == mailtest.Dovecot) {
				continue
			}
			s1 := mailtest.Real(t, from.kind, from.options...)
			s2 := mailtest.Real(t, to.kind, to.options...)
			t.Run(s1.String()+" to "+s2.String(), func(t *testing.T) {
				t.Parallel()
				pairing(t, made.of(t, s1), newAccount(t, s2), &seen)
			})
		}
	}
	t.Cleanup(func() {
		if len(kinds) == len(mailtest.RealKinds()) {
			seen.check(t)
		}
	})
}

// TestPairingsEmbedded is the same with the server inside this program.
func TestPairingsEmbedded(t *testing.T) {
	t.Parallel()
	var made sources
	inside := mailtest.StartEmbedded(t, embedded.Options{})
	t.Run("embedded to embedded", func(t *testing.T) {
		t.Parallel()
		pairing(t, made.of(t, inside), newAccount(t, inside), nil)
	})
	t.Run("embedded without anything to embedded", func(t *testing.T) {
		t.Parallel()
		bare := mailtest.StartEmbedded(t, embedded.Options{Hide: []imap.Cap{
			imap.CapNamespace, imap.CapUIDPlus, imap.CapESearch, imap.CapListExtended, imap.CapListStatus, imap.CapMove, imap.CapStatusSize, imap.CapUnselect,
		}})
		pairing(t, made.of(t, inside), newAccount(t, bare), nil)
	})
}

// seenChanges counts the pairs in which a server's own change made a difference.
type seenChanges struct {
	mu    sync.Mutex
	count map[string]int
}

func (s *seenChanges) note(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == nil {
		s.count = make(map[string]int)
	}
	s.count[name]++
}

// check fails the test for an allowance that no pair needs.
func (s *seenChanges) check(t *testing.T) {
	for _, c := range serverChanges {
		if s.count[c.name] == 0 {
			t.Errorf("allowed, but never seen: %s", c.name)
		}
	}
}

// pairing is the test of one pair. --syncduplicates: the mailbox holds the same
// bytes twice here and there, and all of them are to arrive.
func pairing(t *testing.T, from source, to account, seen *seenChanges) {
	options := []string{"--syncduplicates", "--cachedir", t.TempDir()}
	empty := mailtest.Snapshot(t, to.s, to.user)

	a, b := tap(t, from.account), tap(t, to)
	dry := migrate(t, a.account, b.account, append(options, "--dry")...)
	dry.expect(t, 0)
	untouched(t, "host1 by a dry run", from.state, mailtest.Snapshot(t, from.s, from.user))
	untouched(t, "host2 by a dry run", empty, mailtest.Snapshot(t, to.s, to.user))
	if w := [2]map[string]int{a.wrote(), b.wrote()}; len(w[0])+len(w[1]) > 0 {
		t.Errorf("a dry run sent %v", w)
	}

	first := migrate(t, a.account, to, options...)
	first.expect(t, 0)
	if n, want := first.stats.Transferred, int64(from.state.Count()); n != want {
		t.Errorf("%d messages copied of %d", n, want)
	}
	if first.stats.Transferred != dry.stats.WouldTransfer {
		t.Errorf("the dry run promised %d messages, the run copied %d", dry.stats.WouldTransfer, first.stats.Transferred)
	}
	arrived := mailtest.Snapshot(t, to.s, to.user)
	untouched(t, "host1 by a run", from.state, mailtest.Snapshot(t, from.s, from.user))
	if w := a.wrote(); len(w) > 0 {
		t.Errorf("the run sent %v to host1", w)
	}
	differences := mailtest.Diff(from.state, arrived, rulesFor(from.s, to.s, -1))
	for _, line := range differences[:min(len(differences), 20)] {
		t.Error(line)
	}
	if seen != nil {
		for i, c := range serverChanges {
			if slices.Contains(c.kinds, to.s.Kind) && len(mailtest.Diff(from.state, arrived, rulesFor(from.s, to.s, i))) > 0 {
				seen.note(c.name)
			}
		}
	}
	if t.Failed() {
		return
	}
	for _, again := range []struct {
		name    string
		options []string
	}{
		{"second run", options},
		{"run without a journal", []string{"--syncduplicates", "--nousecache"}},
	} {
		a, b := tap(t, from.account), tap(t, to)
		second := migrate(t, a.account, b.account, again.options...)
		second.expect(t, 0)
		if n := second.stats.Transferred; n != 0 {
			t.Errorf("%s: %d messages copied\n%s", again.name, n, second.text)
		}
		if w := [2]map[string]int{a.wrote(), b.wrote()}; len(w[0])+len(w[1]) > 0 {
			t.Errorf("%s: sent %v", again.name, w)
		}
		untouched(t, "host2 by the "+again.name, arrived, mailtest.Snapshot(t, to.s, to.user))
	}
}

// The commands that count as writing are spelled as the proxy spells them.
func TestWritingCommandsAreCounted(t *testing.T) {
	t.Parallel()
	s := mailtest.StartEmbedded(t, embedded.Options{})
	a, b := newAccount(t, s), tap(t, newAccount(t, s))
	box, err := corpus.Sample()
	if err != nil {
		t.Fatal(err)
	}
	mailtest.Fill(t, s, a.user, box)
	migrate(t, a, b.account, "--nousecache").expect(t, 0)
	got := strings.Join(slices.Sorted(maps.Keys(b.wrote())), " ")
	if got != "APPEND CREATE SUBSCRIBE" {
		t.Errorf("a first run wrote by %q", got)
	}
}

// What two accounts have in common stays one message in their destination, in whatever way
// their runs identify messages.
func TestEqualInTwoAccountsByOtherHeaders(t *testing.T) {
	t.Parallel()
	a, z := embeddedPair(t)
	b := newAccount(t, a.s)
	bare := dated("x", 300)
	bare.Body = []byte("From: ann@example.org\r\nSubject: no id\r\n\r\nequal\r\n")
	for _, x := range []account{a, b} {
		put(t, x, "INBOX", bare, dated("common", 300))
	}
	for _, run := range []struct {
		from    account
		options []string
	}{
		{a, []string{"--addheader"}}, {b, []string{"--addheader"}}, {b, nil}, {a, nil},
		{a, []string{"--useheader", "Subject"}}, {b, []string{"--useheader", "Message-Id", "--addheader"}}, {a, []string{"--skipheader", "^Received"}}, {b, nil},
	} {
		out := migrate(t, run.from, z, run.options...)
		out.expect(t, 0)
		if got := len(mailtest.Snapshot(t, z.s, z.user).Folders["INBOX"].Messages); got != 2 {
			t.Fatalf("%s %v: %d messages\n%s", run.from.user, run.options, got, out.text)
		}
	}
}
