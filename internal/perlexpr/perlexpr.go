package perlexpr

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
	"github.com/imaphaul/imaphaul/internal/perlexpr/perlre"
)

// TimeLimit is how long one evaluation may take, for subjects up to 1 MiB. A
// longer subject has a second more per further MiB.
const TimeLimit = 5 * time.Second

// ErrTimeLimit is wrapped by the errors of expressions that took too long.
var ErrTimeLimit = perlre.ErrTimeLimit

// Expr is a compiled expression. It is immutable and safe for concurrent use.
type Expr struct {
	kind  Kind
	text  string
	limit time.Duration
	prog  *program
	uses  *uses
}

// uses counts nothing but whether the expression was ever asked, and ever had an
// effect. Copies with another time limit share it.
type uses struct{ asked, used atomic.Bool }

// Idle reports whether the expression was evaluated since Compile or Forget, and
// never matched nor changed anything.
func (e *Expr) Idle() bool { return e.uses.asked.Load() && !e.uses.used.Load() }

// Forget has Idle begin anew, after evaluations that were only a test.
func (e *Expr) Forget() {
	e.uses.asked.Store(false)
	e.uses.used.Store(false)
}

// note remembers an evaluation. Most of many millions find it remembered.
func (u *uses) note(effect bool) {
	if !u.asked.Load() {
		u.asked.Store(true)
	}
	if effect && !u.used.Load() {
		u.used.Store(true)
	}
}

// Compile reads the value of an option. The error names the option, the value,
// what is wrong with it and what to write instead; everything that can be
// wrong is found here, before any connection, but for the result of filling
// variables into a pattern and for the time an evaluation takes.
func Compile(kind Kind, text string) (*Expr, error) {
	e := &Expr{kind: kind, text: text, limit: TimeLimit, uses: &uses{}}
	if kind < 0 || int(kind) >= len(kindOptions) {
		return nil, fmt.Errorf("perlexpr: unknown kind %d", int(kind))
	}
	var err error
	if kind.bare() {
		e.prog, err = barePattern(text, kind)
	} else {
		e.prog, err = parseProgram(text, kind)
	}
	if err == nil && kind.deletes() {
		err = onlyMatch(e.prog)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, perllex.Show(text), err)
	}
	return e, nil
}

// barePattern compiles the values of --include and --exclude: the whole value
// is the pattern.
func barePattern(text string, k Kind) (*program, error) {
	ps, err := newPatternSource(template{{kind: partText, text: text}}, perlre.Flags{}, k)
	if err != nil {
		return nil, err
	}
	o := &operator{name: "m", source: text, pattern: ps}
	return &program{statements: []statement{{expr: assigned{&binding{op: o}}}}}, nil
}

// onlyMatch refuses, for the options that protect folders from deletion,
// whatever is not one plain match.
func onlyMatch(p *program) error {
	o, ok := p.single()
	switch {
	case !ok:
		return errors.New("it decides which folders are deleted and must be one match, as in m{^Archive/}, with nothing behind it")
	case o.name != "m":
		return fmt.Errorf("%s rewrites names, but this option decides which folders are deleted: write a match, as in m{^Archive/}", perllex.Show(o.source))
	}
	return nil
}

// Kind returns the option the expression was compiled for.
func (e *Expr) Kind() Kind { return e.kind }

// String returns the value as the user wrote it.
func (e *Expr) String() string { return e.text }

// MarshalText returns the value as the user wrote it.
func (e *Expr) MarshalText() ([]byte, error) { return []byte(e.text), nil }

// WithTimeLimit returns the same expression under another time limit for
// subjects up to 1 MiB. The limit is kept with a precision of a tenth of a
// second.
func (e *Expr) WithTimeLimit(d time.Duration) *Expr {
	c := *e
	c.limit = d
	return &c
}

func (e *Expr) limitFor(n int) time.Duration {
	return e.limit + time.Duration(n>>20)*time.Second
}

// Match evaluates the expression on s and returns its truth: whether a pattern
// matches, or whether a rewriting would have replaced anything. s is taken as
// bytes.
func (e *Expr) Match(s string, v Vars) (bool, error) {
	st, err := e.run(s, v)
	if err != nil {
		return false, err
	}
	e.uses.note(st.result)
	return st.result, nil
}

// Apply returns s rewritten. Expressions that only match leave s as it is. s
// is taken as bytes. On an error s comes back unchanged.
func (e *Expr) Apply(s string, v Vars) (string, error) {
	if e.kind.matches() {
		return s, nil
	}
	st, err := e.run(s, v)
	if err != nil {
		return s, err
	}
	e.uses.note(st.subject != s)
	return st.subject, nil
}

func (e *Expr) run(s string, v Vars) (*state, error) {
	st := &state{subject: s, vars: v, limit: e.limitFor(len(s))}
	truth, err := e.prog.run(st)
	switch {
	case errors.Is(err, ErrTimeLimit):
		return nil, fmt.Errorf("%s %s: %w: gave up after %v on a text of %d bytes: look for nested repetitions such as (a+)+ and anchor the pattern",
			e.kind, perllex.Show(e.text), ErrTimeLimit, st.limit, len(s))
	case err != nil:
		return nil, fmt.Errorf("%s %s: on a text of %d bytes: %w", e.kind, perllex.Show(e.text), len(s), err)
	case e.prog.comment && !truth && e.kind != Trans:
		return nil, fmt.Errorf("%s %s: the comment at its end makes it fail on texts it does not change or match: remove the comment", e.kind, perllex.Show(e.text))
	}
	return st, nil
}
