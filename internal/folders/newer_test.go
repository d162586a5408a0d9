package folders

import (
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// rowsOf maps host1 to host2 and gives the destinations by name.
func rowsOf(t *testing.T, o Options, s1, s2 Side) (map[string]Row, *Table) {
	t.Helper()
	table, err := Map(o, s1, s2)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]Row{}
	for _, r := range table.Rows {
		rows[r.From] = r
	}
	return rows, table
}

func automapped() Options {
	o := defaults()
	o.Automap = true
	return o
}

func hasWarning(r Row, kind WarningKind) bool {
	return slices.ContainsFunc(r.Warnings, func(w Warning) bool { return w.Kind == kind })
}

// A role belongs to the folder of one's own that is nearest to the top.
func TestRolesOfOnesOwn(t *testing.T) {
	shared := &Namespace{
		Personal: []NamespaceEntry{{"", "/"}}, Other: []NamespaceEntry{{"user/", "/"}}, Shared: []NamespaceEntry{{"shared/", "/"}},
	}
	s1 := Side{Namespace: shared, Folders: list("/", "INBOX", `shared/carol@example.org/Sent \Sent`, `user/dave/Papierkorb \Trash`, `Old/Versendet \Sent`, `Versendet \Sent`)}
	s2 := Side{Namespace: shared, Folders: list("/", "INBOX", `shared/erin@example.org/Sent \Sent`, `Deep/Down/Gone \Sent`, `Gone \Sent`, `Bin \Trash`)}
	rows, _ := rowsOf(t, automapped(), s1, s2)
	for from, want := range map[string]string{
		"shared/carol@example.org/Sent": "shared/carol@example.org/Sent",
		"user/dave/Papierkorb":          "user/dave/Papierkorb",
		"Versendet":                     "Gone",
		"Old/Versendet":                 "Old/Versendet",
	} {
		if rows[from].To != want {
			t.Errorf("%s goes to %s, want %s", from, rows[from].To, want)
		}
	}
}

// Where host2 has no folder for a role and cannot be told it, the name of webmails
// is taken, once, and the second run finds it.
func TestNamesOfWebmails(t *testing.T) {
	s1 := Side{Folders: list("/", "INBOX", `Gesendete Objekte \Sent`, "Gesendete Objekte/2019", "Papierkorb", "Entw&APw-rfe", "Work")}
	s2 := Side{Namespace: personal("INBOX.", "."), Folders: list(".", "INBOX")}
	rows, _ := rowsOf(t, automapped(), s1, s2)
	for from, want := range map[string]string{
		"Gesendete Objekte": "INBOX.Sent", "Papierkorb": "INBOX.Trash", "Entw&APw-rfe": "INBOX.Drafts", "Work": "INBOX.Work",
		"Gesendete Objekte/2019": "INBOX.Gesendete Objekte.2019",
	} {
		if rows[from].To != want {
			t.Errorf("%s goes to %s, want %s", from, rows[from].To, want)
		}
	}
	if d := rows["Papierkorb"].Detail; !strings.Contains(d, "webmails use") {
		t.Errorf("the table says %q", d)
	}
	if !hasWarning(rows["Gesendete Objekte/2019"], WarnApart) {
		t.Error("nothing is said of the folder below one that was renamed")
	}
	s2.Folders = list(".", "INBOX", "INBOX.Sent", "INBOX.Trash", "INBOX.Drafts", "INBOX.Work")
	again, _ := rowsOf(t, automapped(), s1, s2)
	for from, r := range rows {
		if again[from].To != r.To {
			t.Errorf("the second run sends %s to %s, the first to %s", from, again[from].To, r.To)
		}
	}
}

// Programs that were told a prefix leave role folders below INBOX.
func TestRolesBelowInbox(t *testing.T) {
	s1 := Side{Namespace: personal("", "/"), Folders: list("/", "INBOX", "INBOX/Corbeille", "INBOX/x/Corbeille", "Work")}
	s2 := Side{Folders: list("/", "INBOX", `Trash \Trash`)}
	rows, _ := rowsOf(t, automapped(), s1, s2)
	if rows["INBOX/Corbeille"].To != "Trash" || rows["INBOX/x/Corbeille"].To != "INBOX/x/Corbeille" {
		t.Errorf("%s, %s", rows["INBOX/Corbeille"].To, rows["INBOX/x/Corbeille"].To)
	}
	// One at the top comes first.
	s1.Folders = list("/", "INBOX", "INBOX/Trash", "Trash")
	_, table := rowsOf(t, automapped(), s1, s2)
	for _, r := range table.Roles1 {
		if r.Name == "Trash" && r.Second || r.Name == "INBOX/Trash" && !r.Second {
			t.Errorf("%+v", r)
		}
	}
}

