package folders

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// mapped returns From -> To of a table, in raw names.
func mapped(t *Table) map[string]string {
	m := map[string]string{}
	for _, r := range t.Rows {
		m[r.From] = r.To
	}
	return m
}

func TestAutomap(t *testing.T) {
	for _, c := range []struct {
		name         string
		host1, host2 []Folder
		opts         func(*Options)
		createUse    bool
		want         map[string]string // only what changes
		use          map[string]string
	}{
		{
			name:  "attributes without the capability, in any case, and XLIST",
			host1: list("/", "INBOX", `Gesendet \sent`, `Weg \Trash`, `Müll \Spam`),
			host2: list("/", "INBOX", `Sent Items \Sent`, `Deleted Items \Trash`, `Junk Email \Junk`),
			want:  map[string]string{"Gesendet": "Sent Items", "Weg": "Deleted Items", "Müll": "Junk Email"},
		},
		{
			name:  "dictionary on both sides",
			host1: list("/", "Corbeille", "Brouillons", "Ablage"),
			host2: list("/", "Papelera", "Borradores"),
			want:  map[string]string{"Corbeille": "Papelera", "Brouillons": "Borradores"},
		},
		{
			name:  "announced on host1, dictionary on host2",
			host1: list("/", `Posted \Sent`),
			host2: list("/", "Wys&AUI-ane"),
			want:  map[string]string{"Posted": "Wys&AUI-ane"},
		},
		{
			name:  "Gmail in German to Gmail in English by names",
			host1: list("/", "[Google Mail]/Papierkorb", "[Google Mail]/Entw&APw-rfe"),
			host2: list("/", "[Gmail]/Trash", "[Gmail]/Drafts"),
			want:  map[string]string{"[Google Mail]/Papierkorb": "[Gmail]/Trash", "[Google Mail]/Entw&APw-rfe": "[Gmail]/Drafts"},
		},
		{
			name:  "the server's first announcement wins over byte order",
			host1: list("/", "Corbeille"),
			host2: list("/", `zzz \Trash`, `aaa \Trash`),
			want:  map[string]string{"Corbeille": "zzz"},
		},
		{
			name:  "views are no destination for what only looks like them",
			host1: list("/", `Alles \AllMail`),
			host2: list("/", "All"),
		},
		{
			name:  "INBOX is never mapped by role",
			host1: list("/", `INBOX \Sent`, "Sent Items"),
			host2: list("/", `Inbox \Sent`),
			want:  map[string]string{"INBOX": "Inbox"},
		},
		{
			name:  "the same names side by side stay side by side",
			host1: list("/", "Sent", "Sent Items", "Gesendet"),
			host2: list("/", "Sent", "Sent Items", "Gesendet"),
		},
		{
			name:  "the same names of the dictionary stay side by side",
			host1: list("/", "Papelera", "Corbeille"),
			host2: list("/", "Papelera", "Corbeille"),
		},
		{
			name:  "the run before went elsewhere",
			host1: list("/", "Sent", "Sent Items"),
			host2: list("/", `Sent \Sent`, "Sent Items"),
			opts:  func(o *Options) { o.Previous = map[string]string{"Sent": "Sent", "Sent Items": "Sent Items"} },
		},
		{
			name:  "the folder of the run before is gone",
			host1: list("/", "Sent Items"),
			host2: list("/", `Sent \Sent`),
			opts:  func(o *Options) { o.Previous = map[string]string{"Sent Items": "Elsewhere"} },
			want:  map[string]string{"Sent Items": "Sent"},
		},
		{
			name:  "the role of the run before is gone",
			host1: list("/", "Sent", "Work"),
			host2: list("/", "Elsewhere", "Sent", "Work"),
			opts: func(o *Options) {
				o.Previous = map[string]string{"Sent": "Elsewhere", "Work": "Elsewhere"}
				o.PreviousByRole = map[string]bool{"Sent": true}
			},
			want: map[string]string{"Sent": "Elsewhere"},
		},
		{
			name:      "a missing role is created, once, and collects all of its folders",
			host1:     list("/", "INBOX", "Sent Items", "Gesendet", "Corbeille", "Other"),
			host2:     list("/", "INBOX"),
			createUse: true,
			want:      map[string]string{"Gesendet": "Sent Items"},
			use:       map[string]string{"Gesendet": `\Sent`, "Corbeille": `\Trash`},
		},
		{
			name:      "Gmail's container does not come along",
			host1:     list("/", `[Gmail]/Messages envoy&AOk-s \Sent`, `[Gmail]/Corbeille \Trash`, `[Gmail]/Tous les messages \All`),
			host2:     list("/", "INBOX"),
			createUse: true,
			want:      map[string]string{"[Gmail]/Messages envoy&AOk-s": "Sent", "[Gmail]/Corbeille": "Trash"},
			use:       map[string]string{"[Gmail]/Messages envoy&AOk-s": `\Sent`, "[Gmail]/Corbeille": `\Trash`},
		},
		{
			name:      "a folder that is there is used as it is",
			host1:     list("/", `Posted \Sent`),
			host2:     list("/", "Posted"),
			createUse: true,
		},
		{
			name:      "tableOnly",
			host1:     list("/", "Corbeille", "Sent Items"),
			host2:     list("/", "Trash", "Sent"),
			createUse: true,
			opts:      func(o *Options) { o.TableOnly = true },
			want:      map[string]string{"Sent Items": "Sent"},
		},
		{
			name:  "f1f2 wins",
			host1: list("/", "Corbeille"),
			host2: list("/", "Trash"),
			opts:  func(o *Options) { o.Map = []Pair{{"Corbeille", "Poubelle été"}} },
			want:  map[string]string{"Corbeille": "Poubelle &AOk-t&AOk-"},
		},
		{
			name:  "rules do not touch what automap mapped",
			host1: list("/", "Corbeille", "x"),
			host2: list("/", "Trash"),
			opts:  func(o *Options) { o.Trans = exprs(t, perlexpr.Trans, "s,^,Old/,") },
			want:  map[string]string{"Corbeille": "Trash", "x": "Old/x"},
		},
	} {
		o := defaults()
		o.Automap = true
		if c.opts != nil {
			c.opts(&o)
		}
		table, err := Map(o, Side{Folders: c.host1}, Side{Folders: c.host2, CreateUse: c.createUse})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		want := map[string]string{}
		for _, f := range c.host1 {
			want[f.Name] = f.Name
		}
		for from, to := range c.want {
			want[from] = to
		}
		if d := cmp.Diff(want, mapped(table)); d != "" {
			t.Errorf("%s: (-want +got):\n%s", c.name, d)
		}
		var use map[string]string
		for _, r := range table.Rows {
			if r.Use != "" {
				if use == nil {
					use = map[string]string{}
				}
				use[r.From] = r.Use
			}
		}
		if d := cmp.Diff(c.use, use); d != "" {
			t.Errorf("%s: roles given (-want +got):\n%s", c.name, d)
		}
	}
}

