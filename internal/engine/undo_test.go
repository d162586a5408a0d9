package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// takeBack has a run be undone, and returns what came of it.
func takeBack(t testing.TB, ctx context.Context, o engine.Options, run uint64, options ...string) (engine.Undone, *event.Stats) {
	t.Helper()
	p, end := cli.ParseArgs(options...)
	if p == nil {
		t.Fatalf("exit %d\n%s%s", end.Code, end.Stdout, end.Stderr)
	}
	tally := event.NewTally(time.Now(), nil)
	o.Sink, o.Pause = event.Serial(tally.Add), func(int) time.Duration { return time.Millisecond }
	u, _ := engine.Undo(ctx, p, o, run)
	return u, tally.Stats()
}

func undoneCounts(u engine.Undone) (taken, gone, stay int) {
	for _, f := range u.Folders {
		taken, gone = taken+f.Taken, gone+f.Gone
		for _, n := range f.Stay {
			stay += n
		}
	}
	return taken, gone, stay
}

// What a run stored is taken back, and host2 is as it was; what somebody touched stays,
// and what is no more on host1.
func TestUndo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		hide             []imap.Cap
		between          func(t *testing.T, a, b account)
		taken, gone, str int
		refused          string
		options          []string // of the run
		equal            bool     // host2 is as before
	}{
		{"as it was", nil, nil, 7, 0, 0, "", nil, true},
		{"a flag was set", nil, func(t *testing.T, _, b account) {
			mailtest.Say(t, b.s, b.user, "SELECT A", `UID STORE 4 +FLAGS (\Flagged)`)
		}, 6, 0, 1, "", nil, false},
		{"marked by somebody", nil, func(t *testing.T, _, b account) {
			mailtest.Say(t, b.s, b.user, "SELECT A", `UID STORE 4 +FLAGS (\Deleted)`)
		}, 6, 0, 1, "", nil, false},
		{"one was moved on host2", nil, func(t *testing.T, _, b account) { mailtest.Say(t, b.s, b.user, "SELECT A", `UID MOVE 4 INBOX`) }, 6, 0, 1, "", nil, false},
		{"one was moved within its folder", nil, func(t *testing.T, _, b account) {
			mailtest.Say(t, b.s, b.user, "CREATE Z", "SELECT A", "UID MOVE 4 Z", "SELECT Z", "UID MOVE 1 A", "SELECT A", "DELETE Z")
		}, 6, 0, 1, "", nil, false},
		{"a folder was renamed on host2", nil, func(t *testing.T, _, b account) { mailtest.Say(t, b.s, b.user, "RENAME New Newer") }, 5, 0, 2, "", nil, false},
		{"one was deleted on host2", nil, func(t *testing.T, _, b account) { lose(t, b, "A", 4) }, 6, 1, 0, "", nil, false},
		{"a folder was deleted on host2", nil, func(t *testing.T, _, b account) { mailtest.Say(t, b.s, b.user, "DELETE New") }, 5, 2, 0, "", nil, false},
		{"deleted on host2, and its source, too", nil, func(t *testing.T, a, b account) { lose(t, b, "A", 4); lose(t, a, "A", 3) }, 6, 0, 1, "", nil, false},
		{"one left host1", nil, func(t *testing.T, a, _ account) { lose(t, a, "A", 3) }, 6, 0, 1, "", nil, false},
		{"a folder left host1", nil, func(t *testing.T, a, _ account) { mailtest.Say(t, a.s, a.user, "DELETE New") }, 5, 0, 2, "", nil, false},
		{"a delivery into a new folder", nil, func(t *testing.T, _, b account) { put(t, b, "New", mails("new", 1, 0)...) }, 7, 0, 0, "", nil, false},
		{"host2 without UIDPLUS", []imap.Cap{imap.CapUIDPlus, imap.CapMove}, nil, 0, 0, 0, "UIDPLUS", nil, false},
		{"it deleted on host1", nil, nil, 0, 0, 0, "deleted on host1", []string{"--delete1"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: c.hide}))
			put(t, a, "INBOX", mails("inbox", 2, 100)...)
			put(t, a, "A", mails("first", 2, 200)...)
			put(t, b, "A", mails("own", 1, 300)...)
			migrate(t, a, b).expect(t, 0) // run 1
			before := mailtest.Snapshot(t, b.s, b.user)
			put(t, a, "A", mails("a", 4, 100)...)
			put(t, a, "INBOX", mails("more", 1, 100)...)
			put(t, a, "New", mails("b", 2, 100)...)
			mailtest.Say(t, a.s, a.user, "SUBSCRIBE New")
			migrate(t, a, b, c.options...).expect(t, 0) // run 2
			if c.between != nil {
				c.between(t, a, b)
			}
			now := mailtest.Snapshot(t, b.s, b.user)
			source := mailtest.Snapshot(t, a.s, a.user)
			for _, dry := range []bool{true, false} {
				options := args(a, b)
				if dry {
					options = append(options, "--dry")
				}
				u, stats := takeBack(t, t.Context(), engine.Options{}, 2, options...)
				taken, gone, stay := undoneCounts(u)
				if stats.ExitCode() != 0 || taken != c.taken || gone != c.gone || stay != c.str || (u.Refused == "") != (c.refused == "") || !strings.Contains(u.Refused, c.refused) {
					t.Errorf("dry %v: exit %d, %d taken, %d gone, %d stay, refused %q: %+v", dry, stats.ExitCode(), taken, gone, stay, u.Refused, u)
				}
				if after := mailtest.Snapshot(t, b.s, b.user); dry || c.refused != "" {
					untouched(t, "host2", now, after)
				} else if c.equal {
					untouched(t, "host2", before, after)
				}
			}
			untouched(t, "host1", source, mailtest.Snapshot(t, a.s, a.user))
			if after := mailtest.Snapshot(t, b.s, b.user); after.Folders["New"] != nil && len(after.Folders["New"].Messages) > 0 && now.Subscribed["New"] && !after.Subscribed["New"] {
				t.Error("a folder in which mail stays is unsubscribed")
			}
			if c.refused != "" {
				return
			}
			u, _ := takeBack(t, t.Context(), engine.Options{}, 2, args(a, b)...)
			if taken, gone, stay := undoneCounts(u); len(u.Removed) > 0 || taken != 0 || gone != c.gone || stay != c.str {
				t.Errorf("a second undo: %+v", u)
			}
			if c.equal { // what was taken back is copied again by the next run
				migrate(t, a, b).expect(t, 0)
				for _, d := range mailtest.Diff(now, mailtest.Snapshot(t, b.s, b.user), mailtest.Rules{}) {
					t.Errorf("host2 after one more run: %s", d)
				}
			}
		})
	}
}

