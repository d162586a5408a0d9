package perlexpr

import (
	"slices"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
	"github.com/imaphaul/imaphaul/internal/perlexpr/perlre"
)

// partKind tells what one part of a template yields.
type partKind byte

const (
	partText    partKind = iota // text, as it stands
	partVar                     // a value of Vars
	partSubject                 // the text before the substitution began
	partGroup                   // $1; 0 is $&
	partNamed                   // $+{name}
	partLast                    // $+, the last group that took part
	partBefore                  // $`
	partAfter                   // $'
	partCase                    // \U \L \F \u \l \Q over sub
	partIfGroup                 // defined($1) ? sub : other
)

type part struct {
	kind  partKind
	text  string // partText, key of partVar, name of partNamed
	num   int
	mod   byte // partCase
	sub   template
	other template
}

// template is a text with places to fill in: a replacement, or a pattern with
// variables.
type template []part

// constant returns the text of a template without places.
func (t template) constant() (string, bool) {
	switch {
	case len(t) == 0:
		return "", true
	case len(t) == 1 && t[0].kind == partText:
		return t[0].text, true
	}
	return "", false
}

// fill is what a template is evaluated with. In a pattern there is no match.
type fill struct {
	vars    Vars
	subject string
	match   *perlre.Found
	pattern *perlre.Pattern
}

func (t template) appendTo(dst []byte, f *fill) []byte {
	for i := range t {
		p := &t[i]
		switch p.kind {
		case partText:
			dst = append(dst, p.text...)
		case partVar:
			dst = append(dst, f.vars[p.text]...)
		case partSubject:
			dst = append(dst, f.subject...)
		case partGroup:
			dst = f.appendGroup(dst, p.num)
		case partNamed:
			for _, n := range f.pattern.Named(p.text) {
				if _, _, ok := f.match.Group(n); ok {
					dst = f.appendGroup(dst, n)
					break
				}
			}
		case partLast:
			for n := f.pattern.Groups(); n > 0; n-- {
				if _, _, ok := f.match.Group(n); ok {
					dst = f.appendGroup(dst, n)
					break
				}
			}
		case partBefore:
			dst = append(dst, f.subject[:f.match.Start]...)
		case partAfter:
			dst = append(dst, f.subject[f.match.End:]...)
		case partCase:
			dst = append(dst, applyCase(p.mod, p.sub.appendTo(nil, f))...)
		case partIfGroup:
			if _, _, ok := f.match.Group(p.num); ok {
				dst = p.sub.appendTo(dst, f)
			} else {
				dst = p.other.appendTo(dst, f)
			}
		}
	}
	return dst
}

// appendGroup appends what a group matched. A group that took no part, or that
// the pattern does not have, is empty.
func (f *fill) appendGroup(dst []byte, n int) []byte {
	if n > f.pattern.Groups() {
		return dst
	}
	if start, end, ok := f.match.Group(n); ok {
		dst = append(dst, f.subject[start:end]...)
	}
	return dst
}

// applyCase applies one of \U \L \F \u \l \Q in place, or returns a longer
// copy. Only ASCII letters have a case: the text is bytes.
func applyCase(mod byte, b []byte) []byte {
	switch mod {
	case 'U':
		for i, c := range b {
			b[i] = asciiUpper(c)
		}
	case 'L', 'F':
		for i, c := range b {
			b[i] = perllex.ASCIILower(c)
		}
	case 'u':
		if len(b) > 0 {
			b[0] = asciiUpper(b[0])
		}
	case 'l':
		if len(b) > 0 {
			b[0] = perllex.ASCIILower(b[0])
		}
	case 'Q':
		out := make([]byte, 0, 2*len(b))
		for _, c := range b {
			if !perllex.IsWordByte(c) {
				out = append(out, '\\')
			}
			out = append(out, c)
		}
		return out
	}
	return b
}

func asciiUpper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 0x20
	}
	return c
}

// varsUsed returns the names of the variables a template reads, sorted.
func (t template) varsUsed() []string {
	var names []string
	var visit func(template)
	visit = func(t template) {
		for _, p := range t {
			if p.kind == partVar {
				names = append(names, p.text)
			}
			visit(p.sub)
			visit(p.other)
		}
	}
	visit(t)
	slices.Sort(names)
	return slices.Compact(names)
}
