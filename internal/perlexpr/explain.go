package perlexpr

import (
	"fmt"
	"strconv"
	"strings"
)

// Explain says in several lines how the expression was understood: operation,
// pattern, modifiers, replacement, and what often surprises in it. The text is
// for people and ends with a newline.
func (e *Expr) Explain() string {
	var x explanation
	x.line("expression", show(e.text))
	x.line("given to", e.kind.String())
	ops := e.prog.operators()
	for i, o := range ops {
		if len(ops) > 1 {
			x.line("step "+strconv.Itoa(i+1), show(o.source))
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
		x.line("pattern", show(text)+", "+where(ps.fixed.syntax.root))
	} else {
		x.line("pattern", ps.tmpl.describe()+", filled in at run time")
	}
	f := o.flags.regex
	for _, m := range []struct {
		on   bool
		text string
	}{
		{f.i, "i: capital and small letters match each other"},
		{f.m, "m: ^ and $ match at every line"},
		{f.s, "s: . matches line ends too"},
		{f.x && !f.xx, "x: blanks and #... in the pattern are ignored"},
		{f.xx, "xx: blanks and #... are ignored, in classes too"},
		{f.n, "n: plain parentheses do not capture"},
		{f.charset == charsetU, "u: the bytes 80-FF are Latin-1 letters"},
		{f.charset == charsetA || f.charset == charsetAA, "a: \\w \\d \\s know ASCII only"},
	} {
		if m.on {
			x.line("modifier", m.text)
		}
	}
	if ps.fixed == nil {
		return
	}
	s := ps.fixed.syntax
	for _, name := range s.groupOrder() {
		x.line("group", fmt.Sprintf("%s is %s", name, strings.Trim(fmt.Sprint(s.names[name]), "[]")))
	}
}

// where says which part of a text the pattern can match.
func where(n *node) string {
	first, last := n, n
	if n.op == opSeq {
		first, last = n.kids[0], n.kids[len(n.kids)-1]
	}
	begin := first.op == opBegin
	end := last.op == opEnd || last.op == opEndZ
	switch {
	case n.op == opEmpty:
		return "the empty pattern, which matches everywhere"
	case begin && end && n.op == opSeq:
		return "against the whole text"
	case begin:
		return "at the beginning of the text"
	case end:
		return "at the end of the text"
	}
	return "anywhere in the text"
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
			parts = append(parts, show(p.text))
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
	root := o.pattern.fixed.syntax.root
	if root.hasBareDot() {
		x.note(`an unescaped . matches any character: write \. for the separator`)
	}
	if class := wordClassText(text); class != "" && !o.flags.regex.x {
		x.note(fmt.Sprintf(`[%s] matches one of these letters: write \[%s\] for the text in brackets`, class, class))
	}
	if first, later, ok := root.shadowed(); ok {
		x.note(fmt.Sprintf("%s never gets its turn, because %s stands before it and matches first: anchor both, as in ^(?:...)$", show(later), show(first)))
	}
}

// hasBareDot reports whether a . stands without a quantifier.
func (n *node) hasBareDot() bool {
	if n.op == opSet {
		return n.set == notNewline || n.set == anyByte
	}
	for _, k := range n.kids {
		if n.op == opRepeat && k.op == opSet {
			continue
		}
		if k.hasBareDot() {
			return true
		}
	}
	return false
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
			if len(body) >= 4 && isName(strings.ReplaceAll(body, " ", "")) && strings.IndexByte(body, '_') < 0 {
				return body
			}
			i += end
		}
	}
	return ""
}

// shadowed finds, in an alternation of fixed texts, one that begins with an
// earlier one.
func (n *node) shadowed() (first, later string, ok bool) {
	if n.op != opAlt {
		return "", "", false
	}
	var seen []string
	for _, k := range n.kids {
		text, literal := k.literal()
		if !literal {
			return "", "", false
		}
		for _, s := range seen {
			if strings.HasPrefix(text, s) {
				return s, text, true
			}
		}
		seen = append(seen, text)
	}
	return "", "", false
}
