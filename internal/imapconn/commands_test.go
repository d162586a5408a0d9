package imapconn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestCommands: what each method sends, and what it makes of the answer.
func TestCommands(t *testing.T) {
	num := func(n uint32) *uint32 { return &n }
	size := func(n int64) *int64 { return &n }
	set := imap.UIDSet{{Start: 1, Stop: 3}, {Start: 7, Stop: 7}}
	for _, tt := range []struct {
		name   string
		caps   string
		call   func(context.Context, *Conn) (any, error)
		sent   []string
		answer string // %T is the tag of the last line sent
		want   any
		bad    bool
	}{
		{
			name: "list with status",
			call: func(ctx context.Context, c *Conn) (any, error) {
				return c.List(ctx, "", "*", &ListOptions{ReturnSubscribed: true, ReturnChildren: true, ReturnSpecialUse: true,
					ReturnStatus: &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true, HighestModSeq: true, Size: true}})
			},
			sent: []string{`T1 LIST "" "*" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY SIZE HIGHESTMODSEQ))`},
			answer: "* LIST (\\Subscribed) \"/\" INBOX\n* STATUS INBOX (MESSAGES 17 UIDNEXT 16 UIDVALIDITY 5 SIZE 9999999999 HIGHESTMODSEQ 18446744073709551615)\n" +
				"* LIST (\\NoSelect) \"/\" \"a b\"\n* LIST () \"/\" c\n* STATUS c (MESSAGES 0)\n* STATUS other (MESSAGES 9)\n%T OK\n",
			want: []ListData{
				{Name: "INBOX", Delim: "/", Attrs: []imap.MailboxAttr{`\Subscribed`}, Status: &imap.StatusData{Mailbox: "INBOX", NumMessages: num(17), UIDNext: 16, UIDValidity: 5, Size: size(9999999999), HighestModSeq: 1<<64 - 1}},
				{Name: "a b", Delim: "/", Attrs: []imap.MailboxAttr{`\NoSelect`}},
				{Name: "c", Delim: "/", Status: &imap.StatusData{Mailbox: "c", NumMessages: num(0)}},
			},
		},
		{
			name: "list, selection options",
			call: func(ctx context.Context, c *Conn) (any, error) {
				return c.List(ctx, "a&-b", "%", &ListOptions{SelectSubscribed: true, RecursiveMatch: true})
			},
			sent: []string{`T1 LIST (SUBSCRIBED RECURSIVEMATCH) "a&-b" "%"`}, answer: "%T OK\n", want: []ListData(nil),
		},
		{
			name: "lsub", call: func(ctx context.Context, c *Conn) (any, error) { return c.Lsub(ctx, "", "*") },
			sent: []string{`T1 LSUB "" "*"`}, answer: "* LSUB () \".\" INBOX.a\n* LIST () \".\" b\n%T OK\n",
			want: []ListData{{Name: "INBOX.a", Delim: "."}},
		},
		{
			name: "xlist", call: func(ctx context.Context, c *Conn) (any, error) { return c.Xlist(ctx, "", "*") },
			sent: []string{`T1 XLIST "" "*"`}, answer: "* XLIST (\\Inbox \\AllMail) \"/\" x\n%T OK\n",
			want: []ListData{{Name: "x", Delim: "/", Attrs: []imap.MailboxAttr{`\Inbox`, `\AllMail`}}},
		},
		{
			name: "select, qresync",
			call: func(ctx context.Context, c *Conn) (any, error) {
				return c.Select(ctx, "INBOX", &SelectOptions{QResync: &QResync{UIDValidity: 67890007, ModSeq: 20050715194045000, KnownUIDs: set}})
			},
			sent: []string{"T1 SELECT INBOX (QRESYNC (67890007 20050715194045000 1:3,7))"},
			answer: "* OK [CLOSED] bye\n* 100 EXISTS\n* 11 RECENT\n* OK [UIDVALIDITY 67890007] ok\n* OK [UIDNEXT 600] ok\n* OK [HIGHESTMODSEQ 90060115205545359] ok\n" +
				"* OK [UNSEEN 7] x\n* FLAGS (\\Answered \\seen)\n* OK [PERMANENTFLAGS (\\Answered \\*)] ok\n* VANISHED (EARLIER) 41,43:116\n" +
				"* 49 FETCH (UID 117 FLAGS (\\Seen \\Answered) MODSEQ (90060115194045001))\n%T OK [READ-ONLY] done\n",
			want: &SelectData{
				Exists: 100, UIDValidity: 67890007, UIDNext: 600, HighestModSeq: 90060115205545359,
				Flags: []imap.Flag{`\Answered`, `\Seen`}, PermanentFlags: []imap.Flag{`\Answered`, `\*`}, HasPermanentFlags: true, ReadOnly: true,
				Vanished: imap.UIDSet{{Start: 41, Stop: 41}, {Start: 43, Stop: 116}},
				Changed:  []FlagChange{{UID: 117, Flags: []imap.Flag{`\Seen`, `\Answered`}, ModSeq: 90060115194045001}},
			},
		},
		{
			name: "examine", call: func(ctx context.Context, c *Conn) (any, error) {
				return c.Examine(ctx, "a b", &SelectOptions{CondStore: true})
			},
			sent: []string{`T1 EXAMINE "a b" (CONDSTORE)`}, answer: "* 1 EXISTS\n* OK [NOMODSEQ] none\n%T OK\n", want: &SelectData{Exists: 1, ReadOnly: true, NoModSeq: true},
		},
		{
			name: "select refused", bad: true, call: func(ctx context.Context, c *Conn) (any, error) { return c.Select(ctx, "x", nil) },
			sent: []string{"T1 SELECT x"}, answer: "%T NO [NONEXISTENT] none\n",
		},
		{
			name: "store, conditional", call: func(ctx context.Context, c *Conn) (any, error) {
				return c.UIDStore(ctx, set, seen, StoreOptions{Op: imap.StoreFlagsDel, UnchangedSince: 5})
			},
			sent:   []string{`T1 UID STORE 1:3,7 (UNCHANGEDSINCE 5) -FLAGS (\Seen $Forwarded)`},
			answer: "* 1 FETCH (UID 1 FLAGS () MODSEQ (6))\n* 2 FETCH (FLAGS ())\n* 5 EXISTS\n%T OK [MODIFIED 2,7] some\n",
			want:   &StoreData{Changed: []FlagChange{{UID: 1, ModSeq: 6}}, Modified: imap.UIDSet{{Start: 2, Stop: 2}, {Start: 7, Stop: 7}}},
		},
		{
			name: "store, silent", call: func(ctx context.Context, c *Conn) (any, error) {
				return c.UIDStore(ctx, set, nil, StoreOptions{Op: imap.StoreFlagsSet, Silent: true})
			},
			sent: []string{`T1 UID STORE 1:3,7 FLAGS.SILENT ()`}, answer: "%T OK\n", want: &StoreData{},
		},
		{
			name: "labels", call: func(ctx context.Context, c *Conn) (any, error) {
				return c.UIDStoreLabels(ctx, set, []string{`\Inbox`, "foo bar", `a"b`}, StoreOptions{Op: imap.StoreFlagsAdd, Silent: true})
			},
			sent: []string{`T1 UID STORE 1:3,7 +X-GM-LABELS.SILENT (\Inbox "foo bar" "a\"b")`}, answer: "%T OK\n", want: &StoreData{},
		},
		{
			name: "copy", call: func(ctx context.Context, c *Conn) (any, error) { return c.UIDCopy(ctx, set, "x y") },
			sent: []string{`T1 UID COPY 1:3,7 "x y"`}, answer: "%T OK [COPYUID 9 7,1:3 20,30:32] ok\n",
			want: &CopyData{UIDValidity: 9, Source: []imap.UID{7, 1, 2, 3}, Dest: []imap.UID{20, 30, 31, 32}},
		},
		{
			name: "move", call: func(ctx context.Context, c *Conn) (any, error) { return c.UIDMove(ctx, set, "x") },
			sent: []string{`T1 UID MOVE 1:3,7 x`}, answer: "* OK [COPYUID 9 1 20] ok\n* 1 EXPUNGE\n%T OK\n",
			want: &CopyData{UIDValidity: 9, Source: []imap.UID{1}, Dest: []imap.UID{20}},
		},
		{
			name: "uid expunge", call: func(ctx context.Context, c *Conn) (any, error) { return nil, c.UIDExpunge(ctx, set) },
			sent: []string{"T1 UID EXPUNGE 1:3,7"}, answer: "* 1 EXPUNGE\n%T OK\n",
		},
		{
			name: "search", call: func(ctx context.Context, c *Conn) (any, error) { return c.UIDSearch(ctx, "SINCE 1-Jan-2020") },
			sent: []string{"T1 UID SEARCH SINCE 1-Jan-2020"}, answer: "* SEARCH 9 3 5 (MODSEQ 7)\n* SEARCH 4\n%T OK\n", want: []imap.UID{3, 4, 5, 9},
		},
		{
			name: "esearch", caps: "ESEARCH", call: func(ctx context.Context, c *Conn) (any, error) { return c.UIDSearch(ctx, "ALL") },
			sent: []string{"T1 UID SEARCH RETURN (ALL) ALL"}, answer: "* ESEARCH (TAG \"T9\") UID ALL 1\n* ESEARCH (TAG \"T1\") UID ALL 2:3,7 MODSEQ 5 X-NEW (1 2)\n%T OK\n", want: []imap.UID{2, 3, 7},
		},
		{
			name: "esearch of everything", bad: true, caps: "ESEARCH", call: func(ctx context.Context, c *Conn) (any, error) { return c.UIDSearch(ctx, "ALL") },
			sent: []string{"T1 UID SEARCH RETURN (ALL) ALL"}, answer: "* ESEARCH (TAG \"T1\") UID ALL 1:4294967295\n%T OK\n",
		},
		{
			name: "search, junk", bad: true, call: func(ctx context.Context, c *Conn) (any, error) { return c.UIDSearch(ctx, "ALL") },
			sent: []string{"T1 UID SEARCH ALL"}, answer: "* SEARCH 1 two\n%T OK\n",
		},
		{
			name: "search refused", bad: true, call: func(ctx context.Context, c *Conn) (any, error) { return c.UIDSearch(ctx, "ALL") },
			sent: []string{"T1 UID SEARCH ALL"}, answer: "* SEARCH 1\n%T NO no\n",
		},
		{
			name: "acl", call: func(ctx context.Context, c *Conn) (any, error) { return c.GetACL(ctx, "x") },
			sent: []string{"T1 GETACL x"}, answer: "* ACL x u1 lrs \"anyone else\" \"\"\n%T OK\n", want: []ACLEntry{{"u1", "lrs"}, {"anyone else", ""}},
		},
		{
			name: "setacl", call: func(ctx context.Context, c *Conn) (any, error) { return nil, c.SetACL(ctx, "x", "u 1", "+lr") },
			sent: []string{`T1 SETACL x "u 1" "+lr"`}, answer: "%T OK\n",
		},
		{
			name: "myrights", call: func(ctx context.Context, c *Conn) (any, error) { return c.MyRights(ctx, "x") },
			sent: []string{"T1 MYRIGHTS x"}, answer: "* MYRIGHTS x lrswi\n%T OK\n", want: "lrswi",
		},
		{
			name: "create, special use", call: func(ctx context.Context, c *Conn) (any, error) {
				return nil, c.Create(ctx, "Sent", imap.MailboxAttrSent)
			},
			sent: []string{`T1 CREATE Sent (USE (\Sent))`}, answer: "* LIST () \"/\" Sent\n%T OK [MAILBOXID (x)] ok\n",
		},
		{
			name: "rename", call: func(ctx context.Context, c *Conn) (any, error) { return nil, c.Rename(ctx, "a", "b c") },
			sent: []string{`T1 RENAME a "b c"`}, answer: "* OK rename a b\n%T OK\n",
		},
		{
			name: "unsubscribe", call: func(ctx context.Context, c *Conn) (any, error) { return nil, c.Unsubscribe(ctx, "a") },
			sent: []string{`T1 UNSUBSCRIBE a`}, answer: "%T OK\n",
		},
		{
			name: "enable", call: func(ctx context.Context, c *Conn) (any, error) { return c.Enable(ctx, "QRESYNC", "CONDSTORE") },
			sent: []string{"T1 ENABLE QRESYNC CONDSTORE"}, answer: "* ENABLED QRESYNC\n%T OK\n", want: []imap.Cap{"QRESYNC"},
		},
		{
			name: "id", call: func(ctx context.Context, c *Conn) (any, error) {
				return c.ID(ctx, [2]string{"name", "x\"y"}, [2]string{"os", "ü\r\n"})
			},
			sent: []string{`T1 ID ("name" "x\"y" "os" "???")`}, answer: "* ID (\"Name\" \"Dovecot\")\n%T OK\n", want: map[string]string{"name": "Dovecot"},
		},
		{
			name: "unselect", caps: "UNSELECT", call: func(ctx context.Context, c *Conn) (any, error) { return nil, c.Unselect(ctx) },
			sent: []string{"T1 UNSELECT"}, answer: "%T OK\n",
		},
		{
			name: "close", call: func(ctx context.Context, c *Conn) (any, error) { return nil, c.CloseMailbox(ctx) },
			sent: []string{"T1 CLOSE"}, answer: "%T OK\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, tt.caps, func(p *peer) {
				tag := ""
				for _, s := range tt.sent {
					p.want(s)
					tag, _, _ = strings.Cut(s, " ")
				}
				p.say(strings.ReplaceAll(tt.answer, "%T", tag))
				p.ended()
			})
			got, err := tt.call(t.Context(), c)
			if (err != nil) != tt.bad || c.Err() != nil {
				t.Fatalf("%v, connection %v", err, c.Err())
			}
			if tt.bad {
				return
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(ListData{}), cmpopts.IgnoreFields(SelectData{}, "HasFlags"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			_ = c.Close()
		})
	}
}