// TestAutomapTwice checks that a second run of the same command sends every
// folder where the first one sent it, whatever the first one created.
func TestAutomapTwice(t *testing.T) {
	host1 := list("/", "INBOX", "Sent", "Sent Items", "Gesendet", `Posted \Sent`, "Corbeille", "Trash", "Deleted Items", "Draft", "Drafts", "Work")
	for _, createUse := range []bool{false, true} {
		for _, announces := range []bool{false, true} {
			o := defaults()
			o.Automap = true
			s2 := Side{Folders: list("/", "INBOX"), CreateUse: createUse}
			first, err := Map(o, Side{Folders: host1}, s2)
			if err != nil {
				t.Fatal(err)
			}
			o.Previous = mapped(first)
			for _, r := range first.Rows {
				if !r.Create {
					continue
				}
				f := Folder{Name: r.To, Delim: "/"}
				if r.Use != "" {
					f.Attrs = []string{r.Use}
				}
				if announces && tableNames[r.To] != "" && r.To == tableNames[r.To][1:] {
					f.Attrs = []string{tableNames[r.To]}
				}
				s2.Folders = append(s2.Folders, f)
			}
			second, err := Map(o, Side{Folders: host1}, s2)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(mapped(first), mapped(second)); d != "" {
				t.Errorf("createUse %v, announces %v: (-first +second):\n%s", createUse, announces, d)
			}
			if !announces {
				o.Previous = nil
				third, err := Map(o, Side{Folders: host1}, s2)
				if err != nil {
					t.Fatal(err)
				}
				// Posted is announced on host1 only; its name says nothing, so
				// only the memory of the first run can tell where it went.
				want, got := mapped(first), mapped(third)
				delete(want, "Posted")
				delete(got, "Posted")
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("createUse %v, nothing remembered: (-first +third):\n%s", createUse, d)
				}
			}
		}
	}
}
