package perlexpr

import (
	"errors"
	"strings"
)

// parseEval reads the replacement of s///e. Code is never run: the one form in
// use, defined($1) ? $1 : q(), is recognised and becomes a template. Its two
// results may be a group, $& or a quoted string.
func parseEval(src string, times int, k Kind) (template, error) {
	if times > 1 {
		return nil, errNoCode
	}
	sc := &scanner{src: src, kind: k}
	sc.skipBlanks()
	if sc.word() != "defined" {
		return nil, errNoCode
	}
	sc.skipBlanks()
	paren := sc.take("(")
	group, err := sc.operand()
	if err != nil || len(group) != 1 || group[0].kind != partGroup || paren && !sc.take(")") || !sc.take("?") {
		return nil, errNoCode
	}
	yes, err := sc.operand()
	if err != nil || !sc.take(":") {
		return nil, errors.Join(errNoCode, err)
	}
	no, err := sc.operand()
	if err != nil || sc.pos < len(sc.src) {
		return nil, errors.Join(errNoCode, err)
	}
	return template{{kind: partIfGroup, num: group[0].num, sub: yes, other: no}}, nil
}

var errNoCode = errors.New("code is never run, so the modifier e is refused but for defined($1)?$1:q(): leave e out and use $1 \\U \\L \\E in the replacement")

// take passes over token and the blanks around it.
func (sc *scanner) take(token string) bool {
	sc.skipBlanks()
	if !strings.HasPrefix(sc.rest(), token) {
		return false
	}
	sc.pos += len(token)
	sc.skipBlanks()
	return true
}

// operand reads a group variable or a quoted string.
func (sc *scanner) operand() (template, error) {
	sc.skipBlanks()
	defer sc.skipBlanks()
	rest := sc.rest()
	if rest == "" {
		return nil, errNoCode
	}
	interpolated := false
	switch {
	case rest[0] == '$':
		in := &interpolator{src: rest, at: inReplacement, kind: sc.kind, stack: []caseFrame{{}}}
		if len(rest) == 1 {
			return nil, errNoCode
		}
		p, n, _, err := in.variable(rest)
		if err != nil {
			return nil, err
		}
		sc.pos += n
		return template{p}, nil
	case rest[0] == '\'':
	case rest[0] == '"':
		interpolated = true
	default:
		name := sc.word()
		if name != "q" && name != "qq" {
			return nil, errNoCode
		}
		if err := sc.toDelimiter(name); err != nil {
			return nil, err
		}
		interpolated = name == "qq"
	}
	raw, _, _, _, err := sc.delimited("the string", false)
	if err != nil {
		return nil, err
	}
	if interpolated {
		return interpolate(raw, inReplacement, sc.kind, false)
	}
	if raw == "" {
		return nil, nil
	}
	return template{{kind: partText, text: strings.ReplaceAll(raw, `\\`, `\`)}}, nil
}
