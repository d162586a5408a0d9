package folders

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest/golden"
	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// TestGoldenDelete2 runs imapsync's answers of --delete2foldersonly and
// --delete2foldersbutnot. They are the same but for two classes: a value that is
// not a match is refused before anything is connected (imapsync then deletes
// everything, or runs code), and some folders stay whatever the filters say.
func TestGoldenDelete2(t *testing.T) {
	type question struct {
		Kind, Expr, Folder string
		Deleted, Error     bool
	}
	// values that Perl accepts and that are no match operator
	refused := map[string]string{
		"1":          "a number is no pattern",
		"s/NEW/ZZ/":  "a substitution would rename",
		"/NEW/ or 1": "code is not run",
	}
	guarded := map[string]string{
		"INBOX": "it is INBOX", "Junk": "it is the folder for Junk", "INBOX.Junk": "it is the folder for Junk",
		"[Gmail]/All Mail": "it is one of Gmail's own folders",
	}
	agree, count := 0, map[string]int{}
	for _, row := range golden.Rows[question](t, "delete2folders.jsonl", 400) {
		kind := perlexpr.Delete2Only
		if row.Kind == "delete2foldersbutnot" {
			kind = perlexpr.Delete2ButNot
		}
		e, err := perlexpr.Compile(kind, row.Expr)
		if row.Error || refused[row.Expr] != "" {
			if err == nil {
				t.Errorf("%s %q is accepted", row.Kind, row.Expr)
			}
			count["value refused"]++
			continue
		}
		if err != nil {
			t.Errorf("%s %q: %v", row.Kind, row.Expr, err)
			continue
		}
		sep := "/"
		if strings.HasPrefix(row.Folder, "INBOX.") {
			sep = "."
		}
		table, err := Map(defaults(), Side{Folders: list(sep, "x")}, Side{Folders: list(sep, row.Folder)})
		if err != nil {
			t.Fatal(err)
		}
		opts := DeleteOptions{Only: e}
		if kind == perlexpr.Delete2ButNot {
			opts = DeleteOptions{ButNot: e}
		}
		d, err := table.Deletions(opts)
		if err != nil {
			t.Fatal(err)
		}
		if want := guarded[row.Folder]; row.Deleted && want != "" {
			if len(d.Kept) != 1 || d.Kept[0].Why != want || d.Kept[0].Filter != "" {
				t.Errorf("%s %q, %q: %+v, want it kept because %s", row.Kind, row.Expr, row.Folder, d, want)
			}
			count[want]++
			continue
		}
		if deleted := len(d.Delete) == 1; deleted != row.Deleted {
			t.Errorf("%s %q, %q: deleted %v (%+v), imapsync %v", row.Kind, row.Expr, row.Folder, deleted, d, row.Deleted)
		}
		if !row.Deleted && d.Kept[0].Filter != "--"+row.Kind {
			t.Errorf("%s %q, %q: kept by %q", row.Kind, row.Expr, row.Folder, d.Kept[0].Filter)
		}
		agree++
	}
	t.Logf("%d rows agree; deviations: %v", agree, count)
	if agree < 150 {
		t.Errorf("only %d rows were compared", agree)
	}
}