// Where host2 has CONDSTORE a message was touched whose flags are as they were.
func TestUndoSeesEachTouch(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t, mailtest.Dovecot, mailtest.Cyrus, mailtest.Mox) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.Real(t, kind))
			put(t, a, "INBOX", mails("inbox", 3, 100)...)
			before := mailtest.Snapshot(t, b.s, b.user)
			migrate(t, a, b).expect(t, 0)
			mailtest.Say(t, b.s, b.user, "SELECT INBOX", `STORE 2 +FLAGS (\Flagged)`, `STORE 2 -FLAGS (\Flagged)`)
			u, stats := takeBack(t, t.Context(), engine.Options{}, 1, args(a, b)...)
			if taken, _, stay := undoneCounts(u); stats.ExitCode() != 0 || taken != 2 || stay != 1 {
				t.Errorf("%+v %v", u, stats.Errors)
			}
			for _, f := range u.Folders {
				if f.ByFlags {
					t.Error("MODSEQ was not looked at")
				}
			}
			after := mailtest.Snapshot(t, b.s, b.user)
			if n := len(after.Folders["INBOX"].Messages); n != 1 || len(before.Folders["INBOX"].Messages) != 0 {
				t.Errorf("%d messages are left", n)
			}
		})
	}
}

// An undo of runs that are not known says so.
func TestUndoOfNothing(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	put(t, a, "INBOX", mails("inbox", 2, 100)...)
	if u, _ := takeBack(t, t.Context(), engine.Options{}, 1, args(a, b)...); u.Refused == "" {
		t.Error("nothing is refused without a journal")
	}
	migrate(t, a, b).expect(t, 0)
	if u, _ := takeBack(t, t.Context(), engine.Options{}, 9, args(a, b)...); !strings.Contains(u.Refused, "no run 9") || len(u.Known) != 1 {
		t.Errorf("%+v", u)
	}
}

