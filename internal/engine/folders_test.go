package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// hands is a logged-in connection to an account, to arrange folders by their raw
// names and to look at them.
type hands struct {
	t testing.TB
	c *imapconn.Conn
}

func handsOn(t testing.TB, a account) hands {
	t.Helper()
	ctx := context.Background()
	c, err := imapconn.Connect(ctx, imapconn.Config{Host: a.s.Host, Port: a.s.Port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login(ctx, imapconn.Credentials{User: a.user, Password: secret.New(a.password)}); err != nil {
		t.Fatal(err)
	}
	return hands{t, c}
}

// folder creates a folder, unless it is there, and puts a message into it whose
// Message-Id is made of id; none for an empty id.
func (h hands) folder(raw, id string, use ...imap.MailboxAttr) {
	h.t.Helper()
	ctx := context.Background()
	if _, err := h.c.Status(ctx, raw, imap.StatusOptions{NumMessages: true}); err != nil {
		if err := h.c.Create(ctx, raw, use...); err != nil {
			h.t.Fatalf("CREATE %q: %v", raw, err)
		}
	}
	if id != "" {
		h.message(raw, id)
	}
}

func (h hands) message(raw, id string) {
	h.t.Helper()
	ctx := context.Background()
	body := fmt.Sprintf("Message-ID: <%s@example.org>\r\nFrom: a@example.org\r\nSubject: %s\r\n\r\nin %s\r\n", id, id, raw)
	a, err := h.c.StartAppend(ctx, raw, imapconn.AppendOptions{Date: "02-Mar-2012 03:04:05 +0000", Size: int64(len(body))})
	if err == nil {
		_, err = a.Write([]byte(body))
	}
	if err == nil {
		_, err = h.c.WaitAppend(ctx, a)
	}
	if err != nil {
		h.t.Fatalf("APPEND to %q: %v", raw, err)
	}
}

// where tells for every Message-Id in which folders it is.
func where(t testing.TB, a account) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	for name, f := range mailtest.Snapshot(t, a.s, a.user).Folders {
		for _, m := range f.Messages {
			id := strings.TrimSuffix(strings.Trim(m.MessageID, "<>"), "@example.org")
			out[id] = append(out[id], name)
		}
	}
	for _, names := range out {
		slices.Sort(names)
	}
	return out
}

// mapping returns the table that --printmap json prints; nothing is copied.
func mapping(t testing.TB, a, b account, options ...string) (rows []mapRow) {
	t.Helper()
	var table bytes.Buffer
	all := append(append(args(a, b), "--printmap", "json"), options...)
	o := migrateWith(t, context.Background(), engine.Options{MapWriter: &table}, all...)
	if err := json.Unmarshal(table.Bytes(), &rows); err != nil {
		t.Fatalf("%v\n%s\n%s", err, table.String(), o.text)
	}
	return rows
}

type mapRow struct {
	From, To, Why, State, Use string
	Warnings                  []string
}

// TestCyrillicName: a name in modified UTF-7 is shown as people read it and
// arrives unchanged.
func TestCyrillicName(t *testing.T) {
	const raw = "&BB8EQAQ+BDUEOgRC-"
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			from := mailtest.StartEmbedded(t, embedded.Options{})
			a, b := newAccount(t, from), newAccount(t, mailtest.Real(t, kind))
			handsOn(t, a).folder(raw, "one")
			// The name as people type it finds the folder, too.
			o := migrate(t, a, b, "--folder", "Проект", "--nousecache")
			o.expect(t, 0)
			if !strings.Contains(o.text, "Проект") {
				t.Errorf("the name is not shown\n%s", o.text)
			}
			if got, want := where(t, b)["one"], []string{b.s.Prefix + raw}; !slices.Equal(got, want) {
				t.Errorf("it is in %q, not in %q", got, want)
			}
		})
	}
}

