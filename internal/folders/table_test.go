package folders

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

func personal(prefix, sep string) *Namespace {
	return &Namespace{Personal: []NamespaceEntry{{prefix, sep}}}
}

// find returns the row of a host1 folder.
func find(t *testing.T, table *Table, from string) Row {
	t.Helper()
	for _, r := range table.Rows {
		if r.From == from {
			return r
		}
	}
	t.Fatalf("no row for %q", from)
	return Row{}
}

func kinds(r Row) string {
	var out []string
	for _, w := range r.Warnings {
		out = append(out, string(w.Kind))
	}
	return strings.Join(out, " ")
}

// TestRecipes are the command lines most guides to imapsync give.
func TestRecipes(t *testing.T) {
	host1 := Side{Folders: list("/", "INBOX", "a.b.c", "[Gmail]/Sent Mail", "[Gmail]/All Mail", "Gesendete Elemente", "Sent", "Sent Messages", "&BB8EQAQ+BDUEOgRC-")}
	host2 := Side{Folders: list("/", "INBOX"), Namespace: personal("", "/")}
	for _, c := range []struct {
		trans, exclude []string
		want           map[string]string
		without        string
	}{
		{trans: []string{`s/\./\//g`}, want: map[string]string{"a.b.c": "a/b/c"}},
		{trans: []string{`s/^\[Gmail\]\/Sent Mail/Sent Items/`}, want: map[string]string{"[Gmail]/Sent Mail": "Sent Items"}},
		{trans: []string{`s/^Gesendete Elemente/Sent Items/`}, want: map[string]string{"Gesendete Elemente": "Sent Items"}},
		{trans: []string{`s/^Sent/Sent Items/`}, want: map[string]string{"Sent": "Sent Items", "Sent Messages": "Sent Items Messages"}},
		{exclude: []string{`^\[Gmail\]/All Mail`}, without: "[Gmail]/All Mail"},
		{trans: []string{`s/Проект/Projekt/`}, want: map[string]string{"&BB8EQAQ+BDUEOgRC-": "Projekt"}},
		{trans: []string{`s/^Sent$/Gönderilen/`}, want: map[string]string{"Sent": "G&APY-nderilen"}},
		{trans: []string{`s/^(.)/é$1/`}, want: map[string]string{
			"INBOX": "&AOk-INBOX", "a.b.c": "&AOk-a.b.c", "[Gmail]/Sent Mail": "&AOk-[Gmail]/Sent Mail", "[Gmail]/All Mail": "&AOk-[Gmail]/All Mail",
			"Gesendete Elemente": "&AOk-Gesendete Elemente", "Sent": "&AOk-Sent", "Sent Messages": "&AOk-Sent Messages", "&BB8EQAQ+BDUEOgRC-": "&AOkEHwRABD4ENQQ6BEI-",
		}},
	} {
		o := defaults()
		o.Trans = exprs(t, perlexpr.Trans, c.trans...)
		o.Exclude = exprs(t, perlexpr.Exclude, c.exclude...)
		table, err := Map(o, host1, host2)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, f := range host1.Folders {
			if f.Name != c.without {
				want[f.Name] = f.Name
			}
		}
		for k, v := range c.want {
			want[k] = v
		}
		if d := cmp.Diff(want, mapped(table)); d != "" {
			t.Errorf("%v %v: (-want +got):\n%s", c.trans, c.exclude, d)
		}
	}
	table, err := Map(defaults(), host1, host2)
	if err != nil {
		t.Fatal(err)
	}
	if r := find(t, table, "&BB8EQAQ+BDUEOgRC-"); Text(r.From) != "Проект" || r.To != r.From {
		t.Errorf("%q is shown as %q and arrives as %q", r.From, Text(r.From), r.To)
	}
}