func TestDeletions(t *testing.T) {
	names := func(kept []Kept) map[string]string {
		m := map[string]string{}
		for _, k := range kept {
			m[k.Name] = k.Why
		}
		return m
	}
	for _, c := range []struct {
		name         string
		host1, host2 Side
		opts         func(*Options)
		del          DeleteOptions
		want         []string
		kept         map[string]string
		refused      string
	}{
		{
			name:  "children before parents",
			host1: Side{Folders: list("/", "INBOX", "Work")},
			host2: Side{Folders: list("/", "INBOX", "Work", "Old", "Old/a", "Old/a/b", "Older")},
			want:  []string{"Older", "Old/a/b", "Old/a", "Old"},
		},
		{
			name:  "INBOX and roles stay",
			host1: Side{Folders: list("/", "Work")},
			host2: Side{Folders: list("/", "Inbox", `Posted \Sent`, "Corbeille", `Wichtig \Important`, "INBOX/Trash", "x")},
			want:  []string{"x"},
			kept: map[string]string{
				"Inbox": "it is INBOX", "Posted": "it is the folder for Sent", "Corbeille": "it is the folder for Trash",
				"Wichtig": "it is the folder for Important", "INBOX/Trash": "it is the folder for Trash",
			},
		},
		{
			name:  "another case of a needed name stays",
			host1: Side{Folders: list("/", "Projekt", "&AOk-")},
			host2: Side{Folders: list("/", "PROJEKT", "&AMk-")},
			kept: map[string]string{
				"PROJEKT": `it differs only in case or in the form of its characters from what host1's "Projekt" becomes`,
				"&AMk-":   `it differs only in case or in the form of its characters from what host1's "é" becomes`,
			},
		},
		{
			name:  "the counterpart of an excluded folder stays",
			host1: Side{Folders: list("/", "INBOX", `Weg \AllMail`)},
			host2: Side{Folders: list("/", "INBOX", `Everything \All`, "x")},
			opts: func(o *Options) {
				o.Automap, o.Exclude = true, exprs(t, perlexpr.Exclude, "^Weg$")
			},
			want: []string{"x"},
			kept: map[string]string{"Everything": "it is the folder for All"},
		},
		{
			name:  "what an excluded folder would become stays",
			host1: Side{Folders: list("/", "INBOX", "a/b"), Namespace: personal("", "/")},
			host2: Side{Folders: list(".", "INBOX", "INBOX.a.b", "INBOX.a.c"), Namespace: personal("INBOX.", ".")},
			opts:  func(o *Options) { o.Exclude = exprs(t, perlexpr.Exclude, "^a") },
			want:  []string{"INBOX.a.c"},
		},
		{
			name:  "parents of what stays, and of what is to come",
			host1: Side{Folders: list("/", "P/child", "N/new")},
			host2: Side{Folders: list("/", "P", "P/child", "N", "Q", "Q/Trash", "R", "R/x", "Q/Trash/y")},
			del:   DeleteOptions{ButNot: exprs(t, perlexpr.Delete2ButNot, "/^R.x$|^Q.Trash$/")[0]},
			want:  []string{"Q/Trash/y"},
			kept: map[string]string{
				"P": `"P/child" stays below it`, "N": `"N/new" stays below it`, "Q": `"Q/Trash" stays below it`, "R": `"R/x" stays below it`,
				"R/x":     "because of --delete2foldersbutnot /^R.x$|^Q.Trash$/",
				"Q/Trash": "because of --delete2foldersbutnot /^R.x$|^Q.Trash$/",
			},
		},
		{
			name:  "only what is below --subfolder2",
			host1: Side{Folders: list("/", "INBOX")},
			host2: Side{Folders: list("/", "INBOX", "Arch", "Arch/SUB", "Arch/SUB/INBOX", "Arch/SUB/old", "Mine")},
			opts:  func(o *Options) { o.Subfolder2 = "Arch/SUB" },
			want:  []string{"Arch/SUB/old"},
			kept: map[string]string{
				"Mine": "it is outside --subfolder2; name it with --delete2foldersonly to delete it",
				"Arch": "it is outside --subfolder2; name it with --delete2foldersonly to delete it",
			},
		},
		{
			name:  "outside --subfolder2 when named",
			host1: Side{Folders: list("/", "INBOX")},
			host2: Side{Folders: list("/", "INBOX", "SUB", "Mine")},
			opts:  func(o *Options) { o.Subfolder2 = "SUB" },
			del:   DeleteOptions{Only: exprs(t, perlexpr.Delete2Only, "/^Mine/")[0]},
			want:  []string{"Mine"},
		},
		{
			name:  "other people's folders",
			host1: Side{Folders: list("/", "INBOX")},
			host2: Side{
				Folders: list("/", "INBOX", "x", "Shared/x", "Other Users/bob/y"),
				Namespace: &Namespace{Personal: []NamespaceEntry{{"", "/"}}, Other: []NamespaceEntry{{"Other Users/", "/"}},
					Shared: []NamespaceEntry{{"Shared/", "/"}}},
			},
			want: []string{"x"},
			kept: map[string]string{"Shared/x": "it is not in the user's own namespace", "Other Users/bob/y": "it is not in the user's own namespace"},
		},
		{
			name:  "a shared namespace without prefix",
			host1: Side{Folders: list(".", "INBOX")},
			host2: Side{
				Folders:   list(".", "INBOX", "INBOX.x", "team"),
				Namespace: &Namespace{Personal: []NamespaceEntry{{"INBOX.", "."}}, Shared: []NamespaceEntry{{"", "."}}},
			},
			want: []string{"INBOX.x"},
			kept: map[string]string{"team": "it is not in the user's own namespace"},
		},
		{
			name:  "quarantine",
			host1: Side{Folders: list("/", "INBOX")},
			host2: Side{Folders: list("/", "INBOX", "Q", "Q/été"[:2]+"&AOk-t&AOk-", "Q/&AOk-t&AOk-/2026", "Qx")},
			del:   DeleteOptions{Quarantine: "Q/été"},
			want:  []string{"Qx"},
			kept: map[string]string{
				"Q": `"Q/été" stays below it`, "Q/&AOk-t&AOk-": "it is the quarantine folder", "Q/&AOk-t&AOk-/2026": "it is the quarantine folder",
			},
		},
		{
			name:    "an empty host1",
			host2:   Side{Folders: list("/", "INBOX", "a")},
			kept:    map[string]string{"INBOX": "host1 lists no folder, so every host2 folder would go", "a": "host1 lists no folder, so every host2 folder would go"},
			refused: "host1 lists no folder, so every host2 folder would go",
		},
		{
			name:    "a misspelt folder",
			host1:   Side{Folders: list("/", "Work")},
			host2:   Side{Folders: list("/", "a")},
			opts:    func(o *Options) { o.Only = []string{"Wrok"} },
			kept:    map[string]string{"a": `--folder "Wrok": is not in host1 whole folders list; did you mean "Work"?`},
			refused: `--folder "Wrok": is not in host1 whole folders list; did you mean "Work"?`,
		},
		{
			name:  "a repaired name and its second try are not extras",
			host1: Side{Folders: list("/", "v1.2", "a^b", "left^out")},
			host2: Side{Folders: list("/", Encode("v1．2"), Encode("a＾b"), Encode("left＾out"), "x"), Family: Gmail},
			opts:  func(o *Options) { o.Exclude = exprs(t, perlexpr.Exclude, "^left") },
			want:  []string{"x"},
		},
	} {
		o := defaults()
		if c.opts != nil {
			c.opts(&o)
		}
		table, err := Map(o, c.host1, c.host2)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		d, err := table.Deletions(c.del)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, d.Delete); diff != "" {
			t.Errorf("%s: deleted (-want +got):\n%s", c.name, diff)
		}
		kept := names(d.Kept)
		if c.kept == nil {
			c.kept = map[string]string{}
		}
		if diff := cmp.Diff(c.kept, kept); diff != "" {
			t.Errorf("%s: kept (-want +got):\n%s", c.name, diff)
		}
		if d.Refused != c.refused {
			t.Errorf("%s: refused %q, want %q", c.name, d.Refused, c.refused)
		}
		if len(d.Delete)+len(d.Kept) != len(table.Extras) {
			t.Errorf("%s: %d deleted and %d kept of %d", c.name, len(d.Delete), len(d.Kept), len(table.Extras))
		}
	}
}

