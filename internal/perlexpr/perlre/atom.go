package perlre

import (
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

func (p *patternParser) setNode(s byteSet) *node {
	return &node{op: opSet, set: s}
}

// char is one character of the subject. A code point above FF never occurs in
// a byte string.
func (p *patternParser) char(c int) *node {
	if c > 0xFF {
		p.unicode = true
		return &node{op: opFail}
	}
	var s byteSet
	s.add(byte(c))
	if p.flags.I {
		s = s.folded(p.flags.Charset.latin1Case())
	}
	return p.setNode(s)
}

func (p *patternParser) atom() (*node, error) {
	c := p.peek()
	switch c {
	case '^':
		p.pos++
		if p.flags.M {
			return &node{op: opBol}, nil
		}
		return &node{op: opBegin}, nil
	case '$':
		p.pos++
		if p.flags.M {
			return &node{op: opEol}, nil
		}
		return &node{op: opEndZ}, nil
	case '.':
		p.pos++
		if p.flags.S {
			return p.setNode(anyByte), nil
		}
		return p.setNode(notNewline), nil
	case '[':
		s, err := p.bracket()
		if err != nil {
			return nil, err
		}
		return p.setNode(s), nil
	case '(':
		return p.group()
	case '\\':
		return p.escape()
	}
	p.pos++
	return p.char(int(c)), nil
}

// escape reads an atom that begins with a backslash.
func (p *patternParser) escape() (*node, error) {
	start := p.pos
	if p.pos+1 >= len(p.src) {
		return nil, p.errorf(start, "trailing backslash: write \\\\ for the character")
	}
	c := p.src[p.pos+1]
	if s, ok := p.classEscape(c); ok {
		p.pos += 2
		if err := p.noBrace(start); err != nil {
			return nil, err
		}
		return p.setNode(s), nil
	}
	p.pos += 2
	switch c {
	case 'A':
		return &node{op: opBegin}, nil
	case 'Z':
		return &node{op: opEndZ}, nil
	case 'z':
		return &node{op: opEnd}, nil
	case 'G':
		return &node{op: opStart}, nil
	case 'K':
		if p.behind > 0 {
			return nil, p.errorf(start, "\\K is not permitted inside a look-around: move it out")
		}
		return &node{op: opKeep}, nil
	case 'b', 'B':
		if p.peek() == '{' {
			return nil, p.errorf(start, "Unicode boundaries \\%c{...} are not supported: use \\%c", c, c)
		}
		return &node{op: opBoundary, negate: c == 'B', latin1: p.flags.Charset.latin1Classes()}, nil
	case 'R':
		if err := p.noBrace(start); err != nil {
			return nil, err
		}
		one := p.setNode(vertical)
		return &node{op: opAtomic, kids: []*node{{op: opAlt, kids: []*node{crlf(), one}}}}, nil
	case 'X':
		if err := p.noBrace(start); err != nil {
			return nil, err
		}
		// Within Latin-1 the only cluster of two characters is CR LF.
		return &node{op: opAtomic, kids: []*node{{op: opAlt, kids: []*node{crlf(), p.setNode(anyByte)}}}}, nil
	case 'N':
		if !strings.HasPrefix(p.rest(), "{") || p.isQuantifier() {
			return p.setNode(notNewline), nil
		}
		v, err := p.namedChar(start)
		if err != nil {
			return nil, err
		}
		return p.char(v), nil
	case 'p', 'P':
		s, err := p.propertyEscape(start, c == 'P')
		if err != nil {
			return nil, err
		}
		return p.setNode(s), nil
	case 'g', 'k':
		return p.namedReference(start, c)
	case 'C':
		return nil, p.errorf(start, "\\C is no longer part of Perl: use (?s:.) for any byte")
	}
	if '1' <= c && c <= '9' {
		digits := p.src[start+1:]
		n := 0
		for n < len(digits) && '0' <= digits[n] && digits[n] <= '9' {
			n++
		}
		num, err := strconv.Atoi(digits[:n])
		if err != nil {
			num = unbounded
		}
		if num > 9 && p.total < 0 {
			p.again = true
		}
		if num <= 9 || num <= p.total || c >= '8' {
			p.pos = start + 1 + n
			return p.backref(num), nil
		}
	}
	p.pos = start
	v, err := p.charEscape()
	if err != nil {
		return nil, err
	}
	if isLetter := perllex.ASCIILower(c) >= 'a' && perllex.ASCIILower(c) <= 'z'; isLetter && strings.IndexByte("xoc", c) < 0 {
		if err := p.noBrace(start); err != nil {
			return nil, err
		}
	}
	return p.char(v), nil
}

func crlf() *node {
	return seq(&node{op: opSet, set: setOf("\r\r")}, &node{op: opSet, set: newline})
}

// noBrace refuses a { right behind a class escape that is no quantifier, as
// Perl does.
func (p *patternParser) noBrace(start int) error {
	if p.peek() == '{' && !p.isQuantifier() {
		return p.errorf(p.pos, "unescaped { after %s: write \\{ for the character", p.src[start:p.pos])
	}
	return nil
}

func (p *patternParser) isQuantifier() bool {
	saved := p.pos
	_, _, ok, err := p.quantifier()
	p.pos = saved
	return ok || err != nil
}

// classEscape returns the set of \d \w \s \h \v and their complements.
func (p *patternParser) classEscape(c byte) (byteSet, bool) {
	var s byteSet
	switch c {
	case 'd', 'D':
		s = digitClass.set(p.flags.Charset)
	case 'w', 'W':
		s = wordClass.set(p.flags.Charset)
	case 's', 'S':
		s = spaceClass.set(p.flags.Charset)
	case 'h', 'H':
		s = horizontal
	case 'v', 'V':
		s = vertical
	default:
		return s, false
	}
	if c < 'a' {
		s = s.negated()
	}
	return s, true
}

// charEscape reads a backslash and the one character it stands for, inside or
// outside a class.
func (p *patternParser) charEscape() (int, error) {
	v, n, err := perllex.CharEscape(p.rest())
	if err != nil {
		return 0, p.errorf(p.pos, "%v", err)
	}
	p.pos += n
	return v, nil
}

// namedChar reads {U+hex} behind \N.
func (p *patternParser) namedChar(start int) (int, error) {
	v, n, err := perllex.UnicodeName(p.rest())
	if err != nil {
		return 0, p.errorf(start, "%v", err)
	}
	p.pos += n
	p.needUnicode()
	return v, nil
}

// propertyEscape reads what follows \p or \P.
func (p *patternParser) propertyEscape(start int, negate bool) (byteSet, error) {
	if !p.more() {
		return byteSet{}, p.errorf(start, "\\p needs a property: write \\p{L} for a letter")
	}
	name := p.src[p.pos : p.pos+1]
	p.pos++
	if name == "{" {
		end := strings.IndexByte(p.rest(), '}')
		if end < 0 {
			return byteSet{}, p.errorf(start, "missing right brace on \\p{")
		}
		name = p.src[p.pos : p.pos+end]
		p.pos += end + 1
	}
	s, ok := property(name, p.flags.I)
	if !ok {
		return byteSet{}, p.errorf(start, "%s is no Unicode property known here: use a general category such as \\p{L}, or a class such as [A-Za-z]", perllex.Show(name))
	}
	p.needUnicode()
	if negate {
		s = s.negated()
	}
	return s, nil
}

// needUnicode notes that something asks for Unicode rules. Where they are in
// force already, or excluded by a modifier, it changes nothing elsewhere.
func (p *patternParser) needUnicode() {
	if p.flags.Charset == CharsetD {
		p.unicode = true
	}
}
