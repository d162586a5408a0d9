package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

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

// TestUsersOwnRules are the rules that people write in their wikis, as written.
func TestUsersOwnRules(t *testing.T) {
	t.Parallel()
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

// TestAutomapCreatesRoles: a missing role folder is created with its role where
// the server can.
func TestAutomapCreatesRoles(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

// TestACLs: --syncacls carries the rights of others, and leaves the owner's.
func TestACLs(t *testing.T) {
	t.Parallel()
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