// TestUsersOwnRules are the rules that people write in their wikis, as written.
func TestUsersOwnRules(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	from := mailtest.Real(t, mailtest.Dovecot, "layout=fs")
	tree := []string{"INBOX", "[Gmail]/Sent Mail", "[Gmail]/All Mail", "Gesendete Elemente", "Sent", "Work.2009.Old"}
	a := newAccount(t, from)
	h := handsOn(t, a)
	for _, name := range tree {
		h.folder(name, name)
	}
	for _, tc := range []struct {
		name    string
		options []string
		changed map[string]string // "" for: left out
	}{
		{"dots", []string{"--regextrans2", `s/\./\//g`}, map[string]string{"Work.2009.Old": "Work/2009/Old"}},
		{"Gmail's Sent", []string{"--regextrans2", `s/^\[Gmail\]\/Sent Mail/Sent Items/`}, map[string]string{"[Gmail]/Sent Mail": "Sent Items"}},
		{"Outlook's Sent", []string{"--regextrans2", `s/^Gesendete Elemente/Sent Items/`}, map[string]string{"Gesendete Elemente": "Sent Items"}},
		{"Sent", []string{"--regextrans2", `s/^Sent/Sent Items/`}, map[string]string{"Sent": "Sent Items"}},
		{"without All Mail", []string{"--exclude", `^\[Gmail\]/All Mail`}, map[string]string{"[Gmail]/All Mail": ""}},
		{"together", []string{
			"--regextrans2", `s/\./\//g`, "--regextrans2", `s/^Sent/Sent Items/`, "--regextrans2", `s/^\[Gmail\]\/Sent Mail/Sent Items/`,
			"--regextrans2", `s/^Gesendete Elemente/Sent Items/`, "--exclude", `^\[Gmail\]/All Mail`,
		}, map[string]string{
			"Work.2009.Old": "Work/2009/Old", "Sent": "Sent Items", "[Gmail]/Sent Mail": "Sent Items",
			"Gesendete Elemente": "Sent Items", "[Gmail]/All Mail": "",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newAccount(t, from)
			migrate(t, a, b, append(tc.options, "--nousecache")...).expect(t, 0)
			want := make(map[string][]string)
			for _, name := range tree {
				to, changed := tc.changed[name]
				switch {
				case !changed:
					want[name] = []string{name}
				case to != "":
					want[name] = []string{to}
				}
			}
			if d := cmp.Diff(want, where(t, b)); d != "" {
				t.Error(d)
			}
			second := migrate(t, a, b, append(tc.options, "--nousecache")...)
			second.expect(t, 0)
			if second.stats.Transferred != 0 {
				t.Errorf("the second run copied %d messages", second.stats.Transferred)
			}
		})
	}
}

// TestOddNamesGoRound sends a tree of odd names round all servers and back. It
// comes back as it was, or a warning on the way says what was changed and why.
func TestOddNamesGoRound(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot, mailtest.Cyrus, mailtest.Courier, mailtest.Mox)
	deep := make([]string, 60)
	for i := range deep {
		deep[i] = fmt.Sprintf("l%d", i+1)
	}
	tree := []string{
		"INBOX", "plain", "plain/below",
		"dots.in.it", "dots.in.it/below.it", ".hidden", "trailing.",
		`quote"d`, `back\slash`, "Q&-A", "R&AOk-union", "emoji &2D3eAA-", "emoji &2D3eAA-/below",
		"trailing ", "trailing /below", " leading", "two  blanks",
		"per%cent", "st*r", "(brackets)", "[Gmail]/All", "#hash", "{braces}", "a^b", "c|d", "semi;colon", "bang!", "back`tick", "<angle>",
		"dollar$", "question?", "comma,", "col:on", "under_score", "_x41_", "＄full",
		"UPPER", "upper case", strings.Repeat("long", 40),
		strings.Join(deep, "/"),
	}
	for i, name := range tree {
		if !folders.IsValid(name) {
			tree[i] = folders.ToRaw(name)
		}
	}
	first := newAccount(t, mailtest.Real(t, mailtest.Dovecot, "layout=fs"))
	h := handsOn(t, first)
	now := make(map[string]string) // message -> folder
	for i, name := range tree {
		id := fmt.Sprint("m", i)
		h.folder(name, id)
		now[id] = name
	}
	reasons := make(map[string][]string)
	a := first
	for _, next := range []*mailtest.Server{
		mailtest.Real(t, mailtest.Cyrus), mailtest.Real(t, mailtest.Courier), mailtest.Real(t, mailtest.Mox), mailtest.Real(t, mailtest.Dovecot, "layout=fs"),
	} {
		b := newAccount(t, next)
		byFrom := make(map[string]mapRow)
		for _, row := range mapping(t, a, b, "--nousecache") {
			byFrom[inbox(row.From)] = row
		}
		o := migrate(t, a, b, "--nousecache", "--nofoldersizes")
		o.expect(t, 0)
		got := where(t, b)
		for id, from := range now {
			row := byFrom[from]
			at := got[id]
			if len(at) != 1 {
				t.Errorf("%s: the message of %q is in %q", next, from, at)
				continue
			}
			if at[0] != inbox(row.To) {
				// A second try, after a refusal; it was told.
				if !strings.Contains(o.text, "it becomes ["+at[0]+"]") {
					t.Errorf("%s: %q went to %q, the table says %q\n%s", next, from, at[0], row.To, grep(o.text, "refuses"))
				}
				reasons[id] = append(reasons[id], fmt.Sprintf("%s refuses %q: %q", next, row.To, at[0]))
			}
			for _, w := range row.Warnings {
				if strings.HasPrefix(w, "name-changed") {
					reasons[id] = append(reasons[id], fmt.Sprintf("%s: %s", next, w))
				}
			}
			now[id] = at[0]
		}
		if d := cmp.Diff(slices.Sorted(maps.Keys(now)), slices.Sorted(maps.Keys(got))); d != "" {
			t.Errorf("%s: messages\n%s", next, d)
		}
		a = b
	}
	same := 0
	used := make(map[string]string)
	for id, end := range now {
		var n int
		fmt.Sscanf(id, "m%d", &n)
		start := tree[n]
		if other := used[end]; other != "" {
			t.Errorf("%q and %q have become one folder, %q", other, start, end)
		}
		used[end] = start
		switch {
		case end == start:
			same++
		case len(reasons[id]) == 0:
			t.Errorf("%q came back as %q, and nothing said why", start, end)
		default:
			t.Logf("%q came back as %q: %s", start, end, strings.Join(reasons[id], "; "))
		}
	}
	t.Logf("%d of %d folders came back under their name", same, len(tree))
}

