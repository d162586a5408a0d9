package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// sent is how often host2 was given a command.
func (o outcome) sent(command string) int64 {
	n := int64(0)
	for name, k := range o.fin.CommandNames[2] {
		if strings.HasSuffix(name, command) {
			n += k
		}
	}
	return n
}

// sameBut fails unless host2 has what host1 has, but for what lies in these folders.
func sameBut(t testing.TB, a, b account, but ...string) {
	t.Helper()
	x, y := mailtest.Snapshot(t, a.s, a.user), mailtest.Snapshot(t, b.s, b.user)
	for _, f := range but {
		for _, s := range []mailtest.State{x, y} {
			delete(s.Folders, f)
			delete(s.Subscribed, f)
		}
	}
	for _, d := range mailtest.Diff(x, y, mailtest.Known(a.s, b.s)) {
		t.Error(d)
	}
}

// What was moved on host1 is moved on host2, or copied there, and not sent again.
func TestMovedOnHost1(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		hide       []imap.Cap
		options    []string
		say        []string // to host1
		move, copy int64
		differ     []string // folders that may differ
		appends    int64
		code       int
	}{
		{"mirror", nil, []string{"--delete2"}, []string{"SELECT A", "UID MOVE 2:4 B", "SELECT B", `UID STORE 11 +FLAGS (\Flagged)`}, 1, 0, nil, 0, 0},
		{"mirror, to a folder before", nil, []string{"--delete2"}, []string{"SELECT B", "UID MOVE 1,5 A"}, 1, 0, nil, 0, 0},
		{"mirror, both ways", nil, []string{"--delete2"}, []string{"SELECT A", "UID MOVE 3 B", "SELECT B", "UID MOVE 4 A", "UID MOVE 6 INBOX"}, 3, 0, nil, 0, 0},
		{"mirror, to a new folder", nil, []string{"--delete2"}, []string{"CREATE C", "SELECT A", "UID MOVE 1 C"}, 1, 0, nil, 0, 0},
		{"mirror without MOVE", []imap.Cap{imap.CapMove}, []string{"--delete2"}, []string{"SELECT A", "UID COPY 2:3 B", `UID STORE 2:3 +FLAGS (\Deleted)`, "EXPUNGE"}, 0, 1, nil, 0, 0},
		{"mirror without UIDPLUS", []imap.Cap{imap.CapUIDPlus, imap.CapMove}, []string{"--delete2", "--expunge2"}, []string{"SELECT A", "UID COPY 2:3 B", `UID STORE 2:3 +FLAGS (\Deleted)`, "EXPUNGE"}, 0, 0, nil, 2, 0},
		{"mirror, marked only", nil, []string{"--delete2", "--nouidexpunge2"}, []string{"SELECT A", "UID MOVE 2 B"}, 0, 1, []string{"A"}, 0, 0},
		{"all of a folder", nil, []string{"--delete2"}, []string{"SELECT A", "UID MOVE 1:* B"}, 0, 1, []string{"A"}, 0, 122},
		{"all of a folder, allowed", nil, []string{"--delete2", "--delete2max", "100%"}, []string{"SELECT A", "UID MOVE 1:* B"}, 1, 0, nil, 0, 0},
		{"copy", nil, nil, []string{"SELECT A", "UID MOVE 2:4 B"}, 0, 1, []string{"A"}, 0, 0},
		{"renamed", nil, nil, []string{"RENAME A C"}, 0, 1, []string{"A"}, 0, 0},
		{"renamed, mirror", nil, []string{"--delete2", "--delete2folders"}, []string{"RENAME A C"}, 0, 1, nil, 0, 0},
		{"copied only", nil, nil, []string{"SELECT A", "UID COPY 2 B"}, 0, 0, nil, 1, 0},
		{"without a journal", nil, []string{"--nousecache"}, []string{"SELECT A", "UID MOVE 2 B"}, 0, 0, []string{"A"}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: c.hide}))
			put(t, a, "INBOX", mails("inbox", 3, 100)...)
			put(t, a, "A", mails("a", 8, 200)...)
			put(t, a, "B", mails("b", 8, 300)...)
			migrate(t, a, b, c.options...).expect(t, 0)
			mailtest.Say(t, a.s, a.user, c.say...)
			out := migrate(t, a, b, c.options...)
			out.expect(t, c.code)
			sameBut(t, a, b, c.differ...)
			if m, k := out.sent("MOVE"), out.sent("COPY"); m != c.move || k != c.copy || out.sent("APPEND") != c.appends {
				t.Errorf("%d MOVE, %d COPY, %d APPEND: %v\n%s", m, k, out.sent("APPEND"), out.fin.CommandNames[2], out.text)
			}
			again := migrate(t, a, b, c.options...)
			if again.stats.Transferred != 0 || again.sent("MOVE")+again.sent("COPY")+again.sent("APPEND") != 0 {
				t.Errorf("a further run does something\n%s", again.text)
			}
			sameBut(t, a, b, c.differ...)
		})
	}
}

