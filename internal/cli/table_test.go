package cli

import (
	"slices"
	"strings"
	"testing"
)

// imapsync 2.229 has 218 option specifications, of these kinds.
func TestTableHoldsImapsyncsOptions(t *testing.T) {
	want := map[Kind]int{Switch: 109, Flag: 22, Int: 18, Float: 9, Str: 39, List: 18, Hash: 3}
	got := map[Kind]int{}
	total := 0
	for _, o := range Table {
		if !o.Own {
			got[o.Kind]++
			total++
		}
	}
	if total != 218 {
		t.Errorf("%d options, want 218", total)
	}
	for kind, n := range want {
		if got[kind] != n {
			t.Errorf("%d options of kind %v, want %d", got[kind], kind, n)
		}
	}
}

func TestTableRowsAreComplete(t *testing.T) {
	seen := map[string]string{}
	for _, o := range Table {
		if o.Help == "" || !strings.HasSuffix(o.Help, ".") {
			t.Errorf("--%s: help %q is not a sentence", o.Name, o.Help)
		}
		if strings.ContainsAny(o.Help+o.Why, "{}\n") {
			t.Errorf("--%s: a placeholder is left in %q", o.Name, o.Help+o.Why)
		}
		if !slices.Contains(groupOrder, o.Group) {
			t.Errorf("--%s: group %q has no place in the help", o.Name, o.Group)
		}
		if (o.Status == Works) != (o.Why == "") {
			t.Errorf("--%s: status %d and reason %q do not fit", o.Name, o.Status, o.Why)
		}
		if o.Kind.TakesValue() != (o.Arg != "") {
			t.Errorf("--%s: kind %v and placeholder %q do not fit", o.Name, o.Kind, o.Arg)
		}
		for _, n := range append([]string{o.Name}, o.Aliases...) {
			n = strings.ToLower(n)
			if other, twice := seen[n]; twice {
				t.Errorf("--%s is a name of %s and of %s", n, other, o.Name)
			}
			seen[n] = o.Name
		}
	}
}

// Whatever imapsync accepts as an abbreviation must go on meaning the same,
// whichever names are added here; what it calls ambiguous stays so.
func TestOwnNamesDisturbNoAbbreviation(t *testing.T) {
	vocab := newVocabulary(Table)
	resolve := func(d *dictionary, p string) string {
		if n, ok := d.byName[p]; ok {
			return n.meaning()
		}
		found, hits, ok := d.complete(p)
		if ok {
			return d.byName[found].meaning()
		}
		return "ambiguous: " + strings.Join(hits, " ")
	}
	tried := 0
	for _, spelling := range vocab.theirs.sorted {
		for i := 1; i <= len(spelling); i++ {
			p := spelling[:i]
			want := resolve(vocab.theirs, p)
			var got string
			if n, ok := vocab.exact(p); ok {
				got = n.meaning()
			} else if found, n, candidates := vocab.abbreviated(p); len(candidates) > 0 {
				got = "ambiguous: " + strings.Join(candidates, " ")
			} else {
				_, got = found, n.meaning()
			}
			if got != want {
				t.Errorf("%q means %q, without our names %q", p, got, want)
			}
			tried++
		}
	}
	if tried < 3000 {
		t.Errorf("only %d abbreviations tried", tried)
	}
}

func TestOwnNamesCanBeAbbreviated(t *testing.T) {
	vocab := newVocabulary(Table)
	for _, tc := range []struct{ typed, want string }{
		{"printplan", "printplan"},
		{"printp", "printplan"},
		{"quar", "quarantine2"},
		{"nomx", "nomxcheck"},
		{"maxbytesperday", "ambiguous"}, // maxbytesperday1 and 2
		{"print", "ambiguous"},          // printmap, printplan
		{"repa", "repair"},
		{"rep", "ambiguous"}, // repair, report
		{"re", "ambiguous"},  // imapsync's names alone
		{"delete2m", "delete2max"},
		{"delete2n", "delete2newmail"},
	} {
		_, n, candidates := vocab.abbreviated(tc.typed)
		got := "ambiguous"
		if exact, ok := vocab.exact(tc.typed); ok {
			got = exact.meaning()
		} else if len(candidates) == 0 {
			got = n.meaning()
		}
		if got != tc.want {
			t.Errorf("--%s: %s (%v), want %s", tc.typed, got, candidates, tc.want)
		}
	}
}
