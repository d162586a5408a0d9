package imapconn

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// limitedPeer plays a folder of n messages on a server that carries no command out
// for more than most messages (RFC 9738). Only FETCH, STORE, EXPUNGE and SEARCH of
// UIDs are understood. ownCode: the code comes in an untagged reply.
func limitedPeer(p *peer, n, most int, ownCode bool) {
	there := make(map[int]bool)
	for i := 1; i <= n; i++ {
		there[i] = true
	}
	for {
		tag, command, _ := strings.Cut(p.line(), " ")
		verb, rest, _ := strings.Cut(strings.TrimPrefix(command, "UID "), " ")
		if verb == "LOGOUT" {
			return
		}
		if verb == "EXAMINE" || verb == "SELECT" {
			p.say(fmt.Sprintf("* %d EXISTS\n%s OK done\n", len(there), tag))
			continue
		}
		words := strings.Fields(rest)
		set := words[0]
		if verb == "SEARCH" {
			set = "1:*"
			if len(words) == 3 { // ALL UID 1:n
				set = words[2]
			}
		}
		var chosen []int
		for i := n; i > 0; i-- {
			if there[i] && inSet(set, i) {
				chosen = append(chosen, i)
			}
		}
		code := ""
		if len(chosen) > most {
			chosen = chosen[:most]
			code = fmt.Sprintf("[MESSAGELIMIT %d %d] ", most, chosen[most-1])
		}
		for _, u := range chosen {
			switch verb {
			case "FETCH", "STORE":
				p.say(fmt.Sprintf("* %d FETCH (UID %d FLAGS (\\Seen))\n", u, u))
			case "SEARCH":
				p.say(fmt.Sprintf("* SEARCH %d\n", u))
			case "EXPUNGE":
				delete(there, u)
			}
		}
		if ownCode && code != "" {
			p.say("* NO " + code + "not all\n")
			code = "[HIGHESTMODSEQ 7] "
		}
		p.say(tag + " OK " + code + "done\n")
	}
}

// inSet understands n, n:m and n:*, separated by commas.
func inSet(set string, u int) bool {
	for part := range strings.SplitSeq(set, ",") {
		from, to, ranged := strings.Cut(part, ":")
		a, _ := strconv.Atoi(from)
		b, err := strconv.Atoi(to)
		switch {
		case !ranged:
			b = a
		case err != nil:
			b = 1 << 30
		}
		if a <= u && u <= b {
			return true
		}
	}
	return false
}

// A server that does a part of each command gets all of it done, whether it tells
// its limit in advance or not.
func TestMessageLimit(t *testing.T) {
	const n, most = 23, 5
	for _, tc := range []struct {
		name, caps string
		ownCode    bool
	}{
		{"announced", "UIDPLUS MESSAGELIMIT=5", false},
		{"unannounced", "UIDPLUS", false},
		{"with another code", "UIDPLUS", true},
		{"less than announced", "UIDPLUS MESSAGELIMIT=1000", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := connect(t, tc.caps, func(p *peer) { limitedPeer(p, n, most, tc.ownCode) })
			ctx := t.Context()
			if _, err := c.Select(ctx, "INBOX", nil); err != nil {
				t.Fatal(err)
			}
			var all []imap.UID
			for u := range imap.UID(n) {
				all = append(all, u+1)
			}
			fetch := func(ask func(*Fetch) error) []imap.UID {
				f := c.Fetch(FetchItems{UID: true, Flags: true})
				if err := ask(f); err != nil {
					t.Fatal(err)
				}
				var got []imap.UID
				if err := f.Each(ctx, func(m *Message) error { got = append(got, m.UID); return nil }); err != nil {
					t.Fatal(err)
				}
				if missing, errs := f.Missing(), f.CommandErrs(); len(missing) > 0 || len(errs) > 0 {
					t.Errorf("missing %v, errors %v", missing, errs)
				}
				slices.Sort(got)
				return got
			}
			if got := fetch(func(f *Fetch) error { return f.AskRange(ctx, 1, 0) }); !slices.Equal(got, all) {
				t.Errorf("FETCH of a range: %v", got)
			}
			if got := fetch(func(f *Fetch) error { return f.Ask(ctx, imap.UIDSet{{Start: 2, Stop: 19}, {Start: 21, Stop: 21}}) }); len(got) != 19 {
				t.Errorf("FETCH of a set: %v", got)
			}
			if got, err := c.UIDSearch(ctx, "ALL"); err != nil || !slices.Equal(got, all) {
				t.Errorf("SEARCH: %v, %v", got, err)
			}
			d, err := c.UIDStore(ctx, imap.UIDSet{{Start: 1, Stop: n}}, []imap.Flag{imap.FlagSeen}, StoreOptions{Op: imap.StoreFlagsAdd})
			if err != nil || len(d.Changed) != n {
				t.Errorf("STORE changed %d messages: %v", len(d.Changed), err)
			}
			if err := c.UIDExpunge(ctx, imap.UIDSet{{Start: 1, Stop: n - 2}}); err != nil {
				t.Error(err)
			}
			if left, err := c.UIDSearch(ctx, "ALL"); err != nil || !slices.Equal(left, all[n-2:]) {
				t.Errorf("%v are left, %v", left, err)
			}
			if got := c.MessageLimit(); got != most {
				t.Errorf("the limit is %d", got)
			}
			_ = c.Logout(ctx)
		})
	}
}

