package engine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// TestInjection moves messages that consist of commands, with flags, dates, folder
// names and options that servers refuse, to the real servers: none of the text may
// be executed. After each run host2 holds exactly what it should, and no folder
// more or less.
func TestInjection(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t) {
		var side sync.WaitGroup
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			defer side.Wait()
			for i, options := range injectionOptions {
				name := strings.Join(options, " ")
				side.Go(func() {
					t.Run(name, func(t *testing.T) { inject(t, kind, uint64(i), options) })
				})
			}
		})
	}
}

// injectionOptions are the command lines, beside the accounts.
var injectionOptions = [][]string{
	{},
	{"--nofilterflags"},
	{"--noflagscase", "--nofilterflags", "--usecache"},
	{"--regexflag", `s/.*/\\Bogus/`},
	{"--regexflag", `s/.*/\\Recent \\Seen/`, "--nofilterflags"},
	{"--regexflag", `s/$/ {9+} (Work) "01-Jan-1905 00:00:00 +0000"/`, "--nofilterflags"},
	{"--regextrans2", `s/odd/o"d{12+}d/`},
	{"--regextrans2", "s/odd/o\xe9d \xff/"},
	{"--regextrans2", `s/odd/o\\d%*()/`, "--nosyncinternaldates"},
	{"--idatefromheader", "--addheader"},
}

// victim is a folder of host2 that commands in messages would delete.
const victim = "Victim"

// inject makes one migration.
func inject(t *testing.T, kind string, stream uint64, options []string) {
	chance := mailtest.Chance(t, 700+stream)
	a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	b := newAccount(t, mailtest.Real(t, kind, "users=24"))
	pwned := b.s.FolderName([]string{"PWNED"})
	mailtest.Fill(t, b.s, b.user, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{victim}, Messages: []corpus.Message{
		{Body: []byte("Subject: victim\r\nMessage-Id: <victim@example.org>\r\n\r\nHere.\r\n"), Flags: []imap.Flag{`\Flagged`}, Date: time.Unix(1700000000, 0)},
	}}}})
	box := corpus.Mailbox{}
	for _, path := range [][]string{{"INBOX"}, {"odd"}, {oddName(chance)}} {
		f := corpus.Folder{Path: path}
		for i := range 5 {
			f.Messages = append(f.Messages, evilMessage(chance, fmt.Sprintf("%s-%d", path[0], i), pwned, b.s.FolderName([]string{victim})))
		}
		box.Folders = append(box.Folders, f)
	}
	mailtest.Fill(t, a.s, a.user, box)
	source, before := mailtest.Snapshot(t, a.s, a.user), mailtest.Snapshot(t, b.s, b.user)
	var text strings.Builder
	known := slices.ContainsFunc(options, func(o string) bool { return strings.Contains(o, "{9+}") })
	for run := range 2 {
		o := migrate(t, a, b, append([]string{"--cachedir", t.TempDir(), "--timeout2", "20"}, options...)...)
		fmt.Fprintf(&text, "run %d, exit code %d\n%s\n", run+1, o.code(), o.text)
		after := mailtest.Snapshot(t, b.s, b.user)
		injected(t, a, b, source, before, after, o.code() == 0)
		if o.code() != 0 && known {
			t.Logf("so far it fails: a word that cannot be a flag ends the run with exit code %d", o.code())
		} else if o.code() != 0 {
			t.Errorf("run %d: exit code %d", run+1, o.code())
		}
	}
	if t.Failed() {
		t.Log(text.String())
	}
}

// evilMessage is a message whose text is commands.
func evilMessage(chance *rand.Rand, id, pwned, victim string) corpus.Message {
	lines := []string{
		"a1 CREATE " + pwned, "a2 DELETE " + victim, "a3 SUBSCRIBE " + pwned, "a4 RENAME " + victim + " " + pwned + "2",
		"a5 SELECT " + victim, `a6 STORE 1:* +FLAGS (\Deleted)`, "a7 EXPUNGE", "a8 APPEND " + victim + " {5+}", "a9 NOOP {7}",
		"* BYE", "+ go", "DONE", "*", "",
	}
	for i := range 40 {
		lines = append(lines, fmt.Sprintf("T%d NOOP", i+1), fmt.Sprintf("T%d OK [APPENDUID 1 %d] done", i+1, i+1))
	}
	chance.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	if chance.IntN(3) == 0 {
		lines = append(lines, "x LOGOUT")
	}
	head := fmt.Sprintf("From: sender@example.org\r\nSubject: %s\r\nMessage-Id: <%x@example.org>\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n\r\n", id, id)
	if chance.IntN(4) == 0 {
		head += strings.Repeat("x", chance.IntN(9000)) + "\r\n" // beyond the limit of LITERAL-
	}
	m := corpus.Message{Body: []byte(head + strings.Join(lines, "\r\n") + "\r\n")}
	for range chance.IntN(4) {
		m.Flags = append(m.Flags, oddFlags[chance.IntN(len(oddFlags))])
	}
	if chance.IntN(3) == 0 {
		m.Flags = append(m.Flags, imap.Flag(randomAtom(chance)))
	}
	slices.Sort(m.Flags)
	m.Flags = slices.Compact(m.Flags)
	year := []int{1, 999, 1899, 1905, 1969, 1970, 1996, 2024, 2037, 2040, 2106, 9999}[chance.IntN(12)]
	m.Date = time.Date(year, time.Month(1+chance.IntN(12)), 1+chance.IntN(28), chance.IntN(24), chance.IntN(60), chance.IntN(60), 0,
		time.FixedZone("", 900*(chance.IntN(113)-56)))
	return m
}

