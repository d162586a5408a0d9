package perlexpr

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// program is what a value says: one operator, or the few ways to chain them
// that need no Perl to be understood:
//
//	s/a/b/; $h2_fold =~ s/c/d/
//	s/a/b/ or $h2_fold =~ s/c/d/
//	s/a/b/ if $h2_fold =~ /^c/
//	/a/ && 0
type program struct {
	statements []statement
	// comment is true if a # comment ends the value. imapsync evaluates the
	// value followed by a statement that yields true; the comment hides it, so
	// that the value's own truth becomes the verdict.
	comment bool
}

type statement struct {
	expr   expression
	guard  expression // nil if there is no if or unless
	unless bool
	stop   bool // return
}

// state is one evaluation under way.
type state struct {
	subject string
	vars    Vars
	limit   time.Duration
	// result is what an assignment in front of the value would receive: the
	// part of the first statement that binds tighter than =.
	result    bool
	hasResult bool
}

// expression yields Perl's truth of a value.
type expression interface {
	eval(*state) (bool, error)
}

type constantTruth bool

func (c constantTruth) eval(*state) (bool, error) { return bool(c), nil }

// binding applies an operator to the subject: =~, or !~ if negated.
type binding struct {
	op     *operator
	negate bool
}

func (b *binding) eval(st *state) (bool, error) {
	out, truth, err := b.op.apply(st.subject, st.vars, st.limit)
	if err != nil {
		return false, err
	}
	st.subject = out
	return truth != b.negate, nil
}

// assigned notes the value an assignment would take.
type assigned struct{ expression }

func (a assigned) eval(st *state) (bool, error) {
	truth, err := a.expression.eval(st)
	if !st.hasResult {
		st.result, st.hasResult = truth, true
	}
	return truth, err
}

// logic is and/&& or or/||, which evaluate the right side only if it counts.
type logic struct {
	and         bool
	left, right expression
}

func (l *logic) eval(st *state) (bool, error) {
	truth, err := l.left.eval(st)
	if err != nil || truth != l.and {
		return truth, err
	}
	return l.right.eval(st)
}

// run evaluates the program. truth is the value of the last statement.
func (p *program) run(st *state) (truth bool, err error) {
	for _, s := range p.statements {
		if s.guard != nil {
			ok, err := s.guard.eval(st)
			if err != nil {
				return false, err
			}
			if ok == s.unless {
				truth = ok
				continue
			}
		}
		if truth, err = s.expr.eval(st); err != nil || s.stop {
			return truth, err
		}
	}
	return truth, nil
}

// single returns the only operator of a program that is no more than that.
func (p *program) single() (*operator, bool) {
	if len(p.statements) != 1 || p.comment || p.statements[0].guard != nil {
		return nil, false
	}
	a, ok := p.statements[0].expr.(assigned)
	if !ok {
		return nil, false
	}
	b, ok := a.expression.(*binding)
	if !ok || b.negate {
		return nil, false
	}
	return b.op, true
}

// operators lists the operators of a program in the order they are written.
func (p *program) operators() []*operator {
	var ops []*operator
	var visit func(expression)
	visit = func(e expression) {
		switch e := e.(type) {
		case assigned:
			visit(e.expression)
		case *binding:
			ops = append(ops, e.op)
		case *logic:
			visit(e.left)
			visit(e.right)
		}
	}
	for _, s := range p.statements {
		visit(s.expr)
		if s.guard != nil {
			visit(s.guard)
		}
	}
	return ops
}

// parseProgram reads a whole value.
func parseProgram(text string, k Kind) (*program, error) {
	sc := &scanner{src: text, kind: k}
	p := &program{}
	sc.skipBlanks()
	for {
		s, err := sc.statement(len(p.statements) == 0)
		if err != nil {
			return nil, err
		}
		p.statements = append(p.statements, s)
		for {
			if _, comment := sc.skipBlanks(); comment {
				// A comment that a further line ends hides nothing.
				p.comment = !strings.Contains(sc.src[strings.LastIndexByte(sc.src[:sc.pos], '#'):sc.pos], "\n")
			}
			if !sc.token(";") {
				break
			}
		}
		if sc.pos >= len(sc.src) {
			return p, nil
		}
		if sc.src[sc.lastSolid()] != ';' {
			return nil, fmt.Errorf("%s is left over behind the expression: modifiers stand right behind the last delimiter", perllex.Show(sc.rest()))
		}
	}
}