// inbox is a name as snapshots have it: there is one INBOX, however a server
// spells it.
func inbox(name string) string {
	if folders.IsInbox(name) {
		return "INBOX"
	}
	return name
}

func grep(text, word string) string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// TestRefusedNames: a name that host2 refuses, for a reason of its own, is tried
// once more without any unusual character, and this is said. The next run finds
// the folder again.
func TestRefusedNames(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	// Maildir++ keeps levels apart by dots, whatever the separator is.
	b := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	h := handsOn(t, a)
	tree := []string{"dots.in.it", "dots.in.it/below", "plain/a.b/c"}
	for _, name := range tree {
		h.folder(name, name)
	}
	want := make(map[string][]string)
	for _, name := range tree {
		want[name] = []string{folders.ToRaw(strings.ReplaceAll(name, ".", "．"))}
	}
	for n := range 3 {
		o := migrate(t, a, b, "--nousecache")
		o.expect(t, 0)
		if d := cmp.Diff(want, where(t, b)); d != "" {
			t.Errorf("run %d:\n%s", n+1, d)
		}
		if said := strings.Contains(o.text, "Host2 refuses the folder [dots.in.it]"); said != (n == 0) {
			t.Errorf("run %d: said %v\n%s", n+1, said, o.text)
		}
		if n > 0 && o.stats.Transferred > 0 {
			t.Errorf("run %d copied %d messages", n+1, o.stats.Transferred)
		}
	}
	// Nothing is left to be tried: an error, and the other folders go on.
	front, err := meddle.Start(b.s.Addr(), meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^CREATE .*Never`), Text: "NO [CANNOT] not here"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(front.Close)
	h.folder("Never", "never")
	h.folder("Never.more", "more")
	h.folder("Other", "other")
	b.port = front.Port()
	o := migrate(t, a, b, "--nousecache")
	o.expect(t, event.ExitCreate)
	if got := where(t, b); len(got["other"]) != 1 || len(got["never"])+len(got["more"]) != 0 {
		t.Errorf("after a refusal: %v", got)
	}
	if !strings.Contains(o.text, "NO [CANNOT] not here") {
		t.Errorf("the server's words are missing\n%s", o.text)
	}
}

// TestAutomapCreatesRoles: a missing role folder is created with its role where
// the server can.
func TestAutomapCreatesRoles(t *testing.T) {
	mailtest.Kinds(t, mailtest.Cyrus, mailtest.Mox)
	from := mailtest.StartEmbedded(t, embedded.Options{})
	for _, tc := range []struct {
		kind string
		want map[string]string // message -> folder
		role map[string]imap.MailboxAttr
	}{
		{
			mailtest.Cyrus,
			map[string]string{"sent": "Gesendete Objekte", "junk": "Courrier ind&AOk-sirable", "plain": "Rechnungen"},
			map[string]imap.MailboxAttr{"Gesendete Objekte": imap.MailboxAttrSent, "Courrier ind&AOk-sirable": imap.MailboxAttrJunk},
		},
		{ // it has the roles already
			mailtest.Mox,
			map[string]string{"sent": "Sent", "junk": "Junk", "plain": "Rechnungen"},
			map[string]imap.MailboxAttr{"Sent": imap.MailboxAttrSent, "Junk": imap.MailboxAttrJunk},
		},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			t.Parallel()
			a, b := newAccount(t, from), newAccount(t, mailtest.Real(t, tc.kind))
			h := handsOn(t, a)
			h.folder("Gesendete Objekte", "sent")
			h.folder("Courrier ind&AOk-sirable", "junk")
			h.folder("Rechnungen", "plain")
			for range 2 {
				migrate(t, a, b, "--automap", "--nousecache").expect(t, 0)
				got := where(t, b)
				for id, folder := range tc.want {
					if !slices.Equal(got[id], []string{folder}) {
						t.Errorf("message %q is in %q, not in %q", id, got[id], folder)
					}
				}
			}
			list, err := handsOn(t, b).c.List(context.Background(), "", "*", &imapconn.ListOptions{ReturnSpecialUse: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range list {
				if role := tc.role[l.Name]; role != "" && !l.HasAttr(role) {
					t.Errorf("%q has %v, not %s", l.Name, l.Attrs, role)
				}
			}
		})
	}
}

// TestSubscriptions: --subscribe (the default), --nosubscribe, --subscribeall.
func TestSubscriptions(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	s := mailtest.Real(t, mailtest.Dovecot)
	a := newAccount(t, s)
	h := handsOn(t, a)
	h.folder("Yes", "yes")
	h.folder("No", "no")
	if err := h.c.Subscribe(context.Background(), "Yes"); err != nil {
		t.Fatal(err)
	}
	for option, want := range map[string][]string{
		"--subscribe": {"Yes"}, "--nosubscribe": nil, "--subscribeall": {"INBOX", "No", "Yes"},
	} {
		b := newAccount(t, s)
		migrate(t, a, b, option, "--nousecache").expect(t, 0)
		if got := slices.Sorted(maps.Keys(mailtest.Snapshot(t, b.s, b.user).Subscribed)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", option, got, want)
		}
	}
}

// removals are the folders a run says it deleted or would delete, and why it
// kept others.
func (o outcome) removals() (gone []string, kept map[string]string) {
	kept = make(map[string]string)
	for _, r := range o.removed {
		switch {
		case r.Kept != "":
			kept[r.Folder.Raw] = r.Kept
		case r.Err == nil:
			gone = append(gone, r.Folder.Raw)
		}
	}
	slices.Sort(gone)
	return gone, kept
}

// TestDelete2Folders deletes on real servers: a dry run names exactly what a run
// deletes, INBOX and what is needed stays, and nothing goes when a copy failed.
func TestDelete2Folders(t *testing.T) {
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Real(t, kind)
			a, b := newAccount(t, s), newAccount(t, s)
			raw := func(path ...string) string { return s.FolderName(path) }
			ha, hb := handsOn(t, a), handsOn(t, b)
			for _, path := range [][]string{{"INBOX"}, {"Work"}, {"Work", "Deep", "Leaf"}, {"Private"}} {
				ha.folder(raw(path...), strings.Join(path, " "))
			}
			for _, path := range [][]string{
				{"INBOX"}, {"Work"},
				{"Private"},              // the counterpart of a folder that takes no part
				{"Old"}, {"Old", "2009"}, // to go, children first
				{"Parent"}, {"Parent", "Kept"}, // one is asked to stay
				{"Sent"}, {"work"},
			} {
				hb.folder(raw(path...), "extra "+strings.Join(path, " "))
			}
			options := []string{"--nousecache", "--exclude", "Private", "--delete2foldersbutnot", "/Kept/"}
			before := mailtest.Snapshot(t, s, b.user)
			dry := migrate(t, a, b, append(options, "--dry")...)
			dry.expect(t, 0)
			would, _ := dry.removals()
			untouched(t, "host2 by a dry run", before, mailtest.Snapshot(t, s, b.user))

			// After any error every folder stays.
			failed := migrate(t, a, b, append(options, "--folder", "Misspelt", "--folder", raw("Work"))...)
			failed.expect(t, 111)
			if gone, _ := failed.removals(); len(gone) > 0 {
				t.Errorf("deleted after an error: %q", gone)
			}

			run := migrate(t, a, b, options...)
			run.expect(t, 0)
			gone, kept := run.removals()
			if !slices.Equal(would, gone) {
				t.Errorf("the dry run says %q, the run deleted %q", would, gone)
			}
			after := mailtest.Snapshot(t, s, b.user)
			var went []string
			for name := range before.Folders {
				if after.Folders[name] == nil {
					went = append(went, name)
				}
			}
			slices.Sort(went)
			if d := cmp.Diff(went, gone); d != "" {
				t.Errorf("said and done:\n%s", d)
			}
			want := []string{raw("Old"), raw("Old", "2009")}
			if d := cmp.Diff(want, gone); d != "" {
				t.Errorf("deleted:\n%s\nkept: %v", d, kept)
			}
			stays := [][]string{{"Parent"}, {"Parent", "Kept"}, {"work"}}
			if kind != mailtest.Mox { // where host1 has it, too
				stays = append(stays, []string{"Sent"})
			}
			for _, path := range stays {
				if kept[raw(path...)] == "" {
					t.Errorf("nothing says why %q was kept", raw(path...))
				}
			}
			if got := where(t, b)["Work Deep Leaf"]; !slices.Equal(got, []string{raw("Work", "Deep", "Leaf")}) {
				t.Errorf("copied to %q", got)
			}
		})
	}
}

// TestDelete2FoldersAfterFailure: folders are deleted after all copies, and not
// when one of them failed.
func TestDelete2FoldersAfterFailure(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	s := mailtest.Real(t, mailtest.Dovecot)
	a, b := newAccount(t, s), newAccount(t, s)
	handsOn(t, a).folder("Work", "one")
	handsOn(t, b).folder("Old", "two")
	front, err := meddle.Start(s.Addr(), meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile("^APPEND"), Text: "NO [SERVERBUG] no room in the index"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(front.Close)
	through := b
	through.port = front.Port()
	o := migrate(t, a, through, "--delete2folders", "--nousecache")
	o.expect(t, event.ExitAppend)
	gone, kept := o.removals()
	if len(gone) > 0 || kept["Old"] == "" || len(where(t, b)["two"]) != 1 {
		t.Errorf("deleted %q, kept %q", gone, kept)
	}
	o = migrate(t, a, b, "--delete2folders", "--nousecache")
	o.expect(t, 0)
	if gone, _ = o.removals(); !slices.Equal(gone, []string{"Old"}) {
		t.Errorf("deleted %q", gone)
	}
}

// TestDelete1EmptyFolders deletes empty folders of host1, INBOX never.
func TestDelete1EmptyFolders(t *testing.T) {
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Real(t, kind)
			a, b := newAccount(t, s), newAccount(t, s)
			raw := func(path ...string) string { return s.FolderName(path) }
			h := handsOn(t, a)
			h.folder(raw("Full"), "full")
			h.folder(raw("Empty"), "")
			h.folder(raw("Up"), "")
			h.folder(raw("Up", "Empty"), "")
			h.folder(raw("Over"), "")
			h.folder(raw("Over", "Full"), "below")
			before := mailtest.Snapshot(t, s, a.user)
			options := []string{"--nousecache", "--delete1emptyfolders"}
			dry := migrate(t, a, b, append(options, "--dry")...)
			dry.expect(t, 0)
			would, _ := dry.removals()
			untouched(t, "host1 by a dry run", before, mailtest.Snapshot(t, s, a.user))
			run := migrate(t, a, b, options...)
			run.expect(t, 0)
			gone, _ := run.removals()
			if !slices.Equal(would, gone) {
				t.Errorf("the dry run says %q, the run deleted %q", would, gone)
			}
			after := mailtest.Snapshot(t, s, a.user)
			for _, path := range [][]string{{"INBOX"}, {"Full"}, {"Over", "Full"}, {"Over"}} {
				if after.Folders[raw(path...)] == nil {
					t.Errorf("%q is gone", raw(path...))
				}
			}
			for _, path := range [][]string{{"Empty"}, {"Up"}, {"Up", "Empty"}} {
				if after.Folders[raw(path...)] != nil {
					t.Errorf("%q is still there\n%s", raw(path...), grep(run.text, "Empty"))
				}
			}
		})
	}
}

// TestACLs: --syncacls carries the rights of others, and leaves the owner's.
func TestACLs(t *testing.T) {
	mailtest.Kinds(t, mailtest.Cyrus, mailtest.Dovecot)
	for name, s := range map[string]*mailtest.Server{
		"cyrus": mailtest.Real(t, mailtest.Cyrus), "dovecot": mailtest.Real(t, mailtest.Dovecot, "acl=yes"),
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newAccount(t, s), newAccount(t, s)
			friend, _ := s.User(t)
			ctx := context.Background()
			h := handsOn(t, a)
			h.folder("Shared", "one")
			if err := h.c.SetACL(ctx, "Shared", friend, "lrs"); err != nil {
				t.Fatal(err)
			}
			before := mailtest.Snapshot(t, s, b.user)
			migrate(t, a, b, "--syncacls", "--nousecache", "--dry").expect(t, 0)
			untouched(t, "host2 by a dry run", before, mailtest.Snapshot(t, s, b.user))
			migrate(t, a, b, "--syncacls", "--nousecache").expect(t, 0)
			acl, err := handsOn(t, b).c.GetACL(ctx, "Shared")
			if err != nil {
				t.Fatal(err)
			}
			rights := make(map[string]string)
			for _, e := range acl {
				rights[e.Identifier] = e.Rights
			}
			if rights[friend] != "lrs" || rights[a.user] != "" || !strings.Contains(rights[b.user], "a") {
				t.Errorf("rights: %v", rights)
			}
		})
	}
}

// TestNoMixFolders: with --nomixfolders a folder whose name differs only in case
// is not filled, and the run says so.
func TestNoMixFolders(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	s := mailtest.Real(t, mailtest.Dovecot)
	a, b := newAccount(t, s), newAccount(t, s)
	handsOn(t, a).folder("Reports", "one")
	handsOn(t, b).folder("REPORTS", "")
	o := migrate(t, a, b, "--nomixfolders", "--nousecache")
	if got := where(t, b)["one"]; len(got) > 0 {
		t.Errorf("copied to %q", got)
	}
	if !strings.Contains(o.text, "nomixfolders") {
		t.Errorf("nothing is said\n%s", o.text)
	}
	migrate(t, a, b, "--nousecache").expect(t, 0)
	if got := where(t, b)["one"]; !slices.Equal(got, []string{"Reports"}) {
		t.Errorf("without the option copied to %q", got)
	}
}

// TestRefusedList: a LIST that fails is an error, and nothing is deleted for it.
func TestRefusedList(t *testing.T) {
	s := mailtest.StartEmbedded(t, embedded.Options{})
	for side := 1; side <= 2; side++ {
		t.Run(fmt.Sprint("host", side), func(t *testing.T) {
			a, b := newAccount(t, s), newAccount(t, s)
			handsOn(t, a).folder("Work", "one")
			handsOn(t, b).folder("Old", "two")
			front, err := meddle.Start(s.Addr(), meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile("^LIST"), Text: "NO [SERVERBUG] the index is broken"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(front.Close)
			if side == 1 {
				a.port = front.Port()
			} else {
				b.port = front.Port()
			}
			before := mailtest.Snapshot(t, s, b.user)
			o := migrate(t, a, b, "--delete2folders", "--delete2", "--nousecache")
			if o.code() == 0 {
				t.Errorf("exit code 0\n%s", o.text)
			}
			if !strings.Contains(o.text, "the index is broken") {
				t.Errorf("the server's words are missing\n%s", o.text)
			}
			untouched(t, "host2", before, mailtest.Snapshot(t, s, b.user))
		})
	}
}