func TestRows(t *testing.T) {
	host1 := Side{Folders: list("/", "INBOX", "a", "a/b", "a/b/c", "x/y/z", "Sent", "Old/q"), Namespace: personal("", "/")}
	host2 := Side{
		Folders:   append(list(".", "INBOX", "INBOX.Sent"), Folder{Name: "INBOX.x", Attrs: []string{`\Noselect`}, Delim: "."}),
		Namespace: personal("INBOX.", "."),
	}
	o := defaults()
	o.Map = []Pair{{"Old/q", "INBOX.&AOk-t&AOk-.q"}, {"nope", "b"}}
	table, err := Map(o, host1, host2)
	if err != nil {
		t.Fatal(err)
	}
	var got []Row
	for _, r := range table.Rows {
		r.Fallback = ""
		got = append(got, r)
	}
	want := []Row{
		{From: "INBOX", To: "INBOX", Ruled: "INBOX", Why: WhySame, Exists: true, Shared: 1},
		{From: "Old/q", To: "INBOX.&AOk-t&AOk-.q", Ruled: "INBOX.&AOk-t&AOk-.q", Why: WhyF1F2, Create: true, Shared: 1, Parents: []string{"INBOX.&AOk-t&AOk-"}},
		{From: "Sent", To: "INBOX.Sent", Ruled: "INBOX.Sent", Why: WhySpace, Exists: true, Shared: 1},
		{From: "a", To: "INBOX.a", Ruled: "INBOX.a", Why: WhySpace, Create: true, Shared: 1},
		{From: "a/b", To: "INBOX.a.b", Ruled: "INBOX.a.b", Why: WhySpace, Create: true, Shared: 1},
		{From: "a/b/c", To: "INBOX.a.b.c", Ruled: "INBOX.a.b.c", Why: WhySpace, Create: true, Shared: 1},
		{From: "x/y/z", To: "INBOX.x.y.z", Ruled: "INBOX.x.y.z", Why: WhySpace, Create: true, Shared: 1, Parents: []string{"INBOX.x.y"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]Pair{{"nope", "b"}}, table.Unused); d != "" {
		t.Errorf("unused pairs (-want +got):\n%s", d)
	}
	if len(table.Problems) > 0 {
		t.Errorf("problems: %v", table.Problems)
	}
}

func TestRepairInTable(t *testing.T) {
	for _, c := range []struct {
		name         string
		fam1, fam2   Family
		sep1, sep2   string
		from         string
		host2        []string
		opts         func(*Options)
		to, fallback string
		warns        string
		refused      bool
	}{
		{name: "refused character", fam1: Dovecot, fam2: Gmail, from: "a^b", to: "a＾b", warns: "name-changed"},
		{name: "the same kind of server", fam1: Gmail, fam2: Gmail, from: " a^b", to: " a^b"},
		{name: "the same server of an unknown kind", from: "Q&A", opts: func(o *Options) { o.SameServer = true }, to: "Q&A"},
		{name: "two unknown servers", from: "Q&A", to: "Q&A", warns: "name-changed"},
		{name: "the same kind, but a rule changed the name", fam1: Gmail, fam2: Gmail, from: "ab",
			opts: func(o *Options) { o.Trans = exprs(t, perlexpr.Trans, "s/a/^/") }, to: "＾b", warns: "name-changed"},
		{name: "host2 has it already", fam2: Gmail, from: "a^b", host2: []string{"a^b"}, to: "a^b"},
		{name: "the second try of an earlier run", fam2: Dovecot, from: "v1.2", host2: []string{Encode("v1．2")}, to: "v1．2", warns: "name-changed"},
		{name: "the second try", fam2: Dovecot, from: "v1.2", to: "v1.2", fallback: "v1．2"},
		{name: "a typed name is not repaired", fam2: Gmail, from: "x", opts: func(o *Options) { o.Map = []Pair{{"x", "a^b"}} }, to: "a^b", warns: "unusual-name"},
		{name: "an empty name", from: "x", opts: func(o *Options) { o.Trans = exprs(t, perlexpr.Trans, "s/x//") }, to: "", refused: true},
		{name: "case", fam2: Exchange, from: "trash", host2: []string{"Trash"}, to: "trash", warns: "case role-split"},
		{name: "case with nomixfolders", fam2: Exchange, from: "work", host2: []string{"Work"},
			opts: func(o *Options) { o.MixFolders = false }, to: "work", refused: true},
		{name: "case on a server that may care", from: "work", host2: []string{"Work"},
			opts: func(o *Options) { o.MixFolders = false }, to: "work", warns: "case"},
		{name: "normal forms", from: Encode("e\u0301"), host2: []string{"&AOk-"}, to: "é", warns: "name-changed"},
		{name: "lower case of encoded characters", from: "&AMk-t&AOk-",
			opts: func(o *Options) { o.Trans = exprs(t, perlexpr.Trans, `s,(.*),\L$1\E,`) }, to: Decode("&amk-t&aok-"), warns: "garbled"},
	} {
		sep1, sep2 := c.sep1, c.sep2
		if sep1 == "" {
			sep1, sep2 = "/", "/"
		}
		o := defaults()
		if c.opts != nil {
			c.opts(&o)
		}
		table, err := Map(o, Side{Folders: list(sep1, c.from), Family: c.fam1}, Side{Folders: list(sep2, append(c.host2, "INBOX")...), Family: c.fam2})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		r := table.Rows[0]
		if Decode(r.To) != c.to || c.fallback != "" && Decode(r.Fallback) != c.fallback || kinds(r) != c.warns || (r.Refused != "") != c.refused {
			t.Errorf("%s: to %q, fallback %q, warnings %q, refused %q", c.name, Decode(r.To), Decode(r.Fallback), kinds(r), r.Refused)
		}
		if (len(table.Problems) > 0) != c.refused {
			t.Errorf("%s: problems %v", c.name, table.Problems)
		}
		for _, p := range table.Problems {
			if p.Warning != r.Skipped {
				t.Errorf("%s: %+v", c.name, p)
			}
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name         string
		host1, host2 Side
		opts         func(*Options)
		from, warns  string
	}{
		{
			name:  "a child of INBOX on a server that puts all below INBOX",
			host1: Side{Folders: list("/", "INBOX/child"), Namespace: personal("", "/")},
			host2: Side{Folders: list(".", "INBOX"), Namespace: personal("INBOX.", ".")},
			from:  "INBOX/child", warns: "inbox-inbox",
		},
		{
			name:  "a separator that was not turned",
			host1: Side{Folders: list("/", "a/b"), Namespace: personal("", "/")},
			host2: Side{Folders: list(".", "INBOX"), Namespace: personal("", ".")},
			opts:  func(o *Options) { o.Sep2 = ptr("/") },
			from:  "a/b", warns: "delimiter-trap",
		},
		{
			name:  "a wrong --sep1",
			host1: Side{Folders: list("/", "a/b"), Namespace: personal("", "/")},
			host2: Side{Folders: list(".", "INBOX"), Namespace: personal("", ".")},
			opts:  func(o *Options) { o.Sep1 = ptr("|") },
			from:  "a/b", warns: "delimiter-trap",
		},
		{
			name:  "a separator host2 does not have",
			host1: Side{Folders: list("/", "a/b"), Namespace: personal("", "/")},
			host2: Side{Folders: list("/", "INBOX"), Namespace: personal("", "/")},
			opts:  func(o *Options) { o.Sep2 = ptr("_") },
			from:  "a/b", warns: "delimiter-trap",
		},
		{
			name:  "an expression that brings the old separator back",
			host1: Side{Folders: list(".", "a.b"), Namespace: personal("", ".")},
			host2: Side{Folders: list("/", "INBOX"), Namespace: personal("", "/")},
			opts:  func(o *Options) { o.Trans = exprs(t, perlexpr.Trans, "s,/,.,g") },
			from:  "a.b", warns: "delimiter-trap",
		},
		{
			name:  "separators that change places are no trap",
			host1: Side{Folders: list(".", "a/b.c"), Namespace: personal("", ".")},
			host2: Side{Folders: list("/", "INBOX"), Namespace: personal("", "/")},
			from:  "a/b.c",
		},
		{
			name:  "fixslash2 makes two names one",
			host1: Side{Folders: list("/", "a.b", "a_b"), Namespace: personal("", "/")},
			host2: Side{Folders: list(".", "INBOX"), Namespace: personal("", ".")},
			from:  "a_b", warns: "several",
		},
		{
			name:  "INBOX.INBOX becomes INBOX",
			host1: Side{Folders: list(".", "INBOX", "INBOX.INBOX"), Namespace: personal("INBOX.", ".")},
			host2: Side{Folders: list("/", "INBOX"), Namespace: personal("", "/")},
			from:  "INBOX.INBOX", warns: "several",
		},
		{
			name:  "INBOX in two spellings",
			host1: Side{Folders: list("/", "INBOX", "x")},
			host2: Side{Folders: list("/", "INBOX")},
			opts:  func(o *Options) { o.Map = []Pair{{"x", "Inbox"}} },
			from:  "x", warns: "several",
		},
		{
			name:  "names that differ in case, both new",
			host1: Side{Folders: list("/", "SENT x", "Sent X")},
			host2: Side{Folders: list("/", "INBOX")},
			from:  "Sent X", warns: "case",
		},
		{
			name:  "names that differ in case, where that is one folder",
			host1: Side{Folders: list("/", "SENT x", "Sent X")},
			host2: Side{Folders: list("/", "INBOX"), Family: Exchange},
			from:  "Sent X", warns: "several",
		},
		{
			name:  "two folders for sent mail",
			host1: Side{Folders: list("/", "Sent Items")},
			host2: Side{Folders: list("/", `Sent \Sent`)},
			from:  "Sent Items", warns: "role-split",
		},
		{
			name:  "two new folders for sent mail",
			host1: Side{Folders: list("/", "Gesendet", "Sent Items")},
			host2: Side{Folders: list("/", "INBOX")},
			from:  "Sent Items", warns: "role-split",
		},
		{
			name:  "a parent that can have no children",
			host1: Side{Folders: list("/", "a/b")},
			host2: Side{Folders: list("/", `a \NoInferiors`)},
			from:  "a/b", warns: "no-children",
		},
		{
			name:  "60 levels",
			host1: Side{Folders: list("/", strings.Repeat("x/", 59)+"x")},
			host2: Side{Folders: list("/", "INBOX")},
			from:  strings.Repeat("x/", 59) + "x", warns: "depth",
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
		if r := find(t, table, c.from); kinds(r) != c.warns {
			t.Errorf("%s: %q becomes %q with warnings %v, want %s", c.name, c.from, r.To, r.Warnings, c.warns)
		}
	}
}

func TestSubfolder1(t *testing.T) {
	host1 := Side{
		Folders:   list(".", "INBOX", "INBOX.SUB", "INBOX.SUB.a", "INBOX.SUBx", "INBOX.xSUB.a", "INBOX.R&AOk-p", "INBOX.R&AOk-p.b", "INBOX.a@b [1]", "INBOX.a@b [1].c", `INBOX.Box \Noselect`, "INBOX.Box.d"),
		Namespace: personal("INBOX.", "."),
	}
	host2 := Side{Folders: list("/", "INBOX"), Namespace: personal("", "/")}
	for _, c := range []struct {
		value string
		want  map[string]string
	}{
		{"SUB", map[string]string{"INBOX.SUB": "INBOX", "INBOX.SUB.a": "a"}},
		{"INBOX.SUB.", map[string]string{"INBOX.SUB": "INBOX", "INBOX.SUB.a": "a"}},
		{" Rép ", map[string]string{"INBOX.R&AOk-p": "INBOX", "INBOX.R&AOk-p.b": "b"}},
		{"a@b [1]", map[string]string{"INBOX.a@b [1]": "INBOX", "INBOX.a@b [1].c": "c"}},
	} {
		o := defaults()
		o.Subfolder1 = c.value
		table, err := Map(o, host1, host2)
		if err != nil {
			t.Errorf("%q: %v", c.value, err)
			continue
		}
		if d := cmp.Diff(c.want, mapped(table)); d != "" {
			t.Errorf("%q: (-want +got):\n%s", c.value, d)
		}
	}
	for value, text := range map[string]string{
		"SUV": `--subfolder1 "SUV": no selectable folder of this name on host1 (looked for SUV, INBOX.SUV); did you mean "INBOX.SUB"?`,
		"Box": `--subfolder1 "Box": the folder can not be selected on host1; use --folderrec to take its children`,
	} {
		o := defaults()
		o.Subfolder1 = value
		_, err := Map(o, host1, host2)
		var e *Subfolder1Error
		if !errors.As(err, &e) || err.Error() != text {
			t.Errorf("%q: error %v, want %s", value, err, text)
		}
	}
}

func TestSubfolder2(t *testing.T) {
	host1 := Side{Folders: list("/", "INBOX", "a/b", "&AOk-"), Namespace: personal("", "/")}
	for _, c := range []struct {
		value, prefix, sep string
		want               map[string]string
	}{
		{"Été", "", "/", map[string]string{"INBOX": "&AMk-t&AOk-/INBOX", "a/b": "&AMk-t&AOk-/a/b", "&AOk-": "&AMk-t&AOk-/&AOk-"}},
		{"user@example.org", "INBOX.", ".", map[string]string{"INBOX": "INBOX.user@example.org.INBOX", "a/b": "INBOX.user@example.org.a.b", "&AOk-": "INBOX.user@example.org.&AOk-"}},
		{"x", `p\`, `\`, map[string]string{"INBOX": `p\x\INBOX`, "a/b": `p\x\a\b`, "&AOk-": `p\x\&AOk-`}},
		{"$1(", "", "/", map[string]string{"INBOX": "$1(/INBOX", "a/b": "$1(/a/b", "&AOk-": "$1(/&AOk-"}},
	} {
		o := defaults()
		o.Subfolder2 = c.value
		table, err := Map(o, host1, Side{Folders: list(c.sep, "INBOX"), Namespace: personal(c.prefix, c.sep)})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, mapped(table)); d != "" {
			t.Errorf("%q: (-want +got):\n%s", c.value, d)
		}
	}
}

func TestMapErrors(t *testing.T) {
	ok := Side{Folders: list("/", "INBOX")}
	for i, sides := range [][2]Side{{{ListFailed: true}, ok}, {ok, {ListFailed: true}}} {
		_, err := Map(defaults(), sides[0], sides[1])
		if !errors.Is(err, ErrNoList) || !strings.HasPrefix(err.Error(), fmt.Sprintf("host%d:", i+1)) {
			t.Errorf("host%d: error %v", i+1, err)
		}
	}
	table, err := Map(defaults(), Side{}, ok)
	if err != nil || len(table.Problems) != 1 || table.Problems[0].Warning {
		t.Errorf("an empty host1: error %v, problems %v", err, table)
	}
}

// TestExplain checks that the steps of --debugfolders tell the way of a name.
func TestExplain(t *testing.T) {
	o := defaults()
	o.Explain = true
	o.Trans = exprs(t, perlexpr.Trans, "s/b/B/")
	o.Map = []Pair{{"INBOX.m", "n"}}
	table, err := Map(o, Side{Folders: list(".", "INBOX.a.b", "INBOX.m"), Namespace: personal("INBOX.", ".")}, Side{Folders: list("/", "INBOX"), Namespace: personal("p/", "/")})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"removed host1 prefix: [a.b]", "inverted separators: [a/b]", "added host2 prefix: [p/a/b]", "[p/a/b] -> [p/a/B] using regextrans2 [s/b/B/]",
	}
	if d := cmp.Diff(want, find(t, table, "INBOX.a.b").Steps); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"f1f2 [INBOX.m] -> [n]"}, find(t, table, "INBOX.m").Steps); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