// lastSolid returns the position of the last byte before pos that is no blank.
func (sc *scanner) lastSolid() int {
	i := sc.pos - 1
	for i > 0 && strings.IndexByte(" \t\r\n\v\f", sc.src[i]) >= 0 {
		i--
	}
	return i
}

func (sc *scanner) statement(first bool) (statement, error) {
	var s statement
	var err error
	if !first && sc.keyword("return") {
		n, ok := sc.number()
		if !ok {
			return s, fmt.Errorf("return must be followed by a number")
		}
		return statement{expr: constantTruth(n != 0), stop: true}, nil
	}
	if s.expr, err = sc.low(first); err != nil {
		return s, err
	}
	for _, word := range []string{"if", "unless"} {
		if sc.keyword(word) {
			s.unless = word == "unless"
			if s.guard, err = sc.low(false); err != nil {
				return s, err
			}
			break
		}
	}
	// A comma may end a list, and numbers in it do nothing.
	for sc.token(",") {
		sc.number()
	}
	return s, nil
}

// low reads or and and, which bind looser than an assignment.
func (sc *scanner) low(first bool) (expression, error) {
	return sc.chain("or", false, func(first bool) (expression, error) {
		return sc.chain("and", true, func(first bool) (expression, error) {
			e, err := sc.high(first)
			if first && err == nil {
				e = assigned{e}
			}
			return e, err
		}, first)
	}, first)
}

// high reads || and &&.
func (sc *scanner) high(first bool) (expression, error) {
	return sc.chain("||", false, func(first bool) (expression, error) {
		return sc.chain("&&", true, sc.primary, first)
	}, first)
}

func (sc *scanner) chain(op string, and bool, next func(bool) (expression, error), first bool) (expression, error) {
	left, err := next(first)
	for err == nil && (perllex.IsWordByte(op[0]) && sc.keyword(op) || !perllex.IsWordByte(op[0]) && sc.token(op)) {
		var right expression
		if right, err = next(false); err == nil {
			left = &logic{and: and, left: left, right: right}
		}
	}
	return left, err
}

// primary reads one operator. Only the first of a value stands by itself; any
// other is bound to the variable that holds the subject.
func (sc *scanner) primary(first bool) (expression, error) {
	sc.skipBlanks()
	if first {
		o, err := sc.operator()
		if err != nil {
			return nil, err
		}
		return &binding{op: o}, nil
	}
	if n, ok := sc.number(); ok {
		return constantTruth(n != 0), nil
	}
	name := sc.kind.subject()
	if name == "" || !strings.HasPrefix(sc.rest(), "$"+name) || strings.HasPrefix(sc.rest()[1+len(name):], "_") {
		return nil, fmt.Errorf("%s is left over: one value holds one operator; give the option once more for the next", perllex.Show(sc.rest()))
	}
	sc.pos += 1 + len(name)
	negate := sc.token("!~")
	if !negate && !sc.token("=~") {
		return nil, fmt.Errorf("$%s must be followed by =~ and an operator", name)
	}
	sc.skipBlanks()
	o, err := sc.operator()
	if err != nil {
		return nil, err
	}
	return &binding{op: o, negate: negate}, nil
}

// token passes over punctuation and the blanks before it.
func (sc *scanner) token(t string) bool {
	saved := sc.pos
	sc.skipBlanks()
	if strings.HasPrefix(sc.rest(), t) {
		sc.pos += len(t)
		return true
	}
	sc.pos = saved
	return false
}

// keyword passes over a whole word and the blanks before it.
func (sc *scanner) keyword(w string) bool {
	saved := sc.pos
	sc.skipBlanks()
	if sc.word() == w {
		return true
	}
	sc.pos = saved
	return false
}

func (sc *scanner) number() (int, bool) {
	saved := sc.pos
	sc.skipBlanks()
	n, err := strconv.Atoi(sc.word())
	if err != nil {
		sc.pos = saved
		return 0, false
	}
	return n, true
}
