package perlre

import (
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// group reads a parenthesis and all that can follow it (perlre, "Extended
// Patterns"). It returns nil for (?i) and the like, which only change the
// modifiers up to the end of the enclosing group.
func (p *patternParser) group() (*node, error) {
	start := p.pos
	p.pos++
	if p.accept("*") {
		return p.verb(start)
	}
	if p.flags.X && isPatternBlank(p.peek()) {
		n := 0
		for n < len(p.rest()) && isPatternBlank(p.rest()[n]) {
			n++
		}
		if strings.HasPrefix(p.rest()[n:], "?") {
			return nil, p.errorf(start, "( and ? must stand together")
		}
	}
	if !p.accept("?") {
		if p.flags.N {
			return p.inside(start)
		}
		return p.capture(start, "")
	}
	switch {
	case p.accept(":"):
		return p.inside(start)
	case p.accept("="):
		return p.look(start, false, false)
	case p.accept("!"):
		return p.look(start, false, true)
	case p.accept("<="):
		return p.look(start, true, false)
	case p.accept("<!"):
		return p.look(start, true, true)
	case p.accept(">"):
		n, err := p.inside(start)
		return &node{op: opAtomic, kids: []*node{n}}, err
	case p.accept("|"):
		return p.branchReset(start)
	case p.accept("{"), p.accept("?{"):
		return nil, p.errorf(start, "code inside a pattern is never run: use a look-around or a group")
	case p.accept("["):
		return nil, p.errorf(start, "extended classes (?[ ]) are not supported: use [ ] and a look-ahead")
	case p.accept("P="):
		name, err := p.groupName(start, ")")
		return p.backrefName(name), err
	case p.accept("P>"), p.accept("&"):
		name, err := p.groupName(start, ")")
		return p.recurse(&node{op: opRecurse, name: name}), err
	case p.accept("P<"), p.accept("<"):
		return p.named(start, ">")
	case p.accept("'"):
		return p.named(start, "'")
	case p.accept("("):
		return p.condition(start)
	case p.accept("R)"), p.accept("0)"):
		return p.recurse(&node{op: opRecurse, num: 0}), nil
	}
	if n, ok, err := p.numberedRecursion(start); ok || err != nil {
		return n, err
	}
	return p.modifiers(start)
}

// close passes over the ) of a group opened at start.
func (p *patternParser) close(start int) error {
	if !p.accept(")") {
		return p.errorf(start, "unmatched (: add the missing ), or write \\( for the character")
	}
	return nil
}

// inside reads the content of a group, whose modifiers end with it.
func (p *patternParser) inside(start int) (*node, error) {
	saved := p.flags
	n, err := p.alternation()
	if err != nil {
		return nil, err
	}
	p.flags = saved
	return n, p.close(start)
}

func (p *patternParser) capture(start int, name string) (*node, error) {
	p.groups++
	num := p.groups
	if name != "" {
		p.names[name] = append(p.names[name], num)
	}
	n, err := p.inside(start)
	if err != nil {
		return nil, err
	}
	p.bodies[num] = n
	return &node{op: opCapture, num: num, kids: []*node{n}}, nil
}

func (p *patternParser) named(start int, closing string) (*node, error) {
	name, err := p.groupName(start, closing)
	if err != nil {
		return nil, err
	}
	return p.capture(start, name)
}

func (p *patternParser) groupName(start int, closing string) (string, error) {
	n := 0
	for n < len(p.rest()) && perllex.IsWordByte(p.rest()[n]) {
		n++
	}
	name := p.rest()[:n]
	if !perllex.IsName(name) {
		return "", p.errorf(start, "a group name begins with a letter or _")
	}
	p.pos += n
	if !p.accept(closing) {
		return "", p.errorf(start, "the group name %s is not followed by %s", perllex.Show(name), closing)
	}
	return name, nil
}

// look reads a look-around. Perl looks back over 255 bytes at most, and only
// if it can tell so beforehand.
func (p *patternParser) look(start int, behind, negate bool) (*node, error) {
	p.behind++
	n, err := p.inside(start)
	p.behind--
	if err != nil {
		return nil, err
	}
	if behind {
		least, most := n.lengths()
		if most > maxLookbehind {
			return nil, p.errorf(start, "a look-behind may match %d bytes at most: replace * + by a count, or use \\K", maxLookbehind)
		}
		if n.uses(opAtomic) || !n.walk(func(k *node) bool { return k.op != opRepeat || k.mode != possessive }) {
			return nil, p.errorf(start, "an atomic group, a possessive quantifier, \\R or \\X inside a look-behind is not supported: write [\\r\\n] for \\R, else leave out (?> ) or the +")
		}
		if least != most && n.uses(opCapture) {
			return nil, p.errorf(start, "a group inside a look-behind of variable length is not supported: move the group out, or write (?: )")
		}
	}
	return &node{op: opLook, behind: behind, negate: negate, kids: []*node{n}}, nil
}

// branchReset reads (?|...), whose branches number their groups alike.
func (p *patternParser) branchReset(start int) (*node, error) {
	saved := p.flags
	first, highest := p.groups, p.groups
	alts, err := p.branches(func() {
		highest = max(highest, p.groups)
		p.groups = first
	})
	if err != nil {
		return nil, err
	}
	p.groups = max(highest, p.groups)
	p.flags = saved
	return alternate(alts), p.close(start)
}

func (p *patternParser) recurse(n *node) *node {
	p.refs = append(p.refs, n)
	return n
}

// numberedRecursion reads (?1), (?+1) and (?-1).
func (p *patternParser) numberedRecursion(start int) (*node, bool, error) {
	end := strings.IndexByte(p.rest(), ')')
	if end < 0 {
		return nil, false, nil
	}
	text := p.rest()[:end]
	digits := strings.TrimLeft(text, "+-")
	if digits == "" || !perllex.AllDigits(digits) || len(text)-len(digits) > 1 {
		return nil, false, nil
	}
	num, err := strconv.Atoi(digits)
	if err != nil {
		num = unbounded
	}
	switch text[0] {
	case '+':
		num += p.groups
	case '-':
		num = p.groups + 1 - num
	}
	if num < 1 {
		return nil, false, p.errorf(start, "(?%s) refers to a group before the first", text)
	}
	p.pos += end + 1
	return p.recurse(&node{op: opRecurse, num: num}), true, nil
}

// condition reads (?(condition)yes|no).
func (p *patternParser) condition(start int) (*node, error) {
	cond := &node{op: opCond, num: -1}
	var test *node
	define := false
	switch {
	case p.accept("DEFINE)"):
		define = true
	case p.accept("<"), p.accept("'"):
		closing := ">"
		if p.src[p.pos-1] == '\'' {
			closing = "'"
		}
		name, err := p.groupName(start, closing+")")
		if err != nil {
			return nil, err
		}
		cond.name = name
		p.refs = append(p.refs, cond)
	case strings.HasPrefix(p.rest(), "?=") || strings.HasPrefix(p.rest(), "?!") ||
		strings.HasPrefix(p.rest(), "?<=") || strings.HasPrefix(p.rest(), "?<!"):
		p.pos--
		n, err := p.group()
		if err != nil {
			return nil, err
		}
		test = n
	default:
		end := strings.IndexByte(p.rest(), ')')
		if end < 1 || !perllex.AllDigits(p.rest()[:end]) {
			return nil, p.errorf(start, "unknown condition in (?( )): it is a group number, <name>, a look-around or DEFINE")
		}
		num, err := strconv.Atoi(p.rest()[:end])
		if err != nil || num == 0 {
			return nil, p.errorf(start, "there is no group %s", p.rest()[:end])
		}
		p.pos += end + 1
		cond.num = num
	}
	saved := p.flags
	alts, err := p.branches(func() {})
	if err != nil {
		return nil, err
	}
	p.flags = saved
	if err := p.close(start); err != nil {
		return nil, err
	}
	if define {
		// Only a place for groups to recurse into: {0} matches nothing and
		// keeps their numbers.
		return &node{op: opRepeat, kids: []*node{alternate(alts)}}, nil
	}
	if len(alts) > 2 {
		return nil, p.errorf(start, "the condition has more than two branches: put the | in (?: )")
	}
	yes, no := alts[0], seq()
	if len(alts) == 2 {
		no = alts[1]
	}
	if test == nil {
		test = seq()
	}
	cond.kids = []*node{test, yes, no}
	return cond, nil
}

// verb reads (*...). The look-arounds and atomic groups spelt this way are
// taken; the backtracking verbs, but for FAIL, are not.
func (p *patternParser) verb(start int) (*node, error) {
	if p.accept("FAIL)") || p.accept("F)") {
		return &node{op: opFail}, nil
	}
	for _, v := range []struct {
		short, long    string
		behind, negate bool
	}{
		{"pla:", "positive_lookahead:", false, false},
		{"nla:", "negative_lookahead:", false, true},
		{"plb:", "positive_lookbehind:", true, false},
		{"nlb:", "negative_lookbehind:", true, true},
	} {
		if p.accept(v.short) || p.accept(v.long) {
			return p.look(start, v.behind, v.negate)
		}
	}
	if p.accept("atomic:") {
		n, err := p.inside(start)
		return &node{op: opAtomic, kids: []*node{n}}, err
	}
	return nil, p.errorf(start, "the verb (*%s is not supported: write \\* for the character", perllex.FirstWord(p.rest()))
}

// modifiers reads (?flags), (?flags:...), (?^flags).
func (p *patternParser) modifiers(start int) (*node, error) {
	saved := p.flags
	f := p.flags
	if p.accept("^") {
		f = Flags{Charset: CharsetD}
		if p.unicode && p.total >= 0 {
			f.Charset = CharsetU
		}
	}
	on := true
	seen, charsets := "", ""
	for {
		if !p.more() {
			return nil, p.errorf(start, "the group (? is not complete: write \\( for the character")
		}
		c := p.peek()
		p.pos++
		switch c {
		case ':', ')':
			p.flags = f
			if c == ')' {
				return nil, nil
			}
			n, err := p.alternation()
			if err != nil {
				return nil, err
			}
			p.flags = saved
			return n, p.close(start)
		case '-':
			if !on || strings.HasPrefix(p.src[start:], "(?^") {
				return nil, p.errorf(start, "the modifiers (?%s are not understood", p.src[start+2:p.pos])
			}
			on = false
		case 'i':
			f.I = on
		case 'm':
			f.M = on
		case 's':
			f.S = on
		case 'n':
			f.N = on
		case 'x':
			f.X = on
			f.XX = on && strings.HasSuffix(seen, "x")
		case 'a', 'd', 'l', 'u':
			if !on {
				return nil, p.errorf(start, "the modifier %c may not follow the dash", c)
			}
			cs, err := AddCharset(charsets, c)
			if err != nil {
				return nil, p.errorf(start, "%v", err)
			}
			charsets += string(rune(c))
			f.Charset = cs
		case 'p', 'o', 'g', 'c': // Perl takes them here and does nothing
		default:
			return nil, p.errorf(start, "the group (?%s is not understood: write \\( for the character", p.src[start+2:p.pos])
		}
		seen += string(rune(c))
	}
}