// A first level that means INBOX is written as host2 knows it.
func TestInboxOfAnotherSpelling(t *testing.T) {
	s1 := Side{Folders: list("/", "Inbox", "Inbox/Foo", "inbox/bar")}
	for _, c := range []struct {
		host2 []Folder
		want  string
	}{
		{list("/", "INBOX"), "INBOX/Foo"},
		{list("/", "INBOX", "INBOX/x", "Work"), "INBOX/Foo"},
		{list("/", "INBOX", "Inbox/x", "Work"), "Inbox/Foo"},
		{list("/", "Inbox"), "Inbox/Foo"},
	} {
		rows, _ := rowsOf(t, defaults(), s1, Side{Folders: c.host2})
		if got := rows["Inbox/Foo"].To; got != c.want {
			t.Errorf("%v: %s, want %s", c.host2, got, c.want)
		}
	}
}

// A typed name that host2 has no place for is known before anything is created.
func TestTypedNamesAndNamespaces(t *testing.T) {
	inbox := personal("INBOX.", ".")
	inbox.Shared = []NamespaceEntry{{"shared.", "."}}
	open := personal("INBOX.", ".")
	open.Shared = []NamespaceEntry{{"", "."}}
	empty := ""
	for _, c := range []struct {
		to      string
		ns      *Namespace
		prefix2 *string
		outside bool
	}{
		{"Sent", inbox, nil, true},
		{"Other.Sent", inbox, nil, true},
		{"INBOX.Sent", inbox, nil, false},
		{"inbox.Sent", inbox, nil, false},
		{"shared.Sent", inbox, nil, false},
		{"INBOX", inbox, nil, false},
		{"Sent", open, nil, false},
		{"Sent", inbox, &empty, false},
		{"Sent", nil, nil, false},
	} {
		for _, file := range []bool{false, true} {
			o := defaults()
			o.Prefix2 = c.prefix2
			if file {
				o.MapFile = []Pair{{"a", c.to}}
			} else {
				o.Map = []Pair{{"a", c.to}}
			}
			rows, table := rowsOf(t, o, Side{Folders: list("/", "INBOX", "a")}, Side{Namespace: c.ns, Folders: list(".", "INBOX")})
			if r := rows["a"]; r.Outside != c.outside || (r.Refused != "") != c.outside {
				t.Errorf("%+v: %+v", c, r)
			}
			if c.outside && (len(table.Problems) != 1 || !strings.Contains(table.Problems[0].Error(), `write "INBOX.`+c.to+`"`)) {
				t.Errorf("%+v: %v", c, table.Problems)
			}
		}
	}
}

// A map file leaves folders out, and what it does not have is told.
func TestMapFileLeavesOut(t *testing.T) {
	for _, to := range []string{"", "-"} {
		pairs, notes, err := ReadMapFile(strings.NewReader("From\tTo\tToText\tState\na\t" + to + "\tA\tcreate\nb\tbb\tb b\tskip\n"))
		if err != nil {
			t.Fatal(err)
		}
		if len(notes) != 2 || !strings.Contains(notes[0], `line 3: ToText says "b b"`) || !strings.Contains(notes[1], `the state "skip" has no effect`) {
			t.Errorf("%q", notes)
		}
		o := defaults()
		o.MapFile = pairs
		rows, table := rowsOf(t, o, Side{Folders: list("/", "INBOX", "a", "b", "c")}, Side{Folders: list("/", "INBOX", "a")})
		if _, ok := rows["a"]; ok || rows["b"].To != "bb" {
			t.Errorf("%+v", rows)
		}
		if !slices.Equal(table.Unlisted, []string{"INBOX", "c"}) {
			t.Errorf("not in the file: %q", table.Unlisted)
		}
		if slices.Contains(table.Extras, "a") {
			t.Error("the counterpart of a folder that was left out is an extra")
		}
	}
}

