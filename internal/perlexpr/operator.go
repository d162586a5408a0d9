package perlexpr

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
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

// patternSource is a pattern that may still need the values of variables.
type patternSource struct {
	tmpl  template
	flags regexFlags
	kind  Kind
	fixed *pattern

	mu     sync.Mutex
	filled map[string]*pattern
}

// maxFilled bounds the patterns kept for different values of variables.
const maxFilled = 256

func newPatternSource(t template, flags regexFlags, k Kind) (*patternSource, error) {
	ps := &patternSource{tmpl: t, flags: flags, kind: k}
	if text, ok := t.constant(); ok {
		p, err := compilePattern(text, flags, k)
		ps.fixed = p
		return ps, err
	}
	// The values come later. A letter in their place shows the errors that do
	// not depend on them now.
	sample := Vars{}
	for _, n := range t.varsUsed() {
		sample[n] = "x"
	}
	_, err := compilePattern(string(t.appendTo(nil, &fill{vars: sample})), flags, k)
	return ps, err
}

// get returns the pattern with its variables filled in.
func (ps *patternSource) get(v Vars) (*pattern, error) {
	if ps.fixed != nil {
		return ps.fixed, nil
	}
	text := string(ps.tmpl.appendTo(nil, &fill{vars: v}))
	ps.mu.Lock()
	p, ok := ps.filled[text]
	ps.mu.Unlock()
	if ok {
		return p, nil
	}
	p, err := compilePattern(text, ps.flags, ps.kind)
	if err != nil {
		return nil, err
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.filled == nil || len(ps.filled) >= maxFilled {
		ps.filled = map[string]*pattern{}
	}
	ps.filled[text] = p
	return p, nil
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
	run := p.search(s, limit)
	defer run.close()
	if o.name == "m" {
		_, ok, err := run.find(0, false)
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

func (o *operator) substitute(run *search, v Vars) (string, int, error) {
	s := run.subject
	f := fill{vars: v, subject: s, syntax: run.p.syntax}
	constant, isConstant := o.repl.constant()
	var out []byte
	copied, from, count := 0, 0, 0
	wasEmpty := false
	var m found
	f.match = &m
	for {
		var ok bool
		var err error
		m, ok, err = run.find(from, wasEmpty)
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
		out = append(out, s[copied:m.start]...)
		if isConstant {
			out = append(out, constant...)
		} else {
			out = o.repl.appendTo(out, &f)
		}
		if len(out) > maxGrowth+8*len(s) {
			return "", 0, fmt.Errorf("the result grows beyond %d bytes", maxGrowth+8*len(s))
		}
		copied, from = m.end, m.end
		wasEmpty = m.start == m.end
		if !o.flags.global {
			break
		}
	}
	if count == 0 {
		return s, 0, nil
	}
	return string(append(out, s[copied:]...)), count, nil
}

// scanner reads Perl's operator syntax.
type scanner struct {
	src  string
	pos  int
	kind Kind
}

func (sc *scanner) rest() string { return sc.src[sc.pos:] }

// skipBlanks passes over blanks and comments. It returns whether there were
// any, and whether one was a comment.
func (sc *scanner) skipBlanks() (any, comment bool) {
	for sc.pos < len(sc.src) {
		c := sc.src[sc.pos]
		switch {
		case c == ' ' || '\t' <= c && c <= '\r':
			sc.pos++
		case c == '#':
			comment = true
			end := strings.IndexByte(sc.rest(), '\n')
			if end < 0 {
				end = len(sc.rest())
			}
			sc.pos += end
		default:
			return any, comment
		}
		any = true
	}
	return any, comment
}

// word reads letters, digits and underscores.
func (sc *scanner) word() string {
	w := firstWord(sc.rest())
	sc.pos += len(w)
	return w
}

// closers are the delimiters that come in pairs.
var closers = map[byte]byte{'(': ')', '[': ']', '{': '}', '<': '>'}

// delimited reads from an opening delimiter to its end. Paired delimiters
// nest. A backslash before the delimiter is dropped, except between pairs if
// keepPairs is set: pattern and text inside s{}{} and m{} need it there.
func (sc *scanner) delimited(what string, keepPairs bool) (text string, stripped, ok bool, open byte, err error) {
	if sc.pos >= len(sc.src) {
		return "", false, false, 0, fmt.Errorf("%s is missing: an expression is written /pattern/, s/pattern/replacement/ or tr/list/list/", what)
	}
	open = sc.src[sc.pos]
	shut, paired := closers[open]
	if !paired {
		shut = open
	}
	sc.pos++
	var out []byte
	depth := 1
	for sc.pos < len(sc.src) {
		c := sc.src[sc.pos]
		if c == '\\' && open != '\\' && sc.pos+1 < len(sc.src) {
			next := sc.src[sc.pos+1]
			if (next == open || next == shut) && !(paired && keepPairs) {
				stripped = true
			} else {
				out = append(out, c)
			}
			out = append(out, next)
			sc.pos += 2
			continue
		}
		sc.pos++
		if c == shut {
			if depth--; depth == 0 {
				return string(out), stripped, paired, open, nil
			}
		} else if paired && c == open {
			depth++
		}
		out = append(out, c)
	}
	return "", false, false, open, fmt.Errorf("%s is not terminated: the closing %c is missing", what, shut)
}

// toDelimiter moves from behind an operator's name to its first delimiter. A #
// only delimits if it follows at once.
func (sc *scanner) toDelimiter(name string) error {
	if sc.pos < len(sc.src) && sc.src[sc.pos] != '#' {
		sc.skipBlanks()
	}
	if strings.HasPrefix(sc.rest(), "=>") || sc.pos >= len(sc.src) {
		return fmt.Errorf("%s has no delimiters: write %s/.../", name, name)
	}
	return nil
}

// operator reads one operator with its flags.
func (sc *scanner) operator() (*operator, error) {
	start := sc.pos
	if sc.pos >= len(sc.src) {
		return nil, errors.New("it is empty: write s/pattern/replacement/ to rewrite, /pattern/ to match")
	}
	var o *operator
	var err error
	switch c := sc.src[sc.pos]; {
	case c == '/':
		o, err = sc.match("m")
	case c == '"':
		o, err = sc.quoted(true)
	case c == '\'':
		o, err = sc.quoted(false)
	case c == '`':
		err = errors.New("`...` would run a command, which is never done")
	case c == '!':
		err = errors.New(`! does not negate here, Perl would match against 1: write m{\A(?!.*pattern)}s to match texts without the pattern`)
	case '0' <= c && c <= '9':
		err = fmt.Errorf("%s is a number: write /%s/ to match it", firstWord(sc.rest()), firstWord(sc.rest()))
	case isWordByte(c):
		switch name := sc.word(); name {
		case "m", "qr":
			if err = sc.toDelimiter(name); err == nil {
				o, err = sc.match(name)
			}
		case "s":
			if err = sc.toDelimiter(name); err == nil {
				o, err = sc.substitution()
			}
		case "tr", "y":
			if err = sc.toDelimiter(name); err == nil {
				o, err = sc.transliteration()
			}
		case "q", "qq":
			if err = sc.toDelimiter(name); err == nil {
				o, err = sc.quoted(name == "qq")
			}
		default:
			err = sc.notAnOperator(sc.src[start:])
		}
	default:
		err = sc.notAnOperator(sc.rest())
	}
	if err != nil {
		return nil, err
	}
	o.source = sc.src[start:sc.pos]
	return o, nil
}

func (sc *scanner) notAnOperator(text string) error {
	if sc.kind.deletes() || sc.kind == Skip {
		return fmt.Errorf("%s is no Perl match: put the pattern between delimiters, as in m{^Archive/}", show(text))
	}
	return fmt.Errorf("%s is no Perl operator: write s/pattern/replacement/ or tr/list/list/", show(text))
}

func (sc *scanner) match(name string) (*operator, error) {
	raw, stripped, _, open, err := sc.delimited("the pattern", true)
	if err != nil {
		return nil, err
	}
	o := &operator{name: "m"}
	if o.flags, err = parseOperatorFlags(name, sc.word()); err != nil {
		return nil, err
	}
	o.noteDelimiter(stripped, open)
	return o, o.setPattern(raw, open == '\'', sc.kind)
}

func (o *operator) setPattern(raw string, noInterpolation bool, k Kind) (err error) {
	t := template{{kind: partText, text: raw}}
	if !noInterpolation {
		if t, err = interpolate(raw, inPattern, k, o.flags.regex.x); err != nil {
			return fmt.Errorf("pattern %s: %w", show(raw), err)
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

// quoted reads a string that serves as the pattern.
func (sc *scanner) quoted(interpolated bool) (*operator, error) {
	raw, _, _, _, err := sc.delimited("the string", false)
	if err != nil {
		return nil, err
	}
	o := &operator{name: "m"}
	t := template{{kind: partText, text: strings.ReplaceAll(raw, `\\`, `\`)}}
	if interpolated {
		if t, err = interpolate(raw, inString, sc.kind, false); err != nil {
			return nil, fmt.Errorf("string %s: %w", show(raw), err)
		}
	}
	o.pattern, err = newPatternSource(t, regexFlags{}, sc.kind)
	return o, err
}

func (sc *scanner) substitution() (*operator, error) {
	raw, stripped, paired, open, err := sc.delimited("the pattern", true)
	if err != nil {
		return nil, err
	}
	replOpen, err := sc.secondPart(paired)
	if err != nil {
		return nil, err
	}
	repl, _, _, _, err := sc.delimited("the replacement", false)
	if err != nil {
		return nil, err
	}
	o := &operator{name: "s", replRaw: repl}
	if o.flags, err = parseOperatorFlags("s", sc.word()); err != nil {
		return nil, err
	}
	o.noteDelimiter(stripped, open)
	if err := o.setPattern(raw, open == '\'', sc.kind); err != nil {
		return nil, err
	}
	switch {
	case o.flags.eval > 0:
		o.repl, err = parseEval(repl, o.flags.eval, sc.kind)
	case replOpen == '\'':
		o.repl = template{{kind: partText, text: strings.ReplaceAll(repl, `\\`, `\`)}}
	default:
		o.repl, err = interpolate(repl, inReplacement, sc.kind, false)
		if !o.flags.preserve && strings.Contains(repl, "${^") && err == nil {
			err = errors.New("${^MATCH} and its kin are empty without the modifier p: add it, or write $&")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("replacement %s: %w", show(repl), err)
	}
	return o, nil
}

// secondPart moves to where the second text of s or tr begins, and returns its
// delimiter. Behind a pair it has delimiters of its own; else it shares the
// one just read.
func (sc *scanner) secondPart(paired bool) (byte, error) {
	if !paired {
		sc.pos--
		return sc.src[sc.pos], nil
	}
	if sc.pos < len(sc.src) && sc.src[sc.pos] != '#' {
		sc.skipBlanks()
	}
	if sc.pos >= len(sc.src) {
		return 0, errors.New("the second part is missing: write both, as in s{a}{b}")
	}
	return sc.src[sc.pos], nil
}

func (sc *scanner) transliteration() (*operator, error) {
	search, _, paired, open, err := sc.delimited("the first list", false)
	if err != nil {
		return nil, err
	}
	if _, err := sc.secondPart(paired); err != nil {
		return nil, err
	}
	repl, _, _, _, err := sc.delimited("the second list", false)
	if err != nil {
		return nil, err
	}
	o := &operator{name: "tr", replRaw: repl}
	if o.flags, err = parseOperatorFlags("tr", sc.word()); err != nil {
		return nil, err
	}
	o.trans, err = compileTransliteration(search, repl, o.flags, open == '\'')
	return o, err
}
