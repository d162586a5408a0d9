package perlexpr

import (
	"fmt"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
	"github.com/imaphaul/imaphaul/internal/perlexpr/perlre"
)

// operator is one of Perl's quote-like operators, ready to be applied: m//,
// s///, tr///, or a string or qr// that serves as a pattern.
type operator struct {
	name    string // "m", "s", "tr"
	source  string // as the user wrote it
	pattern *patternSource
	flags   operatorFlags
	repl    template
	replRaw string
	trans   *transliteration
	notes   []string // what Explain adds
}

// maxGrowth bounds what a substitution may make of its subject, in bytes
// beyond eight times its length: $` under g squares it.
const maxGrowth = 64 << 20

// apply runs the operator on s. It returns the new text and Perl's truth of
// the result. v may be nil.
func (o *operator) apply(s string, v Vars, limit time.Duration) (out string, truth bool, err error) {
	if o.name == "tr" {
		out, n := o.trans.apply(s)
		if o.flags.keep { // the value is the new text, the old one stays
			return s, isTrue(out), nil
		}
		return out, n > 0, nil
	}
	p, err := o.pattern.get(v)
	if err != nil {
		return s, false, err
	}
	run := p.Search(s, limit)
	defer run.Close()
	if o.name == "m" {
		_, ok, err := run.Find(0, false)
		return s, ok, err
	}
	out, n, err := o.substitute(run, v)
	switch {
	case err != nil:
		return s, false, err
	case o.flags.keep:
		return s, isTrue(out), nil
	}
	return out, n > 0, nil
}

// isTrue is Perl's truth of a string.
func isTrue(s string) bool { return s != "" && s != "0" }

func (o *operator) substitute(run *perlre.Search, v Vars) (string, int, error) {
	s := run.Subject()
	f := fill{vars: v, subject: s, pattern: run.Pattern()}
	constant, isConstant := o.repl.constant()
	var out []byte
	copied, from, count := 0, 0, 0
	wasEmpty := false
	var m perlre.Found
	f.match = &m
	for {
		var ok bool
		var err error
		m, ok, err = run.Find(from, wasEmpty)
		if err != nil {
			return "", 0, err
		}
		if !ok {
			break
		}
		if count == 0 {
			out = make([]byte, 0, len(s)+len(s)/8+64)
		}
		count++
		out = append(out, s[copied:m.Start]...)
		if isConstant {
			out = append(out, constant...)
		} else {
			out = o.repl.appendTo(out, &f)
		}
		if len(out) > maxGrowth+8*len(s) {
			return "", 0, fmt.Errorf("the result grows beyond %d bytes", maxGrowth+8*len(s))
		}
		copied, from = m.End, m.End
		wasEmpty = m.Start == m.End
		if !o.flags.global {
			break
		}
	}
	if count == 0 {
		return s, 0, nil
	}
	return string(append(out, s[copied:]...)), count, nil
}

func (o *operator) setPattern(raw string, noInterpolation bool, k Kind) (err error) {
	t := template{{kind: partText, text: raw}}
	if !noInterpolation {
		if t, err = interpolate(raw, inPattern, k, o.flags.regex.X); err != nil {
			return fmt.Errorf("pattern %s: %w", perllex.Show(raw), err)
		}
	}
	o.pattern, err = newPatternSource(t, o.flags.regex, k)
	return err
}

// noteDelimiter warns of Perl's trap: in s|a\|b|| the bar is an alternation,
// the backslash being spent on the delimiter.
func (o *operator) noteDelimiter(stripped bool, open byte) {
	if stripped && strings.IndexByte("|.*+?^$", open) >= 0 {
		o.notes = append(o.notes, fmt.Sprintf(`\%c in the pattern is the operator %c, because %c is the delimiter: choose another delimiter to match the character`, open, open, open))
	}
}
