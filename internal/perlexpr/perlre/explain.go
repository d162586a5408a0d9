package perlre

import "strings"

// Groups is how many groups a pattern has.
func (p *Pattern) Groups() int { return p.syntax.groups }

// Named returns the numbers of the groups of a name.
func (p *Pattern) Named(name string) []int { return p.syntax.names[name] }

// GroupNames returns the names of groups in the order in which they stand.
func (p *Pattern) GroupNames() []string { return p.syntax.groupOrder() }

// Recursive reports whether the pattern recurses.
func (p *Pattern) Recursive() bool { return p.recursive }

// Where says which part of a text the pattern can match.
func (p *Pattern) Where() string { return where(p.syntax.root) }

// HasBareDot reports whether a . stands without a quantifier.
func (p *Pattern) HasBareDot() bool { return p.syntax.root.hasBareDot() }

// Shadowed finds, in an alternation of fixed texts, one that begins with an
// earlier one.
func (p *Pattern) Shadowed() (first, later string, ok bool) { return p.syntax.root.shadowed() }

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
