package folders

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

func exprs(t testing.TB, k perlexpr.Kind, texts ...string) []*perlexpr.Expr {
	t.Helper()
	var out []*perlexpr.Expr
	for _, text := range texts {
		e, err := perlexpr.Compile(k, text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func defaults() Options {
	return Options{FixSlash2: true, FixInbox: true, CheckExist: true, MixFolders: true}
}

func TestChoose(t *testing.T) {
	host1 := Side{
		Folders: list("/", "INBOX", "Work", "Work/2020", "Work/2020/Q1", "Workshop", "Sent", "R&AOk-ponses", "st*r", "star",
			`Box \Noselect`, "Box/a", `Gone \NonExistent`, "&BB8EQAQ+BDUEOgRC-/a"),
		Subscribed: []string{"Work", "ghost", "inbox", "Box"},
	}
	for _, c := range []struct {
		name     string
		opts     func(*Options)
		want     string // names joined by "|"
		problems []string
		ignored  []string
	}{
		{"all", func(o *Options) {}, "&BB8EQAQ+BDUEOgRC-/a|Box/a|INBOX|R&AOk-ponses|Sent|Work|Work/2020|Work/2020/Q1|Workshop|st*r|star", nil, nil},
		{"folder raw and in UTF-8", func(o *Options) { o.Only = []string{"Sent", "Réponses", "Проект/a", "inbox"} }, "&BB8EQAQ+BDUEOgRC-/a|INBOX|R&AOk-ponses|Sent", nil, nil},
		{"folder in decomposed UTF-8", func(o *Options) { o.Only = []string{"Re\u0301ponses"} }, "R&AOk-ponses", nil, nil},
		{"misspelt folder", func(o *Options) { o.Only = []string{"Snet", "Work"} }, "Work",
			[]string{`--folder "Snet": is not in host1 whole folders list; did you mean "Sent"?`}, []string{"Snet"}},
		{"misspelt beyond recognition", func(o *Options) { o.Only = []string{"zzzzzzzz", "Work"} }, "Work",
			[]string{`--folder "zzzzzzzz": is not in host1 whole folders list; --justfolderlists shows the names`}, []string{"zzzzzzzz"}},
		{"case counts", func(o *Options) { o.Only = []string{"sent"} }, "",
			[]string{`--folder "sent": is not in host1 whole folders list; did you mean "Sent"?`}, []string{"sent"}},
		{"container", func(o *Options) { o.Only = []string{"Box", "Sent"} }, "Sent",
			[]string{`--folder "Box": is not selectable; use --folderrec to take its children`}, []string{"Box"}},
		{"nocheckfoldersexist", func(o *Options) { o.Only, o.CheckExist = []string{"nö"}, false }, "n&APY-", nil, nil},
		{"folderrec", func(o *Options) { o.Recursive = []string{"Work"} }, "Work|Work/2020|Work/2020/Q1", nil, nil},
		{"folderrec of what is below", func(o *Options) { o.Recursive = []string{"Work/"} }, "Work/2020|Work/2020/Q1", nil, nil},
		{"folderrec of a container", func(o *Options) { o.Recursive = []string{"Box"} }, "Box/a", nil, nil},
		{"folderrec in UTF-8, not listed itself", func(o *Options) { o.Recursive = []string{"Проект"} }, "&BB8EQAQ+BDUEOgRC-/a", nil, nil},
		{"folderrec with wildcards", func(o *Options) { o.Recursive = []string{"W%"} }, "Work|Work/2020|Work/2020/Q1|Workshop", nil, nil},
		{"a star in a real name is no wildcard", func(o *Options) { o.Recursive = []string{"st*r"} }, "st*r", nil, nil},
		{"folderrec unknown", func(o *Options) { o.Recursive = []string{"Wrok"} }, "",
			[]string{`--folderrec "Wrok": no such folder on host1, and none below it; did you mean "Work"?`}, nil},
		{"folderrec wildcard unknown", func(o *Options) { o.Recursive = []string{"X*"} }, "",
			[]string{`--folderrec "X*": matches no host1 folder; --justfolderlists shows the names`}, nil},
		{"subscribed", func(o *Options) { o.Subscribed = true }, "INBOX|Work", nil, []string{"ghost"}},
		{"include", func(o *Options) { o.Include = exprs(t, perlexpr.Include, "^Work/", "^Sent$") }, "Sent|Work/2020|Work/2020/Q1", nil, nil},
		{"include widens folder", func(o *Options) { o.Only, o.Include = []string{"INBOX"}, exprs(t, perlexpr.Include, "Q1") }, "INBOX|Work/2020/Q1", nil, nil},
		{"include in UTF-8", func(o *Options) { o.Include = exprs(t, perlexpr.Include, "^Проект") }, "&BB8EQAQ+BDUEOgRC-/a", nil, nil},
		{"include matches nothing", func(o *Options) { o.Include = exprs(t, perlexpr.Include, "zzz") }, "",
			[]string{`--include "zzz": matches no host1 folder; --justfolderlists shows the names; the match is case-sensitive`}, nil},
		{"exclude after include", func(o *Options) {
			o.Include, o.Exclude = exprs(t, perlexpr.Include, "Work"), exprs(t, perlexpr.Exclude, "2020")
		}, "Work|Workshop", nil, nil},
		{"exclude in UTF-8", func(o *Options) { o.Only, o.Exclude = []string{"Sent", "Réponses"}, exprs(t, perlexpr.Exclude, "é") }, "Sent", nil, nil},
		{"exclude everything", func(o *Options) { o.Exclude = exprs(t, perlexpr.Exclude, "") }, "",
			[]string{`--exclude "": no folder of host1 is left after it; --justfolderlists shows the names`}, nil},
		{"order", func(o *Options) {
			o.Recursive, o.Only = []string{"Work"}, []string{"INBOX", "Sent", "Réponses"}
			o.First, o.Last = []string{"Work/2020", "nope", "Réponses"}, []string{"INBOX", "Work/2020", "Work"}
		}, "Work/2020|R&AOk-ponses|Sent|Work/2020/Q1|INBOX|Work", nil, nil},
	} {
		o := defaults()
		c.opts(&o)
		table, err := Map(o, host1, Side{Folders: list("/", "INBOX")})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := strings.Join(table.Choice.Wanted, "|"); got != c.want {
			t.Errorf("%s: wanted\n %s, want\n %s", c.name, got, c.want)
		}
		var problems, ignored []string
		for _, p := range table.Problems {
			problems = append(problems, p.Error())
		}
		for _, i := range table.Choice.Ignored {
			ignored = append(ignored, i.Name)
		}
		if d := cmp.Diff(c.problems, problems); d != "" {
			t.Errorf("%s: problems (-want +got):\n%s", c.name, d)
		}
		if d := cmp.Diff(c.ignored, ignored); d != "" {
			t.Errorf("%s: ignored (-want +got):\n%s", c.name, d)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false},
		{"*", "", true}, {"*", "a/b", true}, {"%", "a/b", false}, {"%", "ab", true}, {"%", "", true},
		{"a/%", "a/b", true}, {"a/%", "a/b/c", false}, {"a/*", "a/b/c", true},
		{"%/c", "a/c", true}, {"%/c", "a/b/c", false}, {"*/c", "a/b/c", true},
		{"*a%b*", "xxa12b/z", true}, {"*a%b*", "xxa/2b/z", false}, {"*a%b*", "xa/a2b", true},
		{"a%%b", "ab", true}, {"*%", "a/b/c", true}, {"%*", "a/b/c", true}, {"a*b*c", "aXbYbZc", true}, {"a*b*d", "aXbYbZc", false},
	} {
		if got := glob(c.pattern, c.name, "/"); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
	// Hostile patterns stay cheap.
	if glob(strings.Repeat("a*%", 60)+"c", strings.Repeat("a", 2000), "/") {
		t.Error("a pattern that ends in c matched a name without c")
	}
}