// What comes back to the folder that it left, or comes there again while it leaves, is
// there on host2 as well after one run: with --noresurrect, too, since it was this program
// that took it away. What somebody brought to its new place on host2 already leaves the
// old one.
func TestMovedAndBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		hide    []imap.Cap
		options []string
		say     [][]string // to host1, with a run after each
		say2    []string   // to host2, before the first of them
	}{
		{"back", nil, nil, [][]string{{"SELECT A", "UID MOVE 2 B"}, {"SELECT B", "UID MOVE 9 A"}, {"SELECT A", "UID MOVE 9 B"}, {"SELECT B", "UID MOVE 10 A"}}, nil},
		{"deleted, and back", nil, nil, [][]string{{"SELECT A", "UID COPY 2:3 B", `UID STORE 2:3 +FLAGS (\Deleted)`, "EXPUNGE"}, {"SELECT B", "UID COPY 9 A"}}, nil},
		{"back, without MOVE", []imap.Cap{imap.CapMove}, nil, [][]string{{"SELECT A", "UID COPY 2 B", `UID STORE 2 +FLAGS (\Deleted)`, "EXPUNGE"}, {"SELECT B", "UID COPY 9 A", `UID STORE 9 +FLAGS (\Deleted)`, "EXPUNGE"}}, nil},
		{"back, without UIDPLUS", []imap.Cap{imap.CapUIDPlus, imap.CapMove}, []string{"--expunge2"}, [][]string{{"SELECT A", "UID COPY 2 B", `UID STORE 2 +FLAGS (\Deleted)`, "EXPUNGE"}, {"SELECT B", "UID COPY 9 A"}}, nil},
		{"back out of quarantine", nil, []string{"--quarantine2", "Q"}, [][]string{{"SELECT A", `UID STORE 2 +FLAGS (\Deleted)`, "EXPUNGE"}, {"again"}}, nil},
		{"in both", nil, nil, [][]string{{"SELECT A", "UID MOVE 2 B", "SELECT B", "UID COPY 9 A"}}, nil},
		{"in both, from a folder before", nil, nil, [][]string{{"SELECT B", "UID MOVE 2 A", "SELECT A", "UID COPY 9 B"}}, nil},
		{"in both, each wanted", nil, []string{"--syncduplicates"}, [][]string{{"SELECT A", "UID MOVE 2:3 B", "SELECT B", "UID COPY 9:10 A"}}, nil},
		{"moved on host2 as well", nil, nil, [][]string{{"SELECT A", "UID MOVE 2:3 B"}}, []string{"SELECT A", "UID MOVE 2 B"}},
		{"copied on host2 as well", nil, nil, [][]string{{"SELECT A", "UID MOVE 2:3 B", "SELECT B", "UID MOVE 4:5 A"}}, []string{"SELECT A", "UID COPY 2 B", "SELECT B", "UID COPY 4 A"}},
	} {
		for _, more := range [][]string{nil, {"--noresurrect"}} {
			t.Run(c.name+strings.Join(more, ""), func(t *testing.T) {
				a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: c.hide}))
				put(t, a, "A", mails("a", 8, 200)...)
				put(t, a, "B", mails("b", 8, 300)...)
				options := slices.Concat([]string{"--delete2"}, c.options, more)
				migrate(t, a, b, options...).expect(t, 0)
				if c.say2 != nil {
					mailtest.Say(t, b.s, b.user, c.say2...)
				}
				for _, say := range c.say {
					if say[0] == "again" {
						put(t, a, "A", mails("a", 2, 200)[1])
					} else {
						mailtest.Say(t, a.s, a.user, say...)
					}
					out := migrate(t, a, b, options...)
					out.expect(t, 0)
					if sameBut(t, a, b, "Q"); t.Failed() {
						t.Fatalf("after %v\n%s", say, out.text)
					}
				}
			})
		}
	}
}

