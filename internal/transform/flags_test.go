package transform

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest/golden"
)

func flagList(s string) []imap.Flag {
	var out []imap.Flag
	for _, f := range strings.Fields(s) {
		out = append(out, imap.Flag(f))
	}
	return out
}

func flagText(flags []imap.Flag) string {
	s := make([]string, len(flags))
	for i, f := range flags {
		s[i] = string(f)
	}
	return strings.Join(s, " ")
}

func TestFlagsAgreeWithImapsync(t *testing.T) {
	type row struct {
		Flags, Imapsync     string
		Case, Filter, Buggy bool
		Permanent           *string
	}
	deviations := map[string]int{}
	for _, r := range golden.Rows[row](t, "flags.jsonl", 700) {
		rules := FlagRules{FlagsCase: r.Case, Filter: r.Filter, FilterBuggy: r.Buggy}
		var perm []imap.Flag
		if r.Permanent != nil {
			perm = flagList(*r.Permanent)
		}
		out, err := rules.Apply(flagList(r.Flags), perm, r.Permanent != nil)
		if err != nil {
			t.Fatal(err)
		}
		got, want := flagText(out), strings.Join(strings.Fields(r.Imapsync), " ")
		if got == want {
			continue
		}
		// What differs has to differ for one of these reasons.
		switch {
		case strings.EqualFold(got, flagText(unique(flagList(want)))):
			deviations["a flag twice in other case is one flag"]++
		case r.Filter && r.Permanent != nil && *r.Permanent == "":
			deviations["PERMANENTFLAGS () allows no keyword"]++
			for _, f := range out {
				if systemFlags[lower(string(f))] == "" {
					t.Errorf("%+v: %s let through", r, f)
				}
			}
		case r.Filter && r.Permanent != nil:
			deviations["PERMANENTFLAGS is compared without case"]++
			for _, f := range out {
				if !strings.Contains(lower(" "+*r.Permanent+" "), lower(" "+string(f)+" ")) {
					t.Errorf("%+v: %s let through", r, f)
				}
			}
			if len(out) < len(unique(flagList(want))) {
				t.Errorf("%+v: fewer flags: %s", r, got)
			}
		default:
			t.Errorf("%+v: got %s", r, got)
		}
	}
	if len(deviations) != 3 {
		t.Errorf("deviations: %v", deviations)
	}
}

func unique(flags []imap.Flag) []imap.Flag {
	var out []imap.Flag
	seen := map[string]bool{}
	for _, f := range flags {
		if !seen[lower(string(f))] {
			out = append(out, f)
		}
		seen[lower(string(f))] = true
	}
	return out
}

// replace is a stand-in for a compiled --regexflag or --regexmess.
type replace struct {
	old, new string
	err      error
}

func (r replace) Apply(s string, v Vars) (string, error) {
	n := r.new
	for k, x := range v {
		n = strings.ReplaceAll(n, "$"+k, x)
	}
	return strings.ReplaceAll(s, r.old, n), r.err
}
func (r replace) String() string { return fmt.Sprintf("s/%s/%s/g", r.old, r.new) }

