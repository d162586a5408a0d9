package perlexpr

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	regexp2 "github.com/dlclark/regexp2/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := m.Run()
	regexp2.StopTimeoutClock() // it would end by itself, some seconds later
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// TestErrors checks that what is refused is refused by Compile, and that the
// message names the option, the value and the remedy.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		kind Kind
		expr string
		want string // part of the message
	}{
		{Trans, ``, `it is empty`},
		{Trans, `s/a`, `the pattern is not terminated`},
		{Trans, `s/a/b`, `the replacement is not terminated`},
		{Trans, `INBOX`, `is no Perl operator`},
		{Trans, `s/a/b/ g`, `right behind the last delimiter`},
		{Trans, `s/a/b/Z`, `unknown modifier 'Z'`},
		{Trans, `s/a/b/al`, `exclude each other`},
		{Trans, `s/a/$sep1/`, `write $sync->{h1_sep}`},
		{Trans, `s/a/$sep2/`, `write $sync->{h2_sep}`},
		{Trans, `s/a/$prefix2/`, `write $sync->{h2_prefix}`},
		{Trans, `s/a/${h2_prefix}/`, `write $sync->{h2_prefix}`},
		{Trans, `s/a/$user1/`, `write $sync->{user1}`},
		{Trans, `s/a/$sync->{password1}/`, `a password must not reach`},
		{Trans, `s/a/$mysync->{ password2 }/`, `a password must not reach`},
		{Trans, `s/a/$sync->{debug}/`, `use one of h1_current_folder`},
		{Trans, `s/a/$sync/`, `write $sync->{h2_sep}`},
		{Mess, `s/a/$mysync->{user1}/`, `write $sync->{...}`},
		{Trans, `s/$MDNSent//`, `write \$MDNSent`},
		{Trans, `s/a/x@y.com/`, `write \@y`},
		{Trans, `s/a@b/x/`, `write \@b`},
		{Trans, `s/a/@{[ 1 ]}/`, `runs Perl code`},
		{Trans, `s/a/${\ uc("z")}/`, `would run Perl code`},
		{Trans, `s/a/$ENV{HOME}/`, `$ENV does not exist`},
		{Trans, `s/a/$main::x/`, `package variable`},
		{Trans, `s/a/$0/`, `write $& for all that matched`},
		{Trans, `s/(a)/$1[0]/`, `write ${1}[`},
		{Trans, `s/(a)/\1{x}/`, `write ${1}{`},
		{Trans, `s/$1/x/`, `write \1 for the first group`},
		{Trans, `s/a$\n/x/`, `(?:$) for the end`},
		{Trans, `s/[$]/x/`, `write \$ for the character`},
		{Trans, `s/a/b$/`, `write \$ for the character`},
		{Trans, `s/(.*)/uc($1)/e`, `code is never run`},
		{Trans, `s/(.*)/system("id")/e`, `code is never run`},
		{Trans, `s/a/b/ee`, `code is never run`},
		{Trans, "`id`", `never done`},
		{Trans, `s/(?{ 1 })/x/`, `never run`},
		{Include, `(??{ 1 })`, `never run`},
		{Trans, `s/a/b/; system("id")`, `is left over`},
		{Trans, `tr/c-a/x/`, `is reversed`},
		{Trans, `tr/a/\x{263a}/`, `works on bytes`},
		{Trans, `s/[b-a]/x/`, `is reversed`},
		{Trans, `s/a{70000}/x/`, `above 65534`},
		{Trans, `s/(?<=a+)b/x/`, `255 bytes at most`},
		{Trans, `s/a(*SKIP)b/x/`, `is not supported`},
		{Trans, `s/a\Gb/x/`, `beginning of a pattern only`},
		{Trans, `s/(?0)/x/`, `recurses without end`},
		{Trans, `s/(a?(?2))(b*(?1)c)/x/`, `recurses without end`},
		{Trans, `s/a/\x{110000}/`, `above 10FFFF`},
		{Include, `*foo`, `follows nothing`},
		{Include, `[Gmail`, `write \[ for the character`},
		{Include, `a(b`, `write \( for the character`},
		{Exclude, `Junk)`, `write \) for the character`},
		{Exclude, `a\`, `trailing backslash`},
		{Exclude, `\p{Klingonish}`, `no Unicode property`},
		{Exclude, `(?<n>a)\k<m>`, `a group named 'm'`},
		{Exclude, `(a)\2`, `refers to group 2, but has 1`},
		{Skip, `!/Hi/`, `m{\A(?!.*perlre.Pattern)}s`},
		{Skip, `I am BAD`, `is no Perl match`},
		{Skip, `m{tartanpion@machin}`, `write \@machin`},
		{Mess, `s/\((?R)?\)/x/`, `messages are too long`},
		{Kind(99), `a`, `unknown kind`},

		// What imapsync takes for permission to delete everything.
		{Delete2Only, `NEW`, `as in m{^Archive/}`},
		{Delete2Only, `FooArchiv`, `as in m{^Archive/}`},
		{Delete2Only, `^NEW`, `as in m{^Archive/}`},
		{Delete2Only, ``, `it is empty`},
		{Delete2Only, `/NEW`, `not terminated`},
		{Delete2Only, `NEW/`, `as in m{^Archive/}`},
		{Delete2ButNot, `/[/`, `unmatched [`},
		{Delete2ButNot, `/a@b/`, `write \@b`},
		{Delete2ButNot, `1`, `write /1/ to match it`},
		{Delete2ButNot, `/NEW/ or 1`, `must be one match`},
		{Delete2ButNot, `/NEW/ # keep`, `must be one match`},
		{Delete2ButNot, `s/NEW/ZZ/`, `decides which folders are deleted`},
		{Delete2ButNot, `tr/a/b/`, `decides which folders are deleted`},
	} {
		e, err := Compile(tt.kind, tt.expr)
		if err == nil {
			t.Errorf("%v %q: compiles, want an error with %q", tt.kind, tt.expr, tt.want)
			continue
		}
		if e != nil {
			t.Errorf("%v %q: an expression beside an error", tt.kind, tt.expr)
		}
		msg := err.Error()
		if !strings.Contains(msg, tt.want) {
			t.Errorf("%v %q: error %q, want %q in it", tt.kind, tt.expr, msg, tt.want)
		}
		if tt.kind < 99 && (!strings.HasPrefix(msg, tt.kind.String()) || !strings.Contains(msg, tt.expr)) {
			t.Errorf("%v %q: error %q names not both option and value", tt.kind, tt.expr, msg)
		}
	}
}

func TestErrorsPrintNoControlCharacters(t *testing.T) {
	_, err := Compile(Trans, "s/a/\x1b[31m/ x")
	if err == nil || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("error %q", err)
	}
}

func TestDelete2(t *testing.T) {
	folders := []string{"INBOX", "NEW", "NEW/a", "NEWS", "Junk", "a b", "[Gmail]/All Mail"}
	for _, tt := range []struct {
		expr string
		want []string
	}{
		{`/^NEW/`, []string{"NEW", "NEW/a", "NEWS"}},
		{`m{^NEW(/|$)}`, []string{"NEW", "NEW/a"}},
		{`m, ,`, []string{"a b", "[Gmail]/All Mail"}},
		{`/new/i`, []string{"NEW", "NEW/a", "NEWS"}},
		{`"^NEW$"`, nil}, // handled below: $" is a variable in a string
		{`'^NEW$'`, []string{"NEW"}},
		{`"^NEW"`, []string{"NEW", "NEW/a", "NEWS"}},
		{`qr/^NEW/`, []string{"NEW", "NEW/a", "NEWS"}},
		{`/\[Gmail\]/;`, []string{"[Gmail]/All Mail"}},
	} {
		for _, k := range []Kind{Delete2Only, Delete2ButNot} {
			e, err := Compile(k, tt.expr)
			if tt.want == nil {
				if err == nil {
					t.Errorf("%v %s compiles", k, tt.expr)
				}
				continue
			}
			if err != nil {
				t.Errorf("%v %s: %v", k, tt.expr, err)
				continue
			}
			var got []string
			for _, f := range folders {
				ok, err := e.Match(f, nil)
				if err != nil {
					t.Fatal(err)
				}
				if ok {
					got = append(got, f)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%v %s (-want +got):\n%s", k, tt.expr, diff)
			}
		}
	}
}

func TestApply(t *testing.T) {
	vars := Vars{"h1_sep": "/", "h2_sep": ".", "h2_prefix": "INBOX.", "user1": "a@example.org", "h1_current_folder": "x|y"}
	for _, tt := range []struct {
		kind           Kind
		expr, in, want string
	}{
		// The recipes of the manual.
		{Trans, `s/\./\//g`, "a.b.c", "a/b/c"},
		{Trans, `s/^\[Gmail\]\/Sent Mail/Sent Items/`, "[Gmail]/Sent Mail", "Sent Items"},
		{Trans, `s/^Gesendete Elemente/Sent Items/`, "Gesendete Elemente", "Sent Items"},
		{Trans, `s/^Sent/Sent Items/`, "Sent", "Sent Items"},
		// An empty pattern is empty, whatever matched before.
		{Flag, `s,,\\Seen ,`, `NonJunk`, `\Seen NonJunk`},
		// Variables: both spellings, blanks and quotes in the braces, as a
		// pattern, quoted in a pattern.
		{Trans, `s/^/$sync->{ 'h2_prefix' }/`, "a", "INBOX.a"},
		{Flag, `s/$/ $mysync->{user1}/`, "a", "a a@example.org"},
		{Mess, `s/\A/X: $sync->{h1_current_folder}\r\n/`, "A: b", "X: x|y\r\nA: b"},
		{Trans, `s/$sync->{h1_current_folder}/<$&>/g`, "x|y", "<x>|<y>"},
		{Trans, `s/\Q$sync->{h1_current_folder}\E/<$&>/`, "x|y", "<x|y>"},
		{Trans, `s/^/$sync->{subfolder2}/`, "a", "a"}, // not set: empty
		{Trans, `s/a/<$h2_fold>/`, "cat", "c<cat>t"},
		{Flag, `s/a/<$flags>/`, "cat", "c<cat>t"},
		// Chains.
		{Trans, `s/x/y/ or $h2_fold =~ s/c/d/`, "cat", "dat"},
		{Trans, `s/a/b/; $h2_fold =~ s/c/d/;`, "cat", "dbt"},
		{Trans, `s/a/b/ unless $h2_fold !~ /^c/`, "cat", "cbt"},
		{Trans, `s/a/b/ and $h2_fold =~ s/c/d/`, "cet", "cet"},
		// s///e in its one form.
		{Flag, `s/.*?(?:(\\Seen\s?)|$)/defined($1)?$1:q()/eg`, `a \Seen b`, `\Seen `},
		{Trans, `s/^(INBOX)?(.*)/defined $1 ? "in$2" : 'out'/e`, "INBOX.a", "in.a"},
		// Bytes.
		{Trans, `s/(.*)/\U$1/`, "\xc3\xa9a", "\xc3\xa9A"},
		{Trans, `s/\x{e9}/e/`, "\xe9", "e"},
		{Trans, `s/a/\x{263a}/`, "cat", "c\u263at"},
		{Trans, `s/[^\x00-\x7f]+/_/g`, "\u00e9l\u00e9ment", "_l_ment"},
		// Recursion, as deep as the name.
		{Trans, `s/\((?:[^()]|(?R))*\)/X/`, "a" + strings.Repeat("(", 60) + "b" + strings.Repeat(")", 60) + "c", "aXc"},
		// A match rewrites nothing.
		{Trans, `/a/`, "cat", "cat"},
	} {
		e, err := Compile(tt.kind, tt.expr)
		if err != nil {
			t.Errorf("%v %q: %v", tt.kind, tt.expr, err)
			continue
		}
		if got, err := e.Apply(tt.in, vars); err != nil || got != tt.want {
			t.Errorf("%v %q on %q: got %q, %v; want %q", tt.kind, tt.expr, tt.in, got, err, tt.want)
		}
	}
}

func TestFilledPatternErrors(t *testing.T) {
	e, err := Compile(Trans, `s/^$sync->{h2_prefix}//`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Apply("INBOX(a", Vars{"h2_prefix": "INBOX("})
	if err == nil || got != "INBOX(a" {
		t.Errorf("got %q, %v; want an error and the text unchanged", got, err)
	}
}

func TestText(t *testing.T) {
	e, err := Compile(Trans, ` s/a/b/ ; `)
	if err != nil {
		t.Fatal(err)
	}
	text, err := e.MarshalText()
	if err != nil || string(text) != e.String() || e.String() != ` s/a/b/ ; ` || e.Kind() != Trans {
		t.Errorf("got %q, %v, %v", text, err, e.Kind())
	}
}

// TestTimeLimit checks that catastrophic backtracking ends, with an error that
// names the expression and not the text.
func TestTimeLimit(t *testing.T) {
	for _, tt := range []struct {
		kind Kind
		expr string
	}{
		{Trans, `s/^(a+)+$/x/`},
		{Include, `^(a|aa)+$`},
		{Mess, `s/^b(a+)+$/x/g`},
		{Skip, `m{^(?:(a+)+)+c?$}`},
	} {
		e, err := Compile(tt.kind, tt.expr)
		if err != nil {
			t.Fatal(err)
		}
		e = e.WithTimeLimit(200 * time.Millisecond)
		in := "b" + strings.Repeat("a", 60) + "!"
		if tt.kind != Mess {
			in = in[1:]
		}
		if tt.kind.matches() {
			_, err = e.Match(in, nil)
		} else {
			var got string
			if got, err = e.Apply(in, nil); got != in {
				t.Errorf("%q: the text became %q", tt.expr, got)
			}
		}
		if !errors.Is(err, ErrTimeLimit) {
			t.Errorf("%q: error %v, want a time limit", tt.expr, err)
			continue
		}
		if msg := err.Error(); !strings.Contains(msg, tt.expr) || strings.Contains(msg, "aaaaaaaa") {
			t.Errorf("%q: message %q", tt.expr, msg)
		}
	}
}

func TestGrowthIsBounded(t *testing.T) {
	e, err := Compile(Mess, "s/x/$`$'/g")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Apply(strings.Repeat("x", 200_000), nil); err == nil || !strings.Contains(err.Error(), "grows beyond") {
		t.Errorf("error %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	e, err := Compile(Trans, `s/^$sync->{h2_prefix}(.*?)$/\U$1/`)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 100 {
				prefix := fmt.Sprintf("p%d_", (i+j)%5)
				if got, err := e.Apply(prefix+"name", Vars{"h2_prefix": prefix}); err != nil || got != "NAME" {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		kind Kind
		expr string
		want string
	}{
		{Trans, `s/^Sent$/Sent Items/i`, `expression   's/^Sent$/Sent Items/i'
given to     --regextrans2
operation    replace the first match
pattern      '^Sent$', against the whole text
modifier     i: capital and small letters match each other
replacement  'Sent Items'
`},
		{Trans, `s,^$sync->{h2_prefix}(?<rest>.*),$mysync->{h2_sep}\u\L$1\E-$+{rest},g`, `expression   's,^$sync->{h2_prefix}(?<rest>.*),$mysync->{h2_sep}\u\L$1\E-$+{rest},g'
given to     --regextrans2
operation    replace every match
pattern      '^' + $sync->{h2_prefix} + '(?<rest>.*)', filled in at run time
replacement  $sync->{h2_sep} + first letter upper case(lower case(group 1) + '-' + group rest)
`},
		{Exclude, `^[Gmail]/All.Mail`, `expression   '^[Gmail]/All.Mail'
given to     --exclude
operation    test whether the pattern matches
pattern      '^[Gmail]/All.Mail', at the beginning of the text
note         an unescaped . matches any character: write \. for the separator
note         [Gmail] matches one of these letters: write \[Gmail\] for the text in brackets
`},
		{Trans, `s{Sent|Sent Messages}{Sent}`, `expression   's{Sent|Sent Messages}{Sent}'
given to     --regextrans2
operation    replace the first match
pattern      'Sent|Sent Messages', anywhere in the text
replacement  'Sent'
note         'Sent Messages' never gets its turn, because 'Sent' stands before it and matches first: anchor both, as in ^(?:...)$
`},
		{Trans, `tr/A-Z*%/a-z_/`, `expression   'tr/A-Z*%/a-z_/'
given to     --regextrans2
operation    replace bytes one by one
bytes        % become _
bytes        * become _
bytes        A-Z become a-z
`},
		{Trans, `s|a\|b||r`, `expression   's|a\|b||r'
given to     --regextrans2
operation    replace the first match
note         with the modifier r the result is thrown away and nothing changes
pattern      'a|b', anywhere in the text
replacement  nothing, the match is removed
note         \| in the pattern is the operator |, because | is the delimiter: choose another delimiter to match the character
`},
		{Mess, `/x/ # c`, `expression   '/x/ # c'
given to     --regexmess
operation    test whether the pattern matches
pattern      'x', anywhere in the text
note         this option rewrites, and a match changes nothing: write s/pattern/replacement/
note         the comment at the end makes the expression fail on texts it does not change or match: remove it
`},
	} {
		e, err := Compile(tt.kind, tt.expr)
		if err != nil {
			t.Errorf("%q: %v", tt.expr, err)
			continue
		}
		if diff := cmp.Diff(tt.want, e.Explain()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.expr, diff)
		}
	}
}

func TestVarNamesAreSorted(t *testing.T) {
	names := varNames
	for i := 1; i < len(names); i++ {
		if names[i-1] >= names[i] {
			t.Errorf("%q before %q: hashVariable searches the list", names[i-1], names[i])
		}
	}
}

func TestKindString(t *testing.T) {
	if got := Delete2ButNot.String(); got != "--delete2foldersbutnot" {
		t.Errorf("got %q", got)
	}
	if got := Kind(-1).String(); got != "perlexpr.Kind(-1)" {
		t.Errorf("got %q", got)
	}
}
