package perlre

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// Limits of Perl 5.36 that are part of what an expression means.
const (
	maxRepeat     = 65534 // largest count in {n,m}
	maxLookbehind = 255   // longest text a look-behind may match
	maxNesting    = 1000  // deepest parentheses
)

// Flags are the modifiers a pattern is read with.
type Flags struct {
	I, M, S, X, XX, N bool
	Charset           Charset
}

// syntax is a pattern after parsing.
type syntax struct {
	root   *node
	groups int              // highest group number
	names  map[string][]int // named groups; a name may stand for several
	bodies map[int]*node    // what each group holds, for recursion
}

// groupOrder returns the names in a fixed order.
func (s *syntax) groupOrder() []string {
	names := make([]string, 0, len(s.names))
	for n := range s.names {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// parsePattern reads Perl's pattern language (perlre), after interpolation.
// The errors say where in the pattern and what to write instead.
func parsePattern(src string, flags Flags) (*syntax, error) {
	p := &patternParser{src: src, flags: flags, total: -1}
	s, err := p.run()
	if errors.Is(err, errReparse) {
		// The first pass has learnt how many groups there are, which decides
		// whether \12 is a group or a byte, and whether anything asks for
		// Unicode rules, which then hold from the start of the pattern.
		q := &patternParser{src: src, flags: flags, total: p.groups, unicode: p.unicode}
		s, err = q.run()
	}
	return s, err
}

var errReparse = errors.New("another pass is needed")

type patternParser struct {
	src     string
	pos     int
	flags   Flags
	groups  int // opened so far; the highest number under (?|
	names   map[string][]int
	bodies  map[int]*node
	total   int  // groups in the whole pattern, -1 in the first pass
	unicode bool // \p, \N{U+} or a code point above FF was seen
	again   bool
	depth   int
	behind  int // nesting of look-arounds, where \K has no place
	refs    []*node
}

func (p *patternParser) run() (*syntax, error) {
	if p.unicode && p.flags.Charset == CharsetD {
		p.flags.Charset = CharsetU
	}
	p.names = map[string][]int{}
	p.bodies = map[int]*node{}
	root, err := p.alternation()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.src) {
		return nil, p.errorf(p.pos, "unmatched ): write \\) for the character")
	}
	if p.total < 0 && (p.again || p.unicode) {
		return nil, errReparse
	}
	if root.count(opStart) != root.leading(opStart) {
		return nil, fmt.Errorf("pattern %s: \\G is supported at the very beginning of a pattern only", perllex.Show(p.src))
	}
	p.bodies[0] = root
	if err := p.resolve(); err != nil {
		return nil, err
	}
	if endless(p.bodies) {
		return nil, fmt.Errorf("pattern %s recurses without end: let something match before the recursion", perllex.Show(p.src))
	}
	return &syntax{root: root, groups: p.groups, names: p.names, bodies: p.bodies}, nil
}

// resolve gives references their groups, once all groups are known.
func (p *patternParser) resolve() error {
	for _, n := range p.refs {
		if n.name != "" {
			n.groups = p.names[n.name]
			if len(n.groups) == 0 {
				return fmt.Errorf("pattern %s refers to a group named %s, which it does not have", perllex.Show(p.src), perllex.Show(n.name))
			}
			n.num = n.groups[0]
			continue
		}
		if n.num > p.groups || n.num < 0 {
			return fmt.Errorf("pattern %s refers to group %d, but has %d", perllex.Show(p.src), n.num, p.groups)
		}
		n.groups = []int{n.num}
	}
	return nil
}

func (p *patternParser) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("pattern %s, at character %d: %s", perllex.Show(p.src), at+1, fmt.Sprintf(format, args...))
}

func (p *patternParser) more() bool { return p.pos < len(p.src) }

func (p *patternParser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *patternParser) rest() string { return p.src[p.pos:] }

func (p *patternParser) accept(prefix string) bool {
	if strings.HasPrefix(p.rest(), prefix) {
		p.pos += len(prefix)
		return true
	}
	return false
}

// skipIgnored passes over (?#comments) and, under x, blanks and # comments.
func (p *patternParser) skipIgnored() error {
	for p.more() {
		switch {
		case strings.HasPrefix(p.rest(), "(?#"):
			end := strings.IndexByte(p.rest(), ')')
			if end < 0 {
				return p.errorf(p.pos, "the comment (?# has no end: add )")
			}
			p.pos += end + 1
		case p.flags.X && isPatternBlank(p.peek()):
			p.pos++
		case p.flags.X && p.peek() == '#':
			end := strings.IndexByte(p.rest(), '\n')
			if end < 0 {
				p.pos = len(p.src)
			} else {
				p.pos += end + 1
			}
		default:
			return nil
		}
	}
	return nil
}