// TestStatusNames: several in flight, one answered under another name.
func TestStatusNames(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.line()
		p.line()
		p.line()
		p.say("* STATUS b (MESSAGES 2)\n* STATUS INBOX/a (MESSAGES 1)\n* STATUS inbox (MESSAGES 3)\nT3 OK\nT1 OK\nT2 OK\n")
		p.ended()
	})
	ctx := t.Context()
	var all []*Pending[imap.StatusData]
	for _, name := range []string{"a", "b", "INBOX"} {
		p, err := c.StartStatus(ctx, name, imap.StatusOptions{NumMessages: true})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	countTo(t, all)
	_ = c.Close()
}

// countTo waits for the answers to STATUS: the n-th folder has n messages.
func countTo(t *testing.T, all []*Pending[imap.StatusData]) {
	t.Helper()
	for i, p := range all {
		d, err := p.Wait(t.Context())
		if err != nil || d.NumMessages == nil || int(*d.NumMessages) != i+1 {
			t.Fatalf("%d: %+v, %v", i+1, d, err)
		}
	}
}

// TestMailboxState follows the selected mailbox.
func TestMailboxState(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.want("T1 SELECT INBOX")
		p.say("* 5 EXISTS\nT1 OK [READ-WRITE]\n")
		p.want("T2 NOOP")
		p.say("* 1 EXPUNGE\n* 1 EXPUNGE\n* 4 EXISTS\n* 1 EXPUNGED\nT2 OK\n")
		p.want("T3 SELECT gone")
		p.say("T3 NO\n")
		p.ended()
	})
	ctx := t.Context()
	if _, err := c.Select(ctx, "INBOX", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Noop(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Mailbox{Name: "INBOX", Exists: 3, Left: 2}, c.Mailbox()); diff != "" {
		t.Error(diff)
	}
	if _, err := c.Select(ctx, "gone", nil); err == nil || c.Mailbox() != nil {
		t.Error(err, c.Mailbox())
	}
	_ = c.Close()
}

