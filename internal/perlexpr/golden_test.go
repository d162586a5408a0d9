package perlexpr

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/golden"
)

type goldenRow struct {
	Kind, Expr, Input, Feature, Enc, Message string
	Output                                   any
	Error                                    bool
}

var goldenKinds = map[string]Kind{
	"include": Include, "exclude": Exclude, "regextrans2": Trans,
	"regexmess": Mess, "regexflag": Flag, "skipmess": Skip,
}

// deviations are the expressions whose outcome in the table is refused here on
// purpose, with the reason. They all are errors before any connection.
var deviations = map[string]string{
	"s/(.*)/(my $t=$1)=~tr{a-z}{A-Z};$t/e":          "runs code",
	"s/(.*)/join(\".\",reverse split(m{[.]},$1))/e": "runs code",
	"s/(.*)/\"uc(q{$1})\"/ee":                       "runs code",
	`s/(\d+)/$1+1/e`:                                "runs code",
	`s/INBOX/die "boom"/e`:                          "runs code",
	`s/(\w+)/length($1)/ge`:                         "runs code",
	`s/^(Subject: )(.*)$/$1 . uc($2)/me`:            "runs code",
	`s/(\d+)/sprintf("%04d",$1)/e`:                  "runs code",
	`s/a/${\ uc("z")}/`:                             "runs code",
	"s/a/@{[ 1+2 ]}/":                               "runs code",
	"s/a/@{[length $regextrans2]}/":                 "runs code",
	"s/a/$main::nothing/":                           "reads a variable outside the safe set",
	"!/Hi/":                                         "does not negate: Perl matches against the text 1, nobody can mean that",
}

// goldenVars is the context the table was made in.
var goldenVars = Vars{"user1": "user1", "h2_sep": ".", "h2_prefix": "INBOX.", "subfolder2": "NEW"}

func latin1(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func TestGolden(t *testing.T) {
	used := map[string]bool{}
	for i, r := range golden.Rows[goldenRow](t, "perl-regex.jsonl", 685) {
		out, _ := r.Output.(string)
		if r.Enc == "latin1" {
			r.Expr, r.Input, out = latin1(r.Expr), latin1(r.Input), latin1(out)
		}
		kind, ok := goldenKinds[r.Kind]
		if !ok {
			t.Fatalf("unknown kind %q", r.Kind)
		}
		e, err := Compile(kind, r.Expr)
		var got any
		if err == nil {
			if kind.matches() {
				got, err = e.Match(r.Input, goldenVars)
			} else {
				got, err = e.Apply(r.Input, goldenVars)
			}
		}
		var want any = out
		if b, ok := r.Output.(bool); ok {
			want = b
		}
		if _, ok := deviations[r.Expr]; ok {
			used[r.Expr] = true
			if _, err := Compile(kind, r.Expr); err == nil {
				t.Errorf("row %d %s %q: compiles, but is listed as refused", i+1, r.Kind, r.Expr)
			}
			continue
		}
		switch {
		case err != nil && !r.Error:
			t.Errorf("row %d %s %q on %q (%s): error %v, want %q", i+1, r.Kind, r.Expr, r.Input, r.Feature, err, want)
		case err == nil && r.Error:
			t.Errorf("row %d %s %q on %q (%s): got %q, want an error as in %q", i+1, r.Kind, r.Expr, r.Input, r.Feature, got, r.Message)
		case err == nil && got != want:
			t.Errorf("row %d %s %q on %.200q (%s): got %.200q, want %.200q", i+1, r.Kind, r.Expr, r.Input, r.Feature, got, want)
		}
	}
	for expr := range deviations {
		if !used[expr] {
			t.Errorf("deviation %q is in no row", expr)
		}
	}
}