// What people did to the flags on host2 stays with --noresyncflags when the message is
// moved; a copy has those of host1, as an upload.
func TestMovedFlagsStay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want    string
		options []string
	}{{`[\seen] [\deleted]`, []string{"--delete2", "--noresyncflags"}}, {"[] []", []string{"--noresyncflags"}}, {"[] []", []string{"--delete2"}}} {
		options := c.options
		a, b := embeddedPair(t)
		put(t, a, "A", mails("a", 8, 200)...)
		migrate(t, a, b, options...).expect(t, 0)
		mailtest.Say(t, b.s, b.user, "SELECT A", `UID STORE 2 +FLAGS (\Seen)`, `UID STORE 3 +FLAGS (\Deleted)`)
		mailtest.Say(t, a.s, a.user, "CREATE B", "SELECT A", "UID MOVE 2:3 B")
		migrate(t, a, b, options...).expect(t, 0)
		got := mailtest.Snapshot(t, b.s, b.user).Folders["B"].Messages
		if len(got) != 2 || !strings.EqualFold(fmt.Sprint(got[0].Flags, got[1].Flags), c.want) {
			t.Errorf("%v: %v", options, got)
		}
	}
}

// Host2 refuses to move, or moves a part of it: what it moved is not sent, the rest is, and
// nothing is left in its old place.
func TestMoveRefused(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string][]meddle.Rule{
		"NO to MOVE":           {{Action: meddle.Refuse, Match: regexp.MustCompile("^UID MOVE"), Text: "NO [CANNOT] not today"}},
		"BAD to MOVE":          {{Action: meddle.Refuse, Match: regexp.MustCompile("^UID MOVE"), Text: "BAD what?"}},
		"OK, and nothing":      {{Action: meddle.Refuse, Match: regexp.MustCompile("^UID MOVE"), Text: "OK done"}},
		"cut before":           {{Action: meddle.CutBefore, Match: regexp.MustCompile("^UID MOVE"), Times: 1}},
		"cut behind":           {{Action: meddle.CutAfter, Match: regexp.MustCompile("^UID MOVE"), Times: 1}},
		"a part, and NO":       {{Action: meddle.Alter, Match: regexp.MustCompile("UID MOVE 2:4 "), Text: "UID MOVE 3 "}, {Action: meddle.Replace, Match: regexp.MustCompile("^(T?[0-9A-Za-z]+) OK MOVE"), Text: "$1 NO MOVE"}},
		"a part, and OK":       {{Action: meddle.Alter, Match: regexp.MustCompile("UID MOVE 2:4 "), Text: "UID MOVE 3 "}},
		"no target for either": {{Action: meddle.Refuse, Match: regexp.MustCompile("^UID (MOVE|COPY)"), Text: "NO [TRYCREATE] no such mailbox"}},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := embeddedPair(t)
			put(t, a, "A", mails("a", 8, 200)...)
			put(t, a, "B", mails("b", 8, 200)...)
			front, _ := meddled(t, b, rules...)
			migrate(t, a, front, "--delete2").expect(t, 0)
			mailtest.Say(t, a.s, a.user, "SELECT A", "UID MOVE 2:4 B")
			out := migrate(t, a, front, "--delete2")
			if same(t, a, b); t.Failed() || out.stats.ExitCode() != 0 {
				t.Errorf("exit %d\n%s", out.stats.ExitCode(), out.text)
			}
			if again := migrate(t, a, front, "--delete2"); again.stats.Transferred != 0 {
				t.Errorf("a further run does something\n%s", again.text)
			}
		})
	}
}

// Equal headers, size and date are no equal message: nothing of it is lost.
func TestLikeMovedIsSent(t *testing.T) {
	t.Parallel()
	for _, options := range [][]string{nil, {"--delete2"}} {
		a, b := embeddedPair(t)
		one := dated("one", 100)
		other := one
		other.Body = []byte(strings.Replace(string(one.Body), "Text.", "Tex2.", 1))
		put(t, a, "A", append(mails("a", 3, 200), one)...)
		put(t, a, "B", mails("b", 3, 200)...)
		migrate(t, a, b, options...).expect(t, 0)
		lose(t, a, "A", 4)
		put(t, a, "B", other)
		out := migrate(t, a, b, options...)
		out.expect(t, 0)
		if options != nil {
			same(t, a, b)
		} else {
			sameBut(t, a, b, "A")
		}
		if out.sent("APPEND") != 1 {
			t.Errorf("it was not sent\n%s", out.text)
		}
	}
}

// One message of host2 may stand for two of host1: one of them leaves, the other keeps it.
func TestMovedTwin(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	one := dated("one", 100)
	put(t, a, "A", append(mails("a", 3, 200), one, one)...)
	put(t, a, "B", mails("b", 3, 200)...)
	migrate(t, a, b, "--delete2").expect(t, 0)
	mailtest.Say(t, a.s, a.user, "SELECT A", "UID MOVE 5 B")
	out := migrate(t, a, b, "--delete2")
	out.expect(t, 0)
	wantHolds(t, "A", out, holds(t, b, "A"), map[string]int{"a": 3, "one": 1})
	wantHolds(t, "B", out, holds(t, b, "B"), map[string]int{"b": 3, "one": 1})
}