// Two accounts that share a mailbox on host2: what one of them counts on stays.
func TestUndoLeavesOthersMail(t *testing.T) {
	t.Parallel()
	a, to := embeddedPair(t)
	b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	put(t, a, "INBOX", append(mails("ann", 3, 200), mails("both", 1, 100)...)...)
	put(t, b, "INBOX", mails("both", 1, 100)...)
	migrate(t, a, to).expect(t, 0)
	out := migrate(t, b, to)
	out.expect(t, 0)
	u, _ := takeBack(t, t.Context(), engine.Options{}, 1, args(a, to)...)
	if taken, _, stay := undoneCounts(u); taken != 3 || stay != 1 {
		t.Errorf("%+v\n%s", u, out.text)
	}
	wantHolds(t, "host2", out, holds(t, to, "INBOX"), map[string]int{"both": 1})
}

// An undo is killed at many bytes of its dialogue with host2: the next one ends with host2
// as it was.
func TestUndoKilled(t *testing.T) {
	t.Parallel()
	tries := int64(6)
	if mailtest.FullChaos() {
		tries = 300
	}
	sa, sb := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	length := int64(0)
	for try := int64(-1); try < tries; try++ {
		a, b := newAccount(t, sa), newAccount(t, sb)
		put(t, b, "A", mails("own", 1, 300)...)
		before := mailtest.Snapshot(t, b.s, b.user)
		put(t, a, "A", mails("a", 4, 100)...)
		put(t, a, "New", mails("b", 2, 100)...)
		migrate(t, a, b).expect(t, 0)
		ctx, kill := context.WithCancel(t.Context())
		d := &dying{kill: kill}
		if d.left.Store(1 << 40); try >= 0 {
			d.left.Store(length * (try + 1) / (tries + 1))
		}
		takeBack(t, ctx, engine.Options{Dial: d.dial}, 1, args(a, b)...)
		kill()
		if try < 0 {
			length = 1<<40 - d.left.Load()
		}
		u, stats := takeBack(t, t.Context(), engine.Options{}, 1, args(a, b)...)
		now := mailtest.Snapshot(t, b.s, b.user)
		delete(before.Folders, "INBOX")
		delete(now.Folders, "INBOX")
		untouched(t, "host2", before, now)
		if stats.ExitCode() != 0 || t.Failed() {
			t.Fatalf("killed at byte %d of %d: %+v %v", length*(try+1)/(tries+1), length, u, stats.Errors)
		}
	}
}

// A run is killed at many bytes of its dialogue with host2: an undo of it finds what is there
// and takes it back, or says that something may be there still.
func TestUndoOfKilledRun(t *testing.T) {
	t.Parallel()
	tries := int64(6)
	if mailtest.FullChaos() {
		tries = 300
	}
	sa, sb := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	length, doubts, told := int64(0), 0, 0
	for try := int64(-1); try < 2*tries; try++ {
		a, b := newAccount(t, sa), newAccount(t, sb)
		put(t, b, "A", mails("own", 1, 300)...)
		put(t, a, "A", mails("a", 90, 1000)...)
		put(t, a, "New", mails("b", 2, 1000)...)
		ctx, kill := context.WithCancel(t.Context())
		d := &dying{kill: kill}
		if d.left.Store(1 << 40); try >= 0 {
			d.left.Store(length * (try%tries + 1) / (tries + 1))
		}
		migrateWith(t, ctx, engine.Options{Dial: d.dial}, args(a, b)...)
		kill()
		if try < 0 {
			length = 1<<40 - d.left.Load()
			continue
		}
		want := 1
		if try >= tries { // what came by itself looks like nothing of the run
			put(t, b, "A", mails("delivered", 1, 300)...)
			want++
		}
		dry, _ := takeBack(t, t.Context(), engine.Options{}, 1, append(args(a, b), "--dry")...)
		u, stats := takeBack(t, t.Context(), engine.Options{}, 1, args(a, b)...)
		_, _, stay := undoneCounts(u)
		left := 0
		for _, f := range mailtest.Snapshot(t, b.s, b.user).Folders {
			left += len(f.Messages)
		}
		if dry.Doubtful > 0 {
			doubts++
		}
		if u.Doubtful > 0 {
			told++
		}
		if stats.ExitCode() != 0 || stay != 0 || left < want || left-want > u.Doubtful || try < tries && u.Doubtful > 0 || u.Doubtful > dry.Doubtful {
			t.Errorf("try %d: killed at byte %d of %d: %d messages are left, want %d, %d doubtful: %+v %v", try, d.left.Load(), length, left, want, u.Doubtful, u, stats.Errors)
		}
	}
	if doubts == 0 || told == 0 {
		t.Errorf("%d runs left a doubt, %d undos too", doubts, told)
	}
}