func TestFlagRules(t *testing.T) {
	broken := errors.New("out of time")
	sub := func(pairs ...string) (out []Rewriter) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, replace{old: pairs[i], new: pairs[i+1]})
		}
		return out
	}
	std := FlagRules{FlagsCase: true, Filter: true}
	for _, tt := range []struct {
		name  string
		rules FlagRules
		src   string
		perm  string // "-" is none
		want  string
		store string // "-" is no STORE at all
		err   error
	}{
		{"nothing", std, "", "-", "", "", nil},
		{"Recent only", std, `\Recent`, "-", "", "", nil},
		{"scenario 81", std, `\SEEN \Recent $Junk`, `\Seen \*`, `\Seen $Junk`, `\Seen $Junk`, nil},
		{"scenario 82", std, `\SEEN \Recent $Junk`, `\Seen \Answered`, `\Seen`, `\Seen`, nil},
		{"scenario 83", FlagRules{FlagsCase: true}, `\SEEN \Recent $Junk`, `\Seen`, `\Seen $Junk`, `\Seen $Junk`, nil},
		{"scenario 84", FlagRules{Filter: true}, `\SEEN`, `-`, `\SEEN`, `\SEEN`, nil},
		{"scenario 85", FlagRules{FlagsCase: true, FilterBuggy: true}, `\Forwarded \JUNK Work`, "-", "Work", "Work", nil},
		{"scenario 86", FlagRules{FlagsCase: true, RegexFlag: sub(`\Answered`, `$Forwarded`)}, `\Answered`, "-", "$Forwarded", "$Forwarded", nil},
		{"scenario 87", FlagRules{FlagsCase: true, RegexFlag: sub(`\Seen`, ``, `X`, `\Seen`)}, `X \Seen`, "-", `\Seen`, `\Seen`, nil},
		{"empty PERMANENTFLAGS", std, `\seen Work`, "", `\Seen`, "-", nil},
		{"case of keywords", std, `NONJUNK $forwarded`, `$Forwarded NonJunk`, `NONJUNK $forwarded`, `NONJUNK $forwarded`, nil},
		{"expression makes Recent", FlagRules{RegexFlag: sub("A", `\RECENT`)}, `A B`, "-", `B`, `B`, nil},
		{"expression makes doubles", FlagRules{FlagsCase: true, RegexFlag: sub("A", `\seen`)}, `\Seen A`, "-", `\Seen`, `\Seen`, nil},
		{"expression sees names", FlagRules{RegexFlag: sub("A", "$user1"), Vars: Vars{"user1": "u"}}, `A`, "-", `u`, `u`, nil},
		{"expression fails", FlagRules{FlagsCase: true, RegexFlag: []Rewriter{replace{old: `\Seen`}, replace{err: broken}}}, `\Recent \Seen A`, "-", `\Seen A`, `\Seen A`, broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := tt.rules.For(NewPermanent(flagList(tt.perm), tt.perm != "-"))
			for range 2 { // the second time from memory
				got, err := m.ForAppend(flagList(tt.src))
				if flagText(got) != tt.want || !errors.Is(err, tt.err) {
					t.Errorf("append: (%s) %v, want (%s) %v", flagText(got), err, tt.want, tt.err)
				}
				st, ok, err := m.ForStore(flagList(tt.src))
				if ok != (tt.store != "-") || ok && flagText(st) != tt.store || !errors.Is(err, tt.err) {
					t.Errorf("store: (%s) %v %v, want (%s)", flagText(st), ok, err, tt.store)
				}
			}
		})
	}
}

func TestFlagMapperBoundsItsMemory(t *testing.T) {
	m := FlagRules{}.For(Permanent{})
	for i := range 3 * maxKnown {
		f := imap.Flag(fmt.Sprintf("k%d", i))
		got, err := m.ForAppend([]imap.Flag{f})
		if d := cmp.Diff([]imap.Flag{f}, got); d != "" || err != nil {
			t.Fatal(err, d)
		}
	}
	if len(m.known) > maxKnown {
		t.Errorf("%d lists remembered", len(m.known))
	}
}

func TestEqualFlags(t *testing.T) {
	var many, other []imap.Flag
	for i := range 200 {
		many = append(many, imap.Flag(fmt.Sprintf("K%d", i)))
		other = append(other, imap.Flag(fmt.Sprintf("k%d", 199-i)))
	}
	for _, tt := range []struct {
		a, b []imap.Flag
		want bool
	}{
		{nil, nil, true},
		{flagList(`\Seen`), nil, false},
		{nil, flagList(`\Recent`), true},
		{flagList(`\Seen \Recent`), flagList(`\SEEN`), true},
		{flagList(`A b`), flagList(`B a`), true},
		{flagList(`A a`), flagList(`a`), true},
		{flagList(`A`), flagList(`A B`), false},
		{many, other, true},
		{many, append(other[:199:199], "x"), false},
		{append(many[:200:200], `\Recent`), other, true},
		{many, nil, false},
	} {
		if EqualFlags(tt.a, tt.b) != tt.want || EqualFlags(tt.b, tt.a) != tt.want {
			t.Errorf("(%v) and (%v): want %v", tt.a, tt.b, tt.want)
		}
	}
}

func BenchmarkFlags(b *testing.B) {
	m := FlagRules{FlagsCase: true, Filter: true}.For(NewPermanent(flagList(`\Seen \Answered \Flagged \Deleted \Draft \*`), true))
	src := flagList(`\Recent \SEEN $Forwarded NonJunk`)
	dst := flagList(`$forwarded \Seen nonjunk`)
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if got, err := m.ForAppend(src); len(got) != 3 || err != nil {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("equal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !EqualFlags(src, dst) {
				b.Fatal("not equal")
			}
		}
	})
}