// Every rule that matched nothing is named, with what it would have had to match.
func TestIdleRules(t *testing.T) {
	compile := func(kind perlexpr.Kind, text string) *perlexpr.Expr {
		e, err := perlexpr.Compile(kind, text)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	o := defaults()
	o.Exclude = []*perlexpr.Expr{compile(perlexpr.Exclude, "^Trsh"), compile(perlexpr.Exclude, "^Work"), compile(perlexpr.Exclude, "^Preset")}
	o.ExcludePresets = 1
	o.Trans = []*perlexpr.Expr{compile(perlexpr.Trans, `s/^\[Gmail\]\/Sent Mail/Sent Items/`), compile(perlexpr.Trans, "s/Other/x/"), compile(perlexpr.Trans, "s/preset/x/")}
	o.TransPresets = 1
	o.First, o.Last = []string{"Othr", "Other"}, []string{"Work"}
	_, table := rowsOf(t, o,
		Side{Folders: list("/", "INBOX", "[Gmail]/Sent Mail", "Other", "Work")},
		Side{Namespace: personal("INBOX.", "."), Folders: list(".", "INBOX")})
	got := map[string]string{}
	for _, i := range table.Idle {
		got[i.Option+" "+i.Value] = strings.Join(i.Looks, " ")
	}
	want := map[string]string{
		"--exclude ^Trsh": "",
		`--regextrans2 s/^\[Gmail\]\/Sent Mail/Sent Items/`: "INBOX.[Gmail].Sent Mail",
		"--folderfirst Othr": "Other",
		"--folderlast Work":  "",
	}
	for k, v := range want {
		if g, ok := got[k]; !ok || g != v {
			t.Errorf("%s: %q, want %q (%v)", k, g, v, ok)
		}
		delete(got, k)
	}
	if len(got) > 0 {
		t.Errorf("named though they matched: %q", got)
	}
}

// What is named as near is what a person would look for: without the prefix, by a
// part of the name, by a level of it, with letters changed; and never everything.
func TestNear(t *testing.T) {
	names := []string{
		"INBOX", "INBOX.Work", "INBOX.Work.2019", "INBOX.few_emails", "INBOX.New1", "INBOX.Projekte f&APw-r sp&AOQ-ter",
		"INBOX.&kAFP4W4IMMowpDC5-", "INBOX.[Gmail].Sent Mail", "INBOX.Archives.Old",
	}
	for typed, want := range map[string]string{
		"INBOX.Wrok":   "INBOX.Work",
		"Work":         "INBOX.Work",
		"INBOX.few":    "INBOX.few_emails",
		"projekte":     "INBOX.Projekte f&APw-r sp&AOQ-ter",
		"Für später":   "INBOX.Projekte f&APw-r sp&AOQ-ter",
		"送信済":          "INBOX.&kAFP4W4IMMowpDC5-",
		"Archive":      "INBOX.Archives.Old",
		"INBOX.zzzzzz": "",
		"INBOX":        "",
		"":             "",
		"..":           "",
	} {
		got := ""
		if looks := near(wordsOf(typed), names, "INBOX."); len(looks) > 0 {
			got = looks[0]
		}
		if got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	for expr, want := range map[string]string{
		`s/^\[Gmail\]\/Sent Mail/Sent Items/`: "INBOX.[Gmail].Sent Mail",
		`s{^Wrok}{few_emails}`:                "INBOX.Work",
		`(?i)\bwork\b/2019`:                   "INBOX.Work.2019",
		`\w+\d\s`:                             "",
		`s,Sent.Mail,New1,`:                   "INBOX.[Gmail].Sent Mail",
	} {
		got := ""
		if looks := near(wanted(expr), names, "INBOX."); len(looks) > 0 {
			got = looks[0]
		}
		if got != want {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// A rule that would match a folder that takes no part is not called idle; one that
// comes too late is, with the reason; pairs of presets never are.
func TestIdleForAReason(t *testing.T) {
	compile := func(kind perlexpr.Kind, text string) *perlexpr.Expr {
		e, err := perlexpr.Compile(kind, text)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	o := defaults()
	o.Only = []string{"Sent Items", "Work"}
	o.Automap = true
	o.Exclude = []*perlexpr.Expr{compile(perlexpr.Exclude, "^Oth"), compile(perlexpr.Exclude, "^Othr")}
	o.Trans = []*perlexpr.Expr{compile(perlexpr.Trans, "s/Sent Items/Old/"), compile(perlexpr.Trans, "s/Work/Office/")}
	o.First = []string{"Other"}
	o.Map = []Pair{{"Files", "Files_renamed"}, {"Wrok", "A"}, {"Other", "B"}, {"Work", "C"}}
	o.MapPresets = 1
	o.MapFile = []Pair{{"Wokr", "A"}, {"Other", LeaveOut}}
	_, table := rowsOf(t, o,
		Side{Folders: list("/", "INBOX", "Sent Items", "Other", "Work")},
		Side{Folders: list("/", "INBOX", "Sent")})
	var got []string
	for _, i := range table.Idle {
		got = append(got, i.Option+" "+i.Value+": "+strings.Join(i.Looks, " "))
	}
	want := []string{
		"--exclude ^Othr: Other", "--regextrans2 s/Sent Items/Old/: Sent Items", "--regextrans2 s/Work/Office/: Work",
		"--folderfirst Other: ", "--f1f2 Wrok=A: Work", "--f1f2 Other=B: ", "--mapfile Wokr=A: Work",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A name that a rule made and that none of host2's namespaces has room for is warned
// of before the first message; one that is inside, or there already, is not.
func TestNamesOutsideOfNamespaces(t *testing.T) {
	e, err := perlexpr.Compile(perlexpr.Trans, `s/^INBOX\.//`)
	if err != nil {
		t.Fatal(err)
	}
	none := ""
	for name, change := range map[string]func(*Options){
		"regextrans2": func(o *Options) { o.Trans = []*perlexpr.Expr{e} },
		"prefix2":     func(o *Options) { o.Prefix2 = &none },
		"":            func(*Options) {},
	} {
		o := defaults()
		change(&o)
		_, table := rowsOf(t, o, Side{Folders: list("/", "INBOX", "Work", "Old")},
			Side{Namespace: personal("INBOX.", "."), Folders: list(".", "INBOX", "INBOX.Old", "Old")})
		for _, r := range table.Rows {
			warned := slices.ContainsFunc(r.Warnings, func(w Warning) bool { return strings.Contains(w.Text, "only below") })
			if want := name != "" && r.From == "Work"; warned != want || r.Refused != "" {
				t.Errorf("%s: %q -> %q: warned %v, refused %q", name, r.From, r.To, warned, r.Refused)
			}
		}
	}
}
