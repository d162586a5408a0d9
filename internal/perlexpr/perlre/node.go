package perlre

import "math"

// nodeOp tells what a node of a parsed pattern does.
type nodeOp byte

const (
	opEmpty    nodeOp = iota // matches nothing, successfully
	opFail                   // never matches
	opSet                    // one byte out of set
	opSeq                    // kids one after the other
	opAlt                    // first of kids that leads to a match
	opRepeat                 // kids[0], min to max times
	opCapture                // kids[0], remembered as group num
	opAtomic                 // kids[0], never backtracked into
	opLook                   // kids[0] ahead or behind
	opBackref                // what one of groups matched
	opCond                   // kids[1] if the condition holds, else kids[2]
	opBegin                  // \A, or ^ without m
	opBol                    // ^ with m
	opEndZ                   // \Z, or $ without m
	opEol                    // $ with m
	opEnd                    // \z
	opBoundary               // \b; negate for \B
	opStart                  // \G
	opKeep                   // \K
	opRecurse                // the body of group num again; 0 is the whole pattern
)

// repeatMode is what follows a quantifier.
type repeatMode byte

const (
	greedy     repeatMode = iota
	lazy                  // ?
	possessive            // +
)

// unbounded is the max of * and +.
const unbounded = math.MaxInt32

type node struct {
	op       nodeOp
	set      byteSet
	kids     []*node
	min, max int
	mode     repeatMode
	num      int
	name     string // backref or recursion by name, until resolved
	groups   []int  // candidates of a backref; the first that is set counts
	negate   bool   // opLook, opBoundary
	behind   bool   // opLook
	fold     bool   // opBackref under i
	latin1   bool   // opBoundary under u
}

func seq(kids ...*node) *node {
	switch len(kids) {
	case 0:
		return &node{op: opEmpty}
	case 1:
		return kids[0]
	}
	return &node{op: opSeq, kids: kids}
}

// sum adds lengths; unbounded stays unbounded.
func sum(a, b int) int {
	if a >= unbounded-b {
		return unbounded
	}
	return a + b
}

func product(n, times int) int {
	if n == 0 || times == 0 {
		return 0
	}
	if n > unbounded/times {
		return unbounded
	}
	return n * times
}

// lengths returns the fewest and the most bytes the node can match. Both are
// bounds: the fewest is never too high, the most never too low.
func (n *node) lengths() (least, most int) {
	switch n.op {
	case opSet:
		return 1, 1
	case opSeq:
		for _, k := range n.kids {
			l, m := k.lengths()
			least, most = sum(least, l), sum(most, m)
		}
		return least, most
	case opAlt:
		return alternatives(n.kids)
	case opCond:
		return alternatives(n.kids[1:])
	case opRepeat:
		l, m := n.kids[0].lengths()
		return product(l, n.min), product(m, n.max)
	case opCapture, opAtomic:
		return n.kids[0].lengths()
	case opBackref, opRecurse:
		return 0, unbounded
	default:
		return 0, 0
	}
}

func alternatives(kids []*node) (least, most int) {
	least = unbounded
	for _, k := range kids {
		l, m := k.lengths()
		least, most = min(least, l), max(most, m)
	}
	return least, most
}

// walk calls f for the node and all below it, until f returns false.
func (n *node) walk(f func(*node) bool) bool {
	if !f(n) {
		return false
	}
	for _, k := range n.kids {
		if !k.walk(f) {
			return false
		}
	}
	return true
}

// uses reports whether the pattern contains an operation.
func (n *node) uses(op nodeOp) bool {
	return !n.walk(func(k *node) bool { return k.op != op })
}

// count returns how often an operation occurs.
func (n *node) count(op nodeOp) int {
	total := 0
	n.walk(func(k *node) bool {
		if k.op == op {
			total++
		}
		return true
	})
	return total
}

// leading returns how often an operation occurs where a match begins: before
// anything else in its branch, and neither repeated nor looked around at.
func (n *node) leading(op nodeOp) int {
	switch n.op {
	case op:
		return 1
	case opSeq, opCapture, opAtomic:
		return n.kids[0].leading(op)
	case opAlt:
		total := 0
		for _, k := range n.kids {
			total += k.leading(op)
		}
		return total
	}
	return 0
}

// literal returns the text of a pattern that is nothing but fixed bytes.
func (n *node) literal() (string, bool) {
	switch n.op {
	case opEmpty:
		return "", true
	case opSet:
		b, ok := n.set.single()
		return string([]byte{b}), ok
	case opSeq:
		out := make([]byte, 0, len(n.kids))
		for _, k := range n.kids {
			b, ok := k.set.single()
			if k.op != opSet || !ok {
				return "", false
			}
			out = append(out, b)
		}
		return string(out), true
	}
	return "", false
}

// setRun returns the repetition a pattern consists of, if it is no more than a
// byte set repeated greedily at least once, perhaps in a group of its own.
func (n *node) setRun() (run *node, group int) {
	if n.op == opCapture {
		n, group = n.kids[0], n.num
	}
	if n.op == opSet {
		return &node{op: opRepeat, kids: []*node{n}, min: 1, max: 1}, group
	}
	if n.op == opRepeat && n.mode != lazy && n.min > 0 && n.kids[0].op == opSet {
		return n, group
	}
	return nil, 0
}

// required returns the longest run of byte sets, each a single byte or the two
// cases of an ASCII letter, that every match contains. A subject without such
// a run cannot match, which costs far less to see than to try the pattern.
func (n *node) required() (run string, fold bool) {
	var best, cur []byte
	bestFold, curFold := false, false
	flush := func() {
		if len(cur) > len(best) {
			best, bestFold = append([]byte(nil), cur...), curFold
		}
		cur, curFold = cur[:0], false
	}
	var visit func(*node)
	visit = func(k *node) {
		switch k.op {
		case opSet:
			if b, ok := k.set.single(); ok {
				cur = append(cur, b)
			} else if b, ok := k.set.letterPair(); ok {
				cur, curFold = append(cur, b), true
			} else {
				flush()
			}
		case opSeq:
			for _, kid := range k.kids {
				visit(kid)
			}
		case opCapture, opAtomic:
			visit(k.kids[0])
		case opRepeat:
			flush()
			if k.min > 0 {
				visit(k.kids[0])
				flush()
			}
		case opEmpty, opBegin, opBol, opEndZ, opEol, opEnd, opBoundary, opStart, opKeep, opLook:
			// They take no room: what stands before and after them is adjacent.
		default:
			flush()
		}
	}
	visit(n)
	flush()
	return string(best), bestFold
}

// letterPair returns the lower case of a set that holds exactly both cases of
// one ASCII letter.
func (s byteSet) letterPair() (byte, bool) {
	if s.len() != 2 {
		return 0, false
	}
	for c := byte('a'); c <= 'z'; c++ {
		if s.has(c) && s.has(c&^0x20) {
			return c, true
		}
	}
	return 0, false
}