// What was not done is never taken for done: not when the mailbox is another one
// by then, and not when the server does not get on.
func TestMessageLimitThatCanNotBeMadeUpFor(t *testing.T) {
	c := connect(t, "UIDPLUS", func(p *peer) {
		p.want("T1 SELECT A")
		p.say("* 9 EXISTS\nT1 OK done\n")
		p.want("T2 UID FETCH 1:* (UID FLAGS)")
		p.want("T3 SELECT B")
		p.say("* 9 FETCH (UID 9 FLAGS ())\nT2 OK [MESSAGELIMIT 5 9] done\n* 1 EXISTS\nT3 OK done\n")
		p.want("T4 UID FETCH 1:3 (UID FLAGS)")
		p.say("T4 OK [MESSAGELIMIT 2 4] nothing\n")
		p.want("T5 UID STORE 1:2 FLAGS (\\Seen)")
		p.say("T5 OK [MESSAGELIMIT 2] some\n")
		p.want("T6 UID SEARCH ALL")
		p.say("* SEARCH 9\nT6 OK [MESSAGELIMIT 2 9] some\n")
		p.want("T7 UID SEARCH ALL UID 1:8")
		p.say("* SEARCH\nT7 OK [MESSAGELIMIT 2 9] none\n")
		// Nothing may have changed in the part that was looked at.
		p.want("T8 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 5)")
		p.say("T8 OK [MESSAGELIMIT 2 8] none here\n")
		p.want("T9 UID FETCH 1:7 (UID FLAGS) (CHANGEDSINCE 5)")
		p.say("* 2 FETCH (UID 3 FLAGS () MODSEQ (6))\nT9 OK [MESSAGELIMIT 2 3] some\n")
		p.want("T10 UID FETCH 1:2 (UID FLAGS) (CHANGEDSINCE 5)")
		p.say("T10 OK [MESSAGELIMIT 2 3] it does not get on\n")
	})
	ctx := t.Context()
	if _, err := c.Select(ctx, "A", nil); err != nil {
		t.Fatal(err)
	}
	var partly *PartlyError
	f := c.Fetch(FetchItems{UID: true, Flags: true})
	if err := f.AskRange(ctx, 1, 0); err != nil {
		t.Fatal(err)
	}
	b, err := c.StartSelect(ctx, "B", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if err := f.Each(ctx, func(*Message) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if errs := f.CommandErrs(); len(errs) != 1 || !errors.As(errs[0].Err, &partly) || errs[0].Set.String() != "1:8" {
		t.Errorf("of the first mailbox: %v", errs)
	}
	if err := f.Ask(ctx, imap.UIDSet{{Start: 1, Stop: 3}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Each(ctx, func(*Message) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if errs, missing := f.CommandErrs(), f.Missing(); len(errs) != 1 || missing.String() != "1:3" {
		t.Errorf("errors %v, missing %v", errs, missing)
	}
	if _, err := c.UIDStore(ctx, imap.UIDSet{{Start: 1, Stop: 2}}, []imap.Flag{imap.FlagSeen}, StoreOptions{}); !errors.As(err, &partly) {
		t.Errorf("STORE: %v", err)
	}
	if got, err := c.UIDSearch(ctx, "ALL"); !errors.As(err, &partly) {
		t.Errorf("SEARCH: %v, %v", got, err)
	}
	f = c.Fetch(FetchItems{UID: true, Flags: true, ChangedSince: 5})
	if err := f.AskRange(ctx, 1, 0); err != nil {
		t.Fatal(err)
	}
	var changed []imap.UID
	if err := f.Each(ctx, func(m *Message) error { changed = append(changed, m.UID); return nil }); err != nil {
		t.Fatal(err)
	}
	if errs := f.CommandErrs(); len(changed) != 1 || len(errs) != 1 || errs[0].Set.String() != "1:2" {
		t.Errorf("%v changed, errors %v", changed, errs)
	}
}

// A server that shows a part of its folders to whoever may use sequence numbers is
// told that nobody does (RFC 9586), and its replies are understood.
func TestUIDOnly(t *testing.T) {
	for _, tc := range []struct {
		caps    string
		enabled bool
	}{
		{"ENABLE UIDONLY MESSAGELIMIT=1000", true},
		{"ENABLE UIDONLY", false},
		{"ENABLE MESSAGELIMIT=1000", false},
	} {
		t.Run(tc.caps, func(t *testing.T) {
			c := connect(t, tc.caps, func(p *peer) {
				tag := 1
				say := func(command, reply string) {
					p.want(fmt.Sprintf("T%d %s", tag, command))
					p.say(strings.ReplaceAll(reply, "%T", fmt.Sprintf("T%d", tag)))
					tag++
				}
				if tc.enabled {
					say("ENABLE UIDONLY", "* ENABLED UIDONLY\n%T OK done\n")
				}
				say("SELECT INBOX", "* 4 EXISTS\n%T OK done\n")
				say("UID FETCH 1:* (UID BODY.PEEK[])", "* 25996 UIDFETCH (BODY[] {3}\nabc)\n* 7 UIDFETCH (UID 7 BODY[] {2}\nde)\n* VANISHED 3,9\n%T OK done\n")
				say("UID STORE 7 FLAGS (\\Seen)", "* 7 UIDFETCH (FLAGS (\\Seen))\n%T OK done\n")
			})
			ctx := t.Context()
			if err := c.Login(ctx, Credentials{}); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Select(ctx, "INBOX", nil); err != nil {
				t.Fatal(err)
			}
			f := c.Fetch(FetchItems{UID: true, Body: true})
			if err := f.AskRange(ctx, 1, 0); err != nil {
				t.Fatal(err)
			}
			var got []string
			err := f.Each(ctx, func(m *Message) error {
				body, err := io.ReadAll(m.Body)
				got = append(got, fmt.Sprintf("%d %s", m.UID, body))
				return err
			})
			if err != nil || !slices.Equal(got, []string{"25996 abc", "7 de"}) {
				t.Errorf("%q, %v", got, err)
			}
			if n := c.Mailbox().Exists; n != 2 {
				t.Errorf("%d messages are there", n)
			}
			d, err := c.UIDStore(ctx, imap.UIDSet{{Start: 7, Stop: 7}}, []imap.Flag{imap.FlagSeen}, StoreOptions{})
			if err != nil || len(d.Changed) != 1 || d.Changed[0].UID != 7 {
				t.Errorf("%+v, %v", d, err)
			}
		})
	}
}
