package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// TestCyrillicName: a name in modified UTF-7 is shown as people read it and
// arrives unchanged.
func TestCyrillicName(t *testing.T) {
	t.Parallel()
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

// TestOddNamesGoRound sends a tree of odd names round all servers and back. It
// comes back as it was, or a warning on the way says what was changed and why.
func TestOddNamesGoRound(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	h.folder("Never", "never")
	h.folder("Never.more", "more")
	h.folder("Other", "other")
	b = refusing(t, b, `^CREATE .*Never`, "NO [CANNOT] not here")
	o := migrate(t, a, b, "--nousecache")
	o.expect(t, event.ExitCreate)
	if got := where(t, b); len(got["other"]) != 1 || len(got["never"])+len(got["more"]) != 0 {
		t.Errorf("after a refusal: %v", got)
	}
	if !strings.Contains(o.text, "NO [CANNOT] not here") {
		t.Errorf("the server's words are missing\n%s", o.text)
	}
}

// TestNoMixFolders: with --nomixfolders a folder whose name differs only in case
// is not filled, and the run says so.
func TestNoMixFolders(t *testing.T) {
	t.Parallel()
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