func TestLogout(t *testing.T) {
	for name, answer := range map[string]string{"proper": "* BYE bye\nT1 OK done\n", "BYE alone": "* BYE bye\n", "nothing": ""} {
		c := connect(t, "", func(p *peer) {
			p.want("T1 LOGOUT")
			p.say(answer)
		})
		if err := c.Logout(t.Context()); (err != nil) != (name == "nothing") {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.Noop(t.Context()); err == nil {
			t.Errorf("%s: alive", name)
		}
	}
}

// TestLongStore: a set too long for one command becomes several, and the
// refusal of one is told when all are answered.
func TestLongStore(t *testing.T) {
	var set imap.UIDSet
	for i := range 3000 {
		set = append(set, imap.UIDRange{Start: imap.UID(1_000_000 + 2*i), Stop: imap.UID(1_000_000 + 2*i)})
	}
	c := connect(t, "", func(p *peer) {
		n, seen := 0, 0
		for seen < len(set) {
			l := p.line()
			n++
			if len(l) > maxCommand || !strings.HasPrefix(l, fmt.Sprintf("T%d UID STORE 1", n)) {
				t.Errorf("%d bytes: %.60s", len(l), l)
			}
			seen += strings.Count(l, ",") + 1
		}
		for i := n; i > 1; i-- {
			p.say(fmt.Sprintf("T%d OK\n", i))
		}
		p.say("T1 NO [LIMIT] no\n")
		p.want(fmt.Sprintf("T%d NOOP", n+1))
		p.say(fmt.Sprintf("T%d OK\n", n+1))
		p.ended()
	})
	ctx := t.Context()
	_, err := c.UIDStore(ctx, set, seen, StoreOptions{Op: imap.StoreFlagsAdd})
	var r *Response
	if !errors.As(err, &r) || r.Code != "LIMIT" {
		t.Error(err)
	}
	if err := c.Noop(ctx); err != nil {
		t.Error(err)
	}
	_ = c.Close()
}

func TestHiddenCaps(t *testing.T) {
	c := connectWith(t, func(cfg *Config) { cfg.HideCaps = []imap.Cap{"literal+", "LITERAL-", "APPENDLIMIT"} }, "LITERAL+ APPENDLIMIT=100 uidplus QRESYNC", func(p *peer) { p.ended() })
	for k, want := range map[imap.Cap]bool{
		imap.CapLiteralPlus: false, imap.CapLiteralMinus: false, "APPENDLIMIT=100": false,
		imap.CapUIDPlus: true, imap.CapCondStore: true, imap.CapIMAP4rev1: true, imap.CapMove: false,
	} {
		if c.Has(k) != want {
			t.Errorf("Has(%s) is %v", k, !want)
		}
	}
	_ = c.Close()
}

func TestNotices(t *testing.T) {
	var got, skipped []string
	c := connectWith(t, func(cfg *Config) {
		cfg.OnNotice = func(r Response) { got = append(got, r.Line()) }
		cfg.OnSkipped = func(s string) { skipped = append(skipped, s) }
	}, "", func(p *peer) {
		p.line()
		p.raw("* OK [ALERT] disk full\r\n* NO slow down\r\n* OK fine\r\n* BAD what\r\n* XFOO bar\x1b[2J\r\nT1 OK [ALERT] again\r\n")
		p.ended()
	})
	if err := c.Noop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"* OK [ALERT] disk full", "* NO slow down", "* BAD what", "OK [ALERT] again"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`* XFOO bar\x1b[2J`}, skipped); diff != "" {
		t.Error(diff)
	}
	_ = c.Close()
}

