package perlexpr

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// FuzzExpression compiles and applies whatever comes. Nothing may panic, the
// engine included; an error leaves the text alone; a match rewrites nothing;
// and the answer does not depend on what was asked before.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		`s/^Sent$/Sent Items/i`, `s,([^.]+),\u\L$1\E,g`, `tr [\x80-\xff] [X]`, `m{\A(?!.*^From:)}xms`,
		`s{\A((?:[^\n]+\r\n)+|)(^A:[^\n]*\n)(\r?\n|.*\n\r?\n)}{$1X-$2$3}ims`, `s/(a)|(?<n>b)\K\b/$+{n}\Q$&/g`,
		`s/\((?:[^()]|(?R))*\)/X/`, `s/(?|(a)|(b))(?(1)c|d)/\1/`, `s/a/b/ or $h2_fold =~ s/c/d/ if 1; return 1`,
		`s/.*?(?:(\\Seen\s?)|$)/defined($1)?$1:q()/eg`, `s,^$sync->{h2_prefix}(.*),$mysync->{h2_sep}$1,`,
		`[[:^alpha:]\d-z]{,3}+`, `(?<=ab|c)(?!\d)\X\R`, `y/a-c/d/cds # x`, `"a\x{41}"`, `s'a'$1'`,
	} {
		f.Add(uint8(Trans), s, "INBOX.Sent/a b\r\n\xe9(a(b))")
		f.Add(uint8(Skip), s, "")
		f.Add(uint8(Include), s, "ab")
	}
	vars := Vars{"h2_prefix": "INBOX.", "h2_sep": "/"}
	f.Fuzz(func(t *testing.T, kind uint8, expr, subject string) {
		e, err := Compile(Kind(kind%uint8(len(kindOptions))), expr)
		noEngineFailure(t, expr, err)
		if err != nil {
			return
		}
		e = e.WithTimeLimit(100 * time.Millisecond)
		if e.String() != expr || e.Explain() == "" {
			t.Errorf("%q: text %q, explained as %q", expr, e.String(), e.Explain())
		}
		out, err := e.Apply(subject, vars)
		noEngineFailure(t, expr, err)
		if out != subject && (err != nil || e.Kind().matches()) {
			t.Errorf("%q on %q: became %q, error %v", expr, subject, out, err)
		}
		matched, err := e.Match(subject, vars)
		noEngineFailure(t, expr, err)
		if errors.Is(err, ErrTimeLimit) {
			return
		}
		again, err2 := e.Match(subject, vars)
		if matched != again || (err == nil) != (err2 == nil) && !errors.Is(err2, ErrTimeLimit) {
			t.Errorf("%q on %q: %v, %v and then %v, %v", expr, subject, matched, err, again, err2)
		}
	})
}

func noEngineFailure(t *testing.T, expr string, err error) {
	t.Helper()
	if err != nil && (strings.Contains(err.Error(), "the engine cannot compile") || strings.Contains(err.Error(), "the engine failed") || strings.Contains(err.Error(), "the engine refuses")) {
		t.Errorf("%q: %v", expr, err)
	}
}