func TestEmptyVerdict(t *testing.T) {
	for _, c := range []struct {
		folder        string
		below         bool
		exists, found int
		why           string
	}{
		{folder: "a"},
		{folder: "inbox", why: "it is INBOX"},
		{folder: `a \HasChildren`, why: "it has subfolders"},
		{folder: `a \HasNoChildren`, below: true, why: "it has subfolders"},
		{folder: `a \HasChildren \NoInferiors`},
		{folder: "a", below: true, why: "it has subfolders"},
		{folder: "a", exists: 3, found: 2, why: "it has messages: 2 (search) 3 (select)"},
		{folder: "a", exists: 3, why: "odd messages count: 0 (search) 3 (select)"},
		{folder: "a", found: 1, why: "odd messages count: 1 (search) 0 (select)"},
	} {
		remove, why := EmptyVerdict(list("/", c.folder)[0], c.below, c.exists, c.found)
		if why != c.why || remove != (why == "") {
			t.Errorf("%+v: %v %q", c, remove, why)
		}
	}
}

func TestNamesBelow(t *testing.T) {
	n := NewNames(list("/", "b", "a/b/c", "a", "a-x", "c/d"))
	for _, c := range []struct {
		root, gone string
		want       bool
	}{{"a", "", true}, {"a/b", "", true}, {"b", "", false}, {"c", "", true}, {"c", "c/d", false}, {"a-", "", false}} {
		if got := n.Below(c.root, "/", func(s string) bool { return s == c.gone }); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if n.Below("a", "", nil) {
		t.Error("something is below a name without a separator")
	}
}
