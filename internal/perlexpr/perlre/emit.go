package perlre

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// maxEmitted bounds the pattern handed to the engine, in bytes; only an
// expanded recursion comes near.
const maxEmitted = 256 << 10

var errTooLarge = errors.New("the expanded pattern is too large")

// emitter writes a parsed pattern in the dialect of regexp2, which is .NET's.
// Every character class has become a set of bytes and every modifier has been
// resolved by then, so that nothing in the output depends on options of the
// engine. One byte of the subject is one rune, U+0000 to U+00FF.
type emitter struct {
	syntax *syntax
	out    strings.Builder
	levels int // how many recursions may still be entered
	inside int // recursions entered
	behind int // look-behinds entered
}

// emit renders the pattern. levels is the depth to which recursion is written
// out. notEmptyHere adds the condition that a match does not end where the
// search began.
func emit(s *syntax, levels int, notEmptyHere bool) (string, error) {
	e := &emitter{syntax: s, levels: levels}
	if notEmptyHere {
		e.write("(?:")
	}
	if err := e.node(s.root, 0); err != nil {
		return "", err
	}
	if notEmptyHere {
		e.write(`)(?!\G)`)
	}
	return e.out.String(), nil
}

func (e *emitter) write(s string) { e.out.WriteString(s) }

// keepGroup is the group whose last capture marks where \K stood.
func (s *syntax) keepGroup() int { return s.groups + 1 }

// node writes n. after is the least number of bytes that what follows n in the
// same sequence must match.
func (e *emitter) node(n *node, after int) error {
	if e.out.Len() > maxEmitted {
		return errTooLarge
	}
	w := e.write
	switch n.op {
	case opEmpty:
		w("(?:)")
	case opFail:
		w("(?!)")
	case opSet:
		w(emitSet(n.set))
	case opSeq:
		follow := make([]int, len(n.kids)) // least length behind each kid
		for i := len(n.kids) - 1; i >= 0; i-- {
			follow[i] = after
			least, _ := n.kids[i].lengths()
			after = sum(after, least)
		}
		for i, k := range n.kids {
			if err := e.node(k, follow[i]); err != nil {
				return err
			}
		}
	case opAlt:
		return e.wrap("(?:", n.kids, "|", ")", after)
	case opRepeat:
		return e.repeat(n)
	case opCapture:
		if e.inside > 0 { // Perl restores the groups when a recursion returns
			return e.wrap("(?:", n.kids, "", ")", 0)
		}
		return e.wrap("(?<"+strconv.Itoa(n.num)+">", n.kids, "", ")", 0)
	case opAtomic:
		return e.wrap("(?>", n.kids, "", ")", 0)
	case opLook:
		return e.look(n)
	case opBackref:
		return e.backref(n)
	case opCond:
		return e.cond(n)
	case opBegin:
		w(`\A`)
	case opBol:
		// Perl has no beginning of a line behind the last newline of the text.
		if after > 0 && e.behind == 0 {
			w(`(?m:^)`)
		} else {
			w(`(?:(?m:^)(?:(?!\z)|\A))`)
		}
	case opEndZ:
		w(`\Z`)
	case opEol:
		w(`(?m:$)`)
	case opEnd:
		w(`\z`)
	case opStart:
		w(`\G`)
	case opKeep:
		w("(?<" + strconv.Itoa(e.syntax.keepGroup()) + ">)")
	case opBoundary:
		w(emitBoundary(n))
	case opRecurse:
		return e.recurse(n)
	default:
		return fmt.Errorf("perlexpr: node %d cannot be written", n.op)
	}
	return nil
}

func (e *emitter) wrap(open string, kids []*node, between, closing string, after int) error {
	e.write(open)
	for i, k := range kids {
		if i > 0 {
			e.write(between)
		}
		if err := e.node(k, after); err != nil {
			return err
		}
	}
	e.write(closing)
	return nil
}

func (e *emitter) repeat(n *node) error {
	open, closing := "", ""
	if n.mode == possessive {
		open, closing = "(?>", ")"
	}
	if n.kids[0].op != opSet {
		open, closing = open+"(?:", ")"+repeatSuffix(n)+closing
	} else {
		closing = repeatSuffix(n) + closing
	}
	return e.wrap(open, n.kids, "", closing, 0)
}

