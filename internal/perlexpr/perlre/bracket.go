package perlre

import (
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// bracket reads a character class, from [ to ], into the set of bytes it
// matches (perlrecharclass).
func (p *patternParser) bracket() (byteSet, error) {
	start := p.pos
	p.pos++
	var set byteSet
	negate := false
	skipBlanks := func() {
		for p.flags.XX && (p.peek() == ' ' || p.peek() == '\t') && p.more() {
			p.pos++
		}
	}
	skipBlanks()
	if p.peek() == '^' {
		negate = true
		p.pos++
	}
	skipBlanks()
	for first := true; ; first = false {
		skipBlanks()
		if !p.more() {
			return set, p.errorf(start, "unmatched [: write \\[ for the character")
		}
		if p.peek() == ']' && !first {
			p.pos++
			break
		}
		at := p.pos
		m, err := p.member()
		if err != nil {
			return set, err
		}
		skipBlanks()
		if m.isClass || p.peek() != '-' {
			m.addTo(&set)
			continue
		}
		p.pos++
		skipBlanks()
		if !p.more() || p.peek() == ']' { // a dash at the end is itself
			m.addTo(&set)
			set.add('-')
			continue
		}
		end, err := p.member()
		if err != nil {
			return set, err
		}
		if end.isClass { // [a-\d]: three members, no range
			m.addTo(&set)
			set.add('-')
			end.addTo(&set)
			continue
		}
		if end.char < m.char {
			return set, p.errorf(at, "the range %s is reversed: a range goes up by byte value", perllex.Show(p.src[at:p.pos]))
		}
		if m.char <= 0xFF {
			set.addRange(byte(m.char), byte(min(end.char, 0xFF)))
		}
		if p.flags.I {
			for _, f := range foldsIntoLatin1 {
				if m.char <= int(f.from) && int(f.from) <= end.char {
					set.add(f.to)
				}
			}
		}
	}
	if p.flags.I {
		set = set.folded(p.flags.Charset.latin1Case())
	}
	if negate {
		set = set.negated()
	}
	return set, nil
}

// foldsIntoLatin1 are the code points above FF that are the other case of one
// below, which matters to a range that goes beyond FF under i.
var foldsIntoLatin1 = []struct {
	from rune
	to   byte
}{
	{0x178, 0xFF}, {0x17F, 's'}, {0x39C, 0xB5}, {0x3BC, 0xB5},
	{0x1E9E, 0xDF}, {0x212A, 'k'}, {0x212B, 0xE5},
}

// classMember is one element of a character class: a character, or a class of
// its own that cannot be the end of a range.
type classMember struct {
	isClass bool
	set     byteSet
	char    int
}

func (m classMember) addTo(s *byteSet) {
	if m.isClass {
		s.addSet(m.set)
	} else if m.char <= 0xFF {
		s.add(byte(m.char))
	}
}

func (p *patternParser) member() (classMember, error) {
	start := p.pos
	c := p.peek()
	if c == '[' {
		if m, ok, err := p.posixClass(); ok || err != nil {
			return m, err
		}
	}
	if c != '\\' {
		p.pos++
		return classMember{char: int(c)}, nil
	}
	if p.pos+1 >= len(p.src) {
		return classMember{}, p.errorf(start, "unmatched [: write \\[ for the character")
	}
	c = p.src[p.pos+1]
	if s, ok := p.classEscape(c); ok {
		p.pos += 2
		return classMember{isClass: true, set: s}, nil
	}
	switch c {
	case 'b':
		p.pos += 2
		return classMember{char: '\b'}, nil
	case 'N':
		p.pos += 2
		if p.peek() != '{' {
			return classMember{}, p.errorf(start, "\\N in a class must be a code point, \\N{U+E9}; for all but newline write [^\\n]")
		}
		v, err := p.namedChar(start)
		return classMember{char: v}, err
	case 'p', 'P':
		p.pos += 2
		s, err := p.propertyEscape(start, c == 'P')
		return classMember{isClass: true, set: s}, err
	}
	v, err := p.charEscape()
	if v > 0xFF {
		p.unicode = true
	}
	return classMember{char: v}, err
}

// posixClass reads [:name:] or [:^name:]. A [ that opens nothing of the kind
// is a character.
func (p *patternParser) posixClass() (classMember, bool, error) {
	rest := p.rest()
	if len(rest) < 2 || strings.IndexByte(":.=", rest[1]) < 0 {
		return classMember{}, false, nil
	}
	mark := rest[1]
	end := strings.Index(rest[2:], string([]byte{mark, ']'}))
	if end < 0 {
		return classMember{}, false, nil
	}
	name := rest[2 : 2+end]
	negate := false
	bare := name
	if s, ok := strings.CutPrefix(name, "^"); ok {
		negate, bare = true, s
	}
	for i := 0; i < len(bare); i++ {
		if !perllex.IsWordByte(bare[i]) {
			return classMember{}, false, nil
		}
	}
	if mark == ':' && bare == "" {
		return classMember{}, false, nil
	}
	if mark != ':' {
		return classMember{}, false, p.errorf(p.pos, "[%c %c] is reserved by Perl: put \\ before the [", mark, mark)
	}
	class, ok := posixClasses[bare]
	if !ok {
		return classMember{}, false, p.errorf(p.pos, "[:%s:] is no POSIX class: Perl has alpha, digit, alnum, upper, lower, space, blank, punct, graph, print, cntrl, xdigit, word, ascii", name)
	}
	p.pos += 2 + end + 2
	s := class.set(p.flags.Charset)
	if p.flags.I && (bare == "upper" || bare == "lower") {
		s = posixClasses["upper"].set(p.flags.Charset)
		s.addSet(posixClasses["lower"].set(p.flags.Charset))
	}
	if negate {
		s = s.negated()
	}
	return classMember{isClass: true, set: s}, true, nil
}
