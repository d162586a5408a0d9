package perlexpr

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Limits of Perl 5.36 that are part of what an expression means.
const (
	maxRepeat     = 65534 // largest count in {n,m}
	maxLookbehind = 255   // longest text a look-behind may match
	maxNesting    = 1000  // deepest parentheses
)

// regexFlags are the modifiers a pattern is read with.
type regexFlags struct {
	i, m, s, x, xx, n bool
	charset           charset
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
func parsePattern(src string, flags regexFlags) (*syntax, error) {
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
	flags   regexFlags
	groups  int // opened so far; the highest number under (?|
	open    []int
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
	if p.unicode && p.flags.charset == charsetD {
		p.flags.charset = charsetU
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
		return nil, fmt.Errorf("pattern %s: \\G is supported at the very beginning of a pattern only", show(p.src))
	}
	p.bodies[0] = root
	if err := p.resolve(); err != nil {
		return nil, err
	}
	if endless(p.bodies) {
		return nil, fmt.Errorf("pattern %s recurses without end: let something match before the recursion", show(p.src))
	}
	return &syntax{root: root, groups: p.groups, names: p.names, bodies: p.bodies}, nil
}

// resolve gives references their groups, once all groups are known.
func (p *patternParser) resolve() error {
	for _, n := range p.refs {
		if n.name != "" {
			n.groups = p.names[n.name]
			if len(n.groups) == 0 {
				return fmt.Errorf("pattern %s refers to a group named %s, which it does not have", show(p.src), show(n.name))
			}
			n.num = n.groups[0]
			continue
		}
		if n.num > p.groups || n.num < 0 {
			return fmt.Errorf("pattern %s refers to group %d, but has %d", show(p.src), n.num, p.groups)
		}
		n.groups = []int{n.num}
	}
	return nil
}

func (p *patternParser) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("pattern %s, at character %d: %s", show(p.src), at+1, fmt.Sprintf(format, args...))
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
		case p.flags.x && isPatternBlank(p.peek()):
			p.pos++
		case p.flags.x && p.peek() == '#':
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
	if !allDigits(first) || !allDigits(second) || first == "" && second == "" {
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

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

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
	if p.flags.i {
		s = s.folded(p.flags.charset.latin1Case())
	}
	return p.setNode(s)
}

func (p *patternParser) atom() (*node, error) {
	c := p.peek()
	switch c {
	case '^':
		p.pos++
		if p.flags.m {
			return &node{op: opBol}, nil
		}
		return &node{op: opBegin}, nil
	case '$':
		p.pos++
		if p.flags.m {
			return &node{op: opEol}, nil
		}
		return &node{op: opEndZ}, nil
	case '.':
		p.pos++
		if p.flags.s {
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
		return &node{op: opBoundary, negate: c == 'B', latin1: p.flags.charset.latin1Classes()}, nil
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
	if isLetter := asciiLower(c) >= 'a' && asciiLower(c) <= 'z'; isLetter && strings.IndexByte("xoc", c) < 0 {
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
		s = digitClass.set(p.flags.charset)
	case 'w', 'W':
		s = wordClass.set(p.flags.charset)
	case 's', 'S':
		s = spaceClass.set(p.flags.charset)
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
	v, n, err := charEscape(p.rest())
	if err != nil {
		return 0, p.errorf(p.pos, "%v", err)
	}
	p.pos += n
	return v, nil
}

// namedChar reads {U+hex} behind \N.
func (p *patternParser) namedChar(start int) (int, error) {
	v, n, err := unicodeName(p.rest())
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
	s, ok := property(name, p.flags.i)
	if !ok {
		return byteSet{}, p.errorf(start, "%s is no Unicode property known here: use a general category such as \\p{L}, or a class such as [A-Za-z]", show(name))
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
	if p.flags.charset == charsetD {
		p.unicode = true
	}
}

func (p *patternParser) backref(num int) *node {
	n := &node{op: opBackref, num: num, fold: p.flags.i}
	p.refs = append(p.refs, n)
	return n
}

func (p *patternParser) backrefName(name string) *node {
	n := &node{op: opBackref, name: name, fold: p.flags.i}
	p.refs = append(p.refs, n)
	return n
}

// namedReference reads what follows \g or \k.
func (p *patternParser) namedReference(start int, c byte) (*node, error) {
	closing := map[byte]string{'{': "}", '<': ">", '\'': "'"}[p.peek()]
	if closing == "" || c == 'g' && closing != "}" {
		n := 0
		if c == 'g' {
			for n < len(p.rest()) && ('0' <= p.rest()[n] && p.rest()[n] <= '9' || n == 0 && p.rest()[n] == '-') {
				n++
			}
		}
		if n == 0 {
			return nil, p.errorf(start, "\\%c needs a group: write \\g{1} or \\k<name>", c)
		}
		name := p.rest()[:n]
		p.pos += n
		return p.numberedReference(start, name)
	}
	end := strings.Index(p.rest()[1:], closing)
	if end < 0 {
		return nil, p.errorf(start, "the reference has no closing %s", closing)
	}
	name := strings.Trim(p.rest()[1:1+end], " \t")
	p.pos += end + 2
	if isName(name) {
		return p.backrefName(name), nil
	}
	if c == 'g' {
		return p.numberedReference(start, name)
	}
	return nil, p.errorf(start, "%s is no group name: a letter or _ comes first", show(name))
}

func (p *patternParser) numberedReference(start int, text string) (*node, error) {
	num, err := strconv.Atoi(text)
	if err != nil || num == 0 {
		return nil, p.errorf(start, "%s is no group: the first is 1", show(text))
	}
	if num < 0 {
		if num += p.groups + 1; num < 1 {
			return nil, p.errorf(start, "there is no group %s places back", text)
		}
	}
	return p.backref(num), nil
}

func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isWordByte(s[i]) || i == 0 && '0' <= s[i] && s[i] <= '9' {
			return false
		}
	}
	return s != ""
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}