func isPatternBlank(c byte) bool {
	return c == ' ' || '\t' <= c && c <= '\r' || c == 0x85
}

// alternation reads branches up to the ) that ends the group or the end.
func (p *patternParser) alternation() (*node, error) {
	alts, err := p.branches(func() {})
	if err != nil {
		return nil, err
	}
	return alternate(alts), nil
}

func alternate(alts []*node) *node {
	if len(alts) == 1 {
		return alts[0]
	}
	return &node{op: opAlt, kids: alts}
}

// branches reads what stands between the | of a group, and calls between at
// each of them.
func (p *patternParser) branches(between func()) ([]*node, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, p.errorf(p.pos, "parentheses are nested more than %d deep", maxNesting)
	}
	defer func() { p.depth-- }()
	var alts []*node
	for {
		n, err := p.sequence()
		if err != nil {
			return nil, err
		}
		alts = append(alts, n)
		if !p.accept("|") {
			return alts, nil
		}
		between()
	}
}

func (p *patternParser) sequence() (*node, error) {
	var kids []*node
	for {
		if err := p.skipIgnored(); err != nil {
			return nil, err
		}
		if !p.more() || p.peek() == '|' || p.peek() == ')' {
			return seq(kids...), nil
		}
		n, err := p.piece()
		if err != nil {
			return nil, err
		}
		if n != nil {
			kids = append(kids, n)
		}
	}
}

// piece reads an atom and its quantifier. It returns nil for what only changes
// the modifiers.
func (p *patternParser) piece() (*node, error) {
	start := p.pos
	if c := p.peek(); c == '*' || c == '+' || c == '?' {
		return nil, p.errorf(start, "quantifier %c follows nothing: write \\%c for the character, or .* for any text", c, c)
	}
	n, err := p.atom()
	if err != nil || n == nil {
		return n, err
	}
	if err := p.skipIgnored(); err != nil {
		return nil, err
	}
	low, high, ok, err := p.quantifier()
	if err != nil || !ok {
		return n, err
	}
	if n.op == opKeep {
		return nil, p.errorf(start, "\\K cannot be repeated")
	}
	r := &node{op: opRepeat, kids: []*node{n}, min: low, max: high}
	if err := p.skipIgnored(); err != nil {
		return nil, err
	}
	switch p.peek() {
	case '?':
		r.mode = lazy
		p.pos++
	case '+':
		r.mode = possessive
		p.pos++
	}
	if err := p.skipIgnored(); err != nil {
		return nil, err
	}
	at := p.pos
	if _, _, again, err := p.quantifier(); err != nil {
		return nil, err
	} else if again {
		return nil, p.errorf(at, "nested quantifiers: put the repeated part in (?: )")
	}
	if low > high {
		// Perl accepts {2,1} and never matches it. The groups inside keep
		// their numbers.
		r.min, r.max = 0, 0
		return seq(r, &node{op: opFail}), nil
	}
	return r, nil
}

// quantifier reads * + ? {n} {n,} {n,m} {,m}; blanks inside braces are allowed
// since Perl 5.34. Braces that are no quantifier are left for the next atom.
func (p *patternParser) quantifier() (low, high int, ok bool, err error) {
	switch p.peek() {
	case '*':
		p.pos++
		return 0, unbounded, true, nil
	case '+':
		p.pos++
		return 1, unbounded, true, nil
	case '?':
		p.pos++
		return 0, 1, true, nil
	case '{':
	default:
		return 0, 0, false, nil
	}
	end := strings.IndexByte(p.rest(), '}')
	if end < 0 {
		return 0, 0, false, nil
	}
	body := strings.Trim(p.src[p.pos+1:p.pos+end], " \t")
	first, second, comma := strings.Cut(body, ",")
	first, second = strings.Trim(first, " \t"), strings.Trim(second, " \t")
	if !perllex.AllDigits(first) || !perllex.AllDigits(second) || first == "" && second == "" {
		return 0, 0, false, nil
	}
	count := func(s string, missing int) (int, error) {
		if s == "" {
			return missing, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n > maxRepeat {
			return 0, p.errorf(p.pos, "the count %s is above %d, the most a quantifier can say: repeat a group, as in (?:.{%d}){2}", s, maxRepeat, maxRepeat/2)
		}
		return n, nil
	}
	if low, err = count(first, 0); err != nil {
		return 0, 0, false, err
	}
	if high, err = count(second, unbounded); err != nil {
		return 0, 0, false, err
	}
	if !comma {
		high = low
	}
	p.pos += end + 1
	return low, high, true, nil
}
