package perlexpr

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
	"github.com/imaphaul/imaphaul/internal/perlexpr/perlre"
)

// Explain says in several lines how the expression was understood: operation,
// pattern, modifiers, replacement, and what often surprises in it. The text is
// for people and ends with a newline.
func (e *Expr) Explain() string {
	var x explanation
	x.line("expression", perllex.Show(e.text))
	x.line("given to", e.kind.String())
	ops := e.prog.operators()
	for i, o := range ops {
		if len(ops) > 1 {
			x.line("step "+strconv.Itoa(i+1), perllex.Show(o.source))
		}
		x.operator(o, e.kind)
	}
	if len(ops) == 1 && ops[0].name == "m" && !e.kind.matches() {
		x.note("this option rewrites, and a match changes nothing: write s/pattern/replacement/")
	}
	if e.prog.comment && e.kind != Trans {
		x.note("the comment at the end makes the expression fail on texts it does not change or match: remove it")
	}
	return x.String()
}

type explanation struct{ strings.Builder }

func (x *explanation) line(what, text string) {
	x.WriteString(fmt.Sprintf("%-12s %s\n", what, text))
}

func (x *explanation) note(text string) { x.line("note", text) }

func (x *explanation) operator(o *operator, k Kind) {
	switch {
	case o.name == "tr":
		x.line("operation", o.transOperation())
		x.transliteration(o)
		return
	case o.name == "m":
		x.line("operation", "test whether the pattern matches")
	case o.flags.global:
		x.line("operation", "replace every match")
	default:
		x.line("operation", "replace the first match")
	}
	if o.flags.keep {
		x.note("with the modifier r the result is thrown away and nothing changes")
	}
	x.pattern(o)
	if o.name == "s" {
		x.line("replacement", o.repl.describe())
	}
	for _, n := range o.notes {
		x.note(n)
	}
	x.traps(o, k)
}

func (x *explanation) pattern(o *operator) {
	ps := o.pattern
	if text, ok := ps.tmpl.constant(); ok {
		x.line("pattern", perllex.Show(text)+", "+ps.fixed.Where())
	} else {
		x.line("pattern", ps.tmpl.describe()+", filled in at run time")
	}
	f := o.flags.regex
	for _, m := range []struct {
		on   bool
		text string
	}{
		{f.I, "i: capital and small letters match each other"},
		{f.M, "m: ^ and $ match at every line"},
		{f.S, "s: . matches line ends too"},
		{f.X && !f.XX, "x: blanks and #... in the pattern are ignored"},
		{f.XX, "xx: blanks and #... are ignored, in classes too"},
		{f.N, "n: plain parentheses do not capture"},
		{f.Charset == perlre.CharsetU, "u: the bytes 80-FF are Latin-1 letters"},
		{f.Charset == perlre.CharsetA || f.Charset == perlre.CharsetAA, "a: \\w \\d \\s know ASCII only"},
	} {
		if m.on {
			x.line("modifier", m.text)
		}
	}
	if ps.fixed == nil {
		return
	}
	s := ps.fixed
	for _, name := range s.GroupNames() {
		x.line("group", fmt.Sprintf("%s is %s", name, strings.Trim(fmt.Sprint(s.Named(name)), "[]")))
	}
}

// describe lists the parts of a template.
func (t template) describe() string {
	if len(t) == 0 {
		return "nothing, the match is removed"
	}
	var parts []string
	for _, p := range t {
		switch p.kind {
		case partText:
			parts = append(parts, perllex.Show(p.text))
		case partVar:
			parts = append(parts, "$sync->{"+p.text+"}")
		case partSubject:
			parts = append(parts, "the whole text as it was")
		case partGroup:
			if p.num == 0 {
				parts = append(parts, "all that matched")
			} else {
				parts = append(parts, "group "+strconv.Itoa(p.num))
			}
		case partNamed:
			parts = append(parts, "group "+p.text)
		case partLast:
			parts = append(parts, "the last group that matched")
		case partBefore:
			parts = append(parts, "what precedes the match")
		case partAfter:
			parts = append(parts, "what follows the match")
		case partCase:
			parts = append(parts, caseNames[p.mod]+"("+p.sub.describe()+")")
		case partIfGroup:
			parts = append(parts, fmt.Sprintf("if group %d matched (%s) else (%s)", p.num, p.sub.describe(), p.other.describe()))
		}
	}
	return strings.Join(parts, " + ")
}

var caseNames = map[byte]string{
	'U': "upper case", 'L': "lower case", 'F': "lower case",
	'u': "first letter upper case", 'l': "first letter lower case", 'Q': "quoted",
}

func (o *operator) transOperation() string {
	switch {
	case o.trans.identity:
		return "count bytes, changing nothing"
	case o.flags.delete && o.replRaw == "":
		return "delete bytes"
	}
	return "replace bytes one by one"
}

// transliteration shows the mapping, with runs of equal shifts as ranges.
func (x *explanation) transliteration(o *operator) {
	if o.flags.keep {
		x.note("with the modifier r the result is thrown away and nothing changes")
	}
	t := o.trans
	for c := 0; c < 256; c++ {
		if !t.found[c] {
			continue
		}
		first := c
		for c < 255 && t.found[c+1] && t.deleted[c+1] == t.deleted[first] &&
			(t.deleted[first] || t.to[c+1] == t.to[first] || int(t.to[c+1])-c-1 == int(t.to[first])-first) {
			if c+1-first > 1 && !t.deleted[first] && (t.to[c+1] == t.to[c]) != (t.to[first+1] == t.to[first]) {
				break
			}
			c++
		}
		to := "nothing"
		if !t.deleted[first] {
			to = byteRange(t.to[first], t.to[c])
		}
		x.line("bytes", byteRange(byte(first), byte(c))+" become "+to)
	}
	if t.squeeze {
		x.line("modifier", "s: runs of one result are written once")
	}
}

func byteRange(lo, hi byte) string {
	name := func(c byte) string {
		if ' ' < c && c <= '~' {
			return string(rune(c))
		}
		return fmt.Sprintf("\\x%02X", c)
	}
	if lo == hi {
		return name(lo)
	}
	return name(lo) + "-" + name(hi)
}

// traps notes what is legal but seldom meant.
func (x *explanation) traps(o *operator, k Kind) {
	text, ok := o.pattern.tmpl.constant()
	if !ok || k.onMessages() {
		return
	}
	root := o.pattern.fixed
	if root.HasBareDot() {
		x.note(`an unescaped . matches any character: write \. for the separator`)
	}
	if class := wordClassText(text); class != "" && !o.flags.regex.X {
		x.note(fmt.Sprintf(`[%s] matches one of these letters: write \[%s\] for the text in brackets`, class, class))
	}
	if first, later, ok := root.Shadowed(); ok {
		x.note(fmt.Sprintf("%s never gets its turn, because %s stands before it and matches first: anchor both, as in ^(?:...)$", perllex.Show(later), perllex.Show(first)))
	}
}

// wordClassText finds a class that looks like a word, such as [Gmail].
func wordClassText(pattern string) string {
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '[':
			end := strings.IndexByte(pattern[i:], ']')
			if end < 0 {
				return ""
			}
			body := pattern[i+1 : i+end]
			if len(body) >= 4 && perllex.IsName(strings.ReplaceAll(body, " ", "")) && strings.IndexByte(body, '_') < 0 {
				return body
			}
			i += end
		}
	}
	return ""
}
