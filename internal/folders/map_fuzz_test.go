package folders

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// invariants says what holds for every table, whatever the names are.
func invariants(t *testing.T, o Options, s1, s2 Side, table *Table) {
	t.Helper()
	if len(table.Rows) != len(table.Choice.Wanted) {
		t.Fatalf("%d rows for %d folders", len(table.Rows), len(table.Choice.Wanted))
	}
	have := map[string]bool{}
	for _, f := range s2.Folders {
		have[f.Name] = true
	}
	meet := map[string][]string{}
	made := map[string]bool{}
	for i, r := range table.Rows {
		if r.From != table.Choice.Wanted[i] {
			t.Errorf("row %d is %q, not %q", i, r.From, table.Choice.Wanted[i])
		}
		if (r.To == "") && r.Refused == "" {
			t.Errorf("%q becomes nothing, silently", r.From)
		}
		if r.To == "" {
			continue
		}
		if r.Refused == "" && r.Exists == r.Create {
			t.Errorf("%q: exists %v, create %v", r.To, r.Exists, r.Create)
		}
		if r.Create && have[r.To] {
			t.Errorf("%q is to be created and exists", r.To)
		}
		// a prefix is the server's own text, and a separator that is a letter of
		// base64 cuts names where it likes
		plain := IsValid(table.Space2.Prefix+table.Space2.Own+table.Space2.Sep) && table.Space2.Own != "" && !strings.ContainsAny(table.Space2.Own+table.Space2.Sep, "&-+,"+base64Letters)
		if r.Create && !IsValid(r.To) && !o.SameServer && plain {
			t.Errorf("%q becomes %q, which is not modified UTF-7", r.From, r.To)
		}
		if r.Changed() && !strings.Contains(kinds(r), string(WarnChanged)) {
			t.Errorf("%q was changed to %q, silently", r.Ruled, r.To)
		}
		id := r.To
		if IsInbox(id) {
			id = "INBOX"
		}
		meet[id] = append(meet[id], r.From)
		for _, p := range r.Parents {
			if have[p] || made[p] || !strings.HasPrefix(r.To, p+table.Space2.Own) {
				t.Errorf("%q wants the parent %q", r.To, p)
			}
			made[p] = true
		}
		if r.Create {
			made[r.To] = true
		}
	}
	for _, r := range table.Rows {
		id := r.To
		if IsInbox(id) {
			id = "INBOX"
		}
		if n := len(meet[id]); r.To != "" && n > 1 && (r.Shared < n || !strings.Contains(kinds(r), string(WarnShared))) {
			t.Errorf("%q meets %d others in %q, silently (%+v)", r.From, n-1, r.To, r.Warnings)
		}
	}
	d, err := table.Deletions(DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	target := map[string]bool{}
	for _, r := range table.Rows {
		target[r.To] = true
	}
	for _, n := range d.Delete {
		if IsInbox(n) || target[n] || !have[n] {
			t.Errorf("%q would be deleted", n)
		}
		for to := range target {
			if table.Space2.Own != "" && strings.HasPrefix(to, n+table.Space2.Own) {
				t.Errorf("%q would be deleted, and %q is below it", n, to)
			}
		}
	}
}

func FuzzMap(f *testing.F) {
	f.Add("INBOX\na\na/b\nSent", "INBOX\nTrash", "/", ".", "", "INBOX.", "s/a/b/", byte(0))
	f.Add("INBOX\nINBOX.INBOX\nINBOX.x", "INBOX", ".", "/", "INBOX.", "", "", byte(1))
	f.Add("a.b\na_b\nA_B", "a_b", "/", ".", "", "", "s/.*//", byte(2))
	f.Add("\xff\nQ&A\n&AOk-\nr\xc3\xa9\n😀", "&AOk-", "/", "/", "", "", "tr/a-z/A-Z/", byte(3))
	f.Add("Sent\nSent Items\nCorbeille\n[Gmail]/Spam", "Papelera\nsent", "/", "|", "", "x|", "s/^/é/", byte(4))
	f.Add("a,b\n&MEQw,DDr-", "", "/", ",", "", "", "", byte(5))
	f.Add("a//b\n/\n//\n ", "//", "/", "/", "/", "//", "", byte(12))
	f.Fuzz(func(t *testing.T, names1, names2, sep1, sep2, prefix1, prefix2, expr string, flags byte) {
		if len(names1)+len(names2) > 4000 {
			t.Skip("long lists only make the fuzzer slow")
		}
		sep1, sep2 = sep1[:min(1, len(sep1))], sep2[:min(1, len(sep2))] // a delimiter is one character
		o := defaults()
		o.Automap = flags&1 != 0
		o.FixSlash2 = flags&2 == 0
		o.SameServer = flags&4 != 0
		o.Explain = true
		if flags&8 != 0 {
			o.Subfolder2 = "Under é"
		}
		if expr != "" {
			e, err := perlexpr.Compile(perlexpr.Trans, expr)
			if err == nil {
				o.Trans = append(o.Trans, e)
			}
		}
		fams := []Family{Generic, Dovecot, Cyrus, Courier, Mox, Gmail, Exchange, Zimbra}
		s1 := Side{Folders: list(sep1, strings.Split(names1, "\n")...), Namespace: personal(prefix1, sep1)}
		s2 := Side{Folders: list(sep2, strings.Split(names2, "\n")...), Namespace: personal(prefix2, sep2), CreateUse: flags&16 != 0, Family: fams[flags>>5]}
		table, err := Map(o, s1, s2)
		if err != nil {
			return // an expression that failed
		}
		invariants(t, o, s1, s2, table)
		for _, r := range table.Rows {
			if !utf8.ValidString(Text(r.To)) {
				t.Errorf("%q is shown as %q", r.To, Text(r.To))
			}
		}
	})
}

// big is an account of n folders in a tree, some with encoded names.
func big(n int) []Folder {
	out := make([]Folder, 0, n)
	for i := 0; len(out) < n; i++ {
		top := fmt.Sprintf("Kunde %05d &AOQ-", i)
		out = append(out, Folder{Name: top, Delim: "/"})
		for j := 0; j < 9 && len(out) < n; j++ {
			out = append(out, Folder{Name: fmt.Sprintf("%s/Jahr.%d/Projekt", top, 2010+j), Delim: "/"})
		}
	}
	return out
}

func BenchmarkMap(b *testing.B) {
	trans := exprs(b, perlexpr.Trans, `s/Projekt$/Project/`)
	for _, n := range []int{5000, 100000} {
		for _, c := range []struct {
			name  string
			trans []*perlexpr.Expr
		}{{"plain", nil}, {"regextrans2", trans}} {
			b.Run(fmt.Sprintf("%d/%s", n, c.name), func(b *testing.B) {
				s1 := Side{Folders: big(n), Namespace: personal("", "/"), Family: Dovecot}
				s2 := Side{Folders: list(".", "INBOX"), Namespace: personal("INBOX.", "."), Family: Courier}
				o := defaults()
				o.Automap, o.Trans = true, c.trans
				b.ReportAllocs()
				for b.Loop() {
					table, err := Map(o, s1, s2)
					if err != nil || len(table.Rows) != n {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/folder")
			})
		}
	}
}

func BenchmarkDeletions(b *testing.B) {
	const n = 100000
	s1 := Side{Folders: list("/", "INBOX", "x")}
	s2 := Side{Folders: big(n)}
	table, err := Map(defaults(), s1, s2)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		d, err := table.Deletions(DeleteOptions{})
		if err != nil || len(d.Delete) != n {
			b.Fatal(err, len(d.Delete))
		}
	}
}