var oddFlags = []imap.Flag{
	`\Seen`, `\Answered`, `\Flagged`, `\Draft`, `\Bogus`, `\Indexed`, `\FORWARDED`, `\Recent`, `\Seen2`, "Work", "$Forwarded", "$MDNSent", "NonJunk", "a[b",
	"x:y", "+FLAGS", "UTF8", "[x", "~", "#1", `\X-Y`,
}

// randomAtom is a keyword, or a system flag that nobody knows.
func randomAtom(chance *rand.Rand) string {
	const letters = "abcXYZ019-_.:;,!#$&'+/<=>?@[^`|}~"
	var out strings.Builder
	if chance.IntN(2) == 0 {
		out.WriteByte('\\')
	}
	out.WriteByte(letters[chance.IntN(6)])
	for range chance.IntN(30) {
		out.WriteByte(letters[chance.IntN(len(letters))])
	}
	return out.String()
}

// oddName is a name that no server takes as an atom.
func oddName(chance *rand.Rand) string {
	names := []string{"caf\u00e9", `quo"te`, "br{5+}", "{3}", `back\slash`, "per%cent", "st*r", "par) (en", "x LOGOUT {9+}", "\u0434\u043e\u043c {1}", "a  b", "&", "é\"{2+}"}
	return names[chance.IntN(len(names))]
}

// injected holds host2 against what it must be.
func injected(t *testing.T, a, b account, source, before, after mailtest.State, all bool) {
	t.Helper()
	rules := mailtest.Known(a.s, b.s)
	victimName := b.s.FolderName([]string{victim})
	if v, w := before.Folders[victimName], after.Folders[victimName]; w == nil || fmt.Sprint(v) != fmt.Sprint(w) {
		t.Errorf("%s was %v, is %v", victimName, v, w)
	}
	// Each folder of host1 has one on host2, under whatever name, and no other is new.
	digests := func(f *mailtest.Folder) (out []string) {
		for _, m := range f.Messages {
			out = append(out, fmt.Sprintf("%x", m.Digests[rules.Evened][:6]))
		}
		slices.Sort(out)
		return out
	}
	fresh := make(map[string][]string)
	for name, f := range after.Folders {
		if before.Folders[name] == nil || source.Folders[name] != nil {
			fresh[name] = digests(f)
		}
	}
	for name, f := range source.Folders {
		want, found := digests(f), ""
		for other, has := range fresh {
			if within(has, want, all) && (found == "" || len(has) > len(fresh[found])) {
				found = other
			}
		}
		if found == "" {
			t.Errorf("host2 has no folder that holds what %s of host1 holds: %d messages; it has %v", name, len(want), fresh)
			continue
		}
		delete(fresh, found)
		for _, m := range after.Folders[found].Messages {
			for _, flag := range m.Flags {
				if strings.HasPrefix(string(flag), `\`) && !slices.Contains(fiveFlags, strings.ToLower(string(flag))) {
					t.Errorf("%s has the flag %s", m.MessageID, flag)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fresh)) {
		t.Errorf("host2 has a folder %q more, with %d messages", name, len(fresh[name]))
	}
}

// TestInjectionByPassword gives passwords and names that consist of commands, and
// other ones that no atom can hold. They are wrong, and nothing of them is executed.
func TestInjectionByPassword(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			b := newAccount(t, mailtest.Real(t, kind, "users=24"))
			before := mailtest.Snapshot(t, b.s, b.user)
			login := fmt.Sprintf("a1 LOGIN %s %s\r\na2 CREATE %s\r\n", b.user, b.password, b.s.FolderName([]string{"PWNED"}))
			chance := mailtest.Chance(t, 720)
			noise := make([]byte, 1+chance.IntN(60))
			for i := range noise {
				noise[i] = byte(1 + chance.IntN(255))
			}
			var all sync.WaitGroup
			defer all.Wait()
			for i, word := range []string{
				"x\r\n" + login, login, "\"\r\n" + login, "x {3+}\r\n" + login, `quo"te\`, "caf\u00e9", "caf\xe9", "{9+}", "a) (b", string(noise),
			} {
				all.Go(func() {
					t.Run(fmt.Sprint(i), func(t *testing.T) {
						other, mech := b, []string{"--authmech2", "LOGIN"}
						other.password = word
						if i%3 == 2 {
							mech = []string{"--authmech2", "PLAIN"}
						}
						p, end := cli.ParseArgs(append(args(a, other), append(mech, "--timeout2", "20", "--nousecache")...)...)
						if p == nil {
							t.Logf("refused before anything is connected: %s", end.Stderr)
							return
						}
						o := migrate(t, a, other, append(mech, "--timeout2", "20", "--nousecache")...)
						if o.code() == 0 {
							t.Errorf("exit code 0 with the password %q\n%s", word, o.text)
						}
					})
				})
			}
			all.Wait()
			after := mailtest.Snapshot(t, b.s, b.user)
			for _, line := range mailtest.Diff(before, after, mailtest.Rules{}) {
				t.Error(line)
			}
		})
	}
}

var fiveFlags = []string{`\answered`, `\flagged`, `\deleted`, `\seen`, `\draft`}

// within tells whether has are all of want, or, unless all must be there, some.
func within(has, want []string, all bool) bool {
	if all {
		return slices.Equal(has, want)
	}
	counts := make(map[string]int)
	for _, d := range want {
		counts[d]++
	}
	for _, d := range has {
		if counts[d]--; counts[d] < 0 {
			return false
		}
	}
	return true
}