func repeatSuffix(n *node) string {
	var s string
	switch {
	case n.min == 0 && n.max == unbounded:
		s = "*"
	case n.min == 1 && n.max == unbounded:
		s = "+"
	case n.min == 0 && n.max == 1:
		s = "?"
	case n.max == unbounded:
		s = fmt.Sprintf("{%d,}", n.min)
	case n.min == n.max:
		s = fmt.Sprintf("{%d}", n.min)
	default:
		s = fmt.Sprintf("{%d,%d}", n.min, n.max)
	}
	if n.mode == lazy {
		s += "?"
	}
	return s
}

func (e *emitter) look(n *node) error {
	open := "(?"
	if n.behind {
		open += "<"
		e.behind++
		defer func() { e.behind-- }()
	}
	if n.negate {
		open += "!"
	} else {
		open += "="
	}
	return e.wrap(open, n.kids, "", ")", 0)
}

// backref writes a reference; of several groups with one name, the first that
// is set counts.
func (e *emitter) backref(n *node) error {
	if e.inside > 0 {
		return errors.New("a back-reference inside a recursion is not supported: write the text twice instead")
	}
	ref := func(num int) string {
		s := `\k<` + strconv.Itoa(num) + ">"
		if n.fold {
			s = "(?i:" + s + ")"
		}
		return s
	}
	last := len(n.groups) - 1
	for _, g := range n.groups[:last] {
		e.write("(?(" + strconv.Itoa(g) + ")" + ref(g) + "|")
	}
	e.write("(?:" + ref(n.groups[last]) + ")")
	e.write(strings.Repeat(")", last))
	return nil
}

func (e *emitter) cond(n *node) error {
	if n.num >= 0 && e.inside > 0 {
		return errors.New("a condition on a group inside a recursion is not supported: use a look-around")
	}
	if n.num > e.syntax.groups { // a group that does not exist is never set
		return e.wrap("(?:", n.kids[2:], "", ")", 0)
	}
	if n.num >= 0 {
		return e.wrap("(?("+strconv.Itoa(n.num)+")", n.kids[1:], "|", ")", 0)
	}
	e.write("(?")
	if err := e.node(n.kids[0], 0); err != nil {
		return err
	}
	return e.wrap("", n.kids[1:], "|", ")", 0)
}

// recurse writes the body of a group once more. Each level of a recursion that
// Perl would finish has eaten at least a byte of the subject, so that as many
// levels as the subject has bytes are all that can be needed.
func (e *emitter) recurse(n *node) error {
	if e.levels == 0 {
		e.write("(?!)")
		return nil
	}
	e.levels--
	e.inside++
	defer func() { e.levels++; e.inside-- }()
	return e.wrap("(?:", []*node{e.syntax.bodies[n.num]}, "", ")", 0)
}

// emitBoundary spells \b and \B out: the engine's own follow Unicode.
func emitBoundary(n *node) string {
	cs := CharsetD
	if n.latin1 {
		cs = CharsetU
	}
	w := emitSet(wordClass.set(cs))
	if n.negate {
		return "(?:(?<=" + w + ")(?=" + w + ")|(?<!" + w + ")(?!" + w + "))"
	}
	return "(?:(?<=" + w + ")(?!" + w + ")|(?<!" + w + ")(?=" + w + "))"
}

// emitSet writes a set so that the engine sees its simplest form: a character,
// all but one character, or ranges.
func emitSet(s byteSet) string {
	if b, ok := s.single(); ok {
		return emitByte(b, false)
	}
	switch s.len() {
	case 0:
		return "(?!)"
	case 256:
		return "(?s:.)"
	}
	if s.len() > 128 {
		return "[^" + emitRanges(s.negated()) + "]"
	}
	return "[" + emitRanges(s) + "]"
}

func emitRanges(s byteSet) string {
	var b strings.Builder
	for c := 0; c < 256; c++ {
		if !s.has(byte(c)) {
			continue
		}
		first := c
		for c < 255 && s.has(byte(c+1)) {
			c++
		}
		b.WriteString(emitByte(byte(first), true))
		if c > first+1 {
			b.WriteByte('-')
		}
		if c > first {
			b.WriteString(emitByte(byte(c), true))
		}
	}
	return b.String()
}

func emitByte(c byte, inSet bool) string {
	switch {
	case perllex.IsWordByte(c), c == ' ' && !inSet:
		return string(rune(c))
	case c < ' ', c == 0x7F, inSet, c >= 0x80:
		return fmt.Sprintf(`\x%02X`, c)
	}
	return `\` + string(rune(c))
}