// A run that moves on host2 is killed at many bytes of its dialogue: the next one ends
// with one copy of each message, in its place.
func TestMovedAndKilled(t *testing.T) {
	t.Parallel()
	tries := int64(6)
	if mailtest.FullChaos() {
		tries = 300
	}
	for name, hide := range map[string][]imap.Cap{"MOVE": nil, "COPY": {imap.CapMove}} {
		t.Run(name, func(t *testing.T) {
			sa, sb := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{Hide: hide})
			length := int64(0)
			for try := int64(-1); try < tries; try++ {
				a, b := newAccount(t, sa), newAccount(t, sb)
				put(t, a, "A", mails("a", 6, 200)...)
				put(t, a, "B", mails("b", 4, 300)...)
				migrate(t, a, b, "--delete2").expect(t, 0)
				mailtest.Say(t, a.s, a.user, "SELECT A", "UID MOVE 2:3 B", "SELECT B", "UID MOVE 1 A")
				ctx, kill := context.WithCancel(t.Context())
				d := &dying{kill: kill}
				if d.left.Store(1 << 40); try >= 0 {
					d.left.Store(length * (try + 1) / (tries + 1))
				}
				o := engine.Options{Dial: d.dial}
				first := migrateWith(t, ctx, o, append(args(a, b), "--delete2")...)
				if try < 0 {
					length = 1<<40 - d.left.Load()
				}
				kill()
				out := migrate(t, a, b, "--delete2", "--noresurrect")
				out.expect(t, 0)
				same(t, a, b)
				mailtest.Say(t, a.s, a.user, "SELECT B", "UID MOVE 5:6 A")
				back := migrate(t, a, b, "--delete2", "--noresurrect")
				back.expect(t, 0)
				out.text += back.text
				same(t, a, b)
				if t.Failed() {
					t.Fatalf("killed at byte %d of %d\n%s\n%s", length*(try+1)/(tries+1), length, first.text, out.text)
				}
			}
		})
	}
}

// dying is the line to host2 of a process that is killed after so many bytes.
type dying struct {
	left atomic.Int64
	kill func()
}

func (d *dying) dial(side event.Side) func(context.Context, string, string) (net.Conn, error) {
	if side == 1 {
		return nil
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if d.left.Load() <= 0 {
			return nil, errors.New("killed")
		}
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, fmt.Errorf("dial: %w", err)
		}
		return &dyingConn{c, d}, nil
	}
}

type dyingConn struct {
	net.Conn
	d *dying
}

func (c *dyingConn) spend(b []byte, move func([]byte) (int, error)) (int, error) {
	left := c.d.left.Load()
	if left <= 0 {
		c.d.kill()
		c.Close()
		return 0, net.ErrClosed
	}
	n, err := move(b[:min(int64(len(b)), left)])
	if c.d.left.Add(-int64(n)) <= 0 && err == nil {
		c.d.kill()
		c.Close()
		err = net.ErrClosed
	}
	return n, err
}

func (c *dyingConn) Read(b []byte) (int, error)  { return c.spend(b, c.Conn.Read) }
func (c *dyingConn) Write(b []byte) (int, error) { return c.spend(b, c.Conn.Write) }

// Host2 tells of its MOVE or COPY what is not so: each message is in its place
// nevertheless, once, with its flags.
func TestMovedByALiar(t *testing.T) {
	t.Parallel()
	for fault := unsound.Missing; fault <= unsound.Unordered; fault++ {
		for _, hide := range [][]string{nil, {"MOVE"}} {
			t.Run(fault.String()+strings.Join(hide, ""), func(t *testing.T) {
				t.Parallel()
				_, faulty, sound := mailtest.StartUnsound(t, unsound.Faults{CopyUID: fault, Hide: hide})
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, faulty)
				at := b
				at.s = sound
				put(t, a, "A", mails("a", 8, 200)...)
				put(t, a, "B", mails("b", 8, 300)...)
				migrate(t, a, b, "--delete2").expect(t, 0)
				mailtest.Say(t, a.s, a.user, "SELECT A", `UID STORE 2 +FLAGS (\Flagged)`, `UID STORE 3 +FLAGS (\Seen)`, "UID MOVE 2:4 B", "SELECT B", "UID MOVE 1 A")
				out := migrate(t, a, b, "--delete2")
				sameBut(t, a, at)
				again := migrate(t, a, b, "--delete2")
				again.expect(t, 0)
				sameBut(t, a, at)
				if t.Failed() || again.stats.Transferred > 0 {
					t.Fatalf("exit %d, %d messages in a further run\n%s\n%s", out.stats.ExitCode(), again.stats.Transferred, out.text, again.text)
				}
			})
		}
	}
}