// TestStatus: whoever listens hears of every reply that is not plain success, and
// which command it answers.
func TestStatus(t *testing.T) {
	var got []string
	c := connectWith(t, func(cfg *Config) {
		cfg.OnStatus = func(r Response) { got = append(got, r.Command+": "+r.Line()) }
	}, "", func(p *peer) {
		p.line()
		p.say("* OK fine\n* NO slow down\nT1 OK Success [THROTTLED]\n")
		p.line()
		p.say("T2 OK [ALERT] fine, too\n")
		p.line()
		p.say("T3 BAD Request is throttled.\n")
		p.line()
		p.say("* BYE enough\n")
	})
	for range 4 {
		_ = c.Noop(t.Context()) // what it returns is tested elsewhere
	}
	if diff := cmp.Diff([]string{
		": * NO slow down", "NOOP: OK Success [THROTTLED]", "NOOP: BAD Request is throttled.", ": * BYE enough",
	}, got); diff != "" {
		t.Error(diff)
	}
	got = nil
	cfg := dialogue(t, func(p *peer) { p.say("* BYE slow down please\n") })
	cfg.OnStatus = func(r Response) { got = append(got, r.Line()) }
	if _, err := Connect(t.Context(), cfg); err == nil {
		t.Error("connected")
	}
	if diff := cmp.Diff([]string{"* BYE slow down please"}, got); diff != "" {
		t.Error(diff)
	}
}
