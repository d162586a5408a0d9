package perlexpr

import (
	"errors"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// place says where a text to interpolate stands; the rules differ.
type place byte

const (
	inPattern     place = iota // between the delimiters of m// and s///
	inReplacement              // second part of s///
	inString                   // "..." used as a pattern
)

// interpolate reads a text between delimiters the way Perl's lexer does before
// anything is matched (perlop, "Gory details of parsing quoted constructs"):
// variables, \U \L \u \l \F \Q \E, and, outside patterns, character escapes.
// In a pattern all other escapes are left to the pattern language.
func interpolate(src string, at place, k Kind, extended bool) (template, error) {
	in := &interpolator{src: src, at: at, kind: k, extended: extended, stack: []caseFrame{{}}}
	if err := in.run(); err != nil {
		return nil, err
	}
	for len(in.stack) > 1 {
		in.pop()
	}
	if in.unicode && in.cased {
		return nil, errors.New(`\N{U+...} beside \U or \L is not supported: write the bytes, as in \xC3\xA9`)
	}
	return in.finish(in.stack[0].parts), nil
}

// caseFrame collects the parts under one case operator.
type caseFrame struct {
	mod   byte
	parts template
}

type interpolator struct {
	src      string
	pos      int
	at       place
	kind     Kind
	extended bool // the x flag: # begins a comment
	stack    []caseFrame
	text     []byte
	unicode  bool // \N{U+80} or above, which gives Perl's cases Unicode rules
	cased    bool
}

func (in *interpolator) flush() {
	if len(in.text) > 0 {
		in.add(part{kind: partText, text: string(in.text)})
		in.text = nil
	}
}

func (in *interpolator) add(p part) {
	top := &in.stack[len(in.stack)-1]
	top.parts = append(top.parts, p)
}

func (in *interpolator) put(p part) {
	in.flush()
	in.add(p)
}

func (in *interpolator) push(mod byte) {
	in.flush()
	in.cased = in.cased || mod != 'Q'
	in.stack = append(in.stack, caseFrame{mod: mod})
}

// pop closes the innermost case operator.
func (in *interpolator) pop() {
	in.flush()
	top := in.stack[len(in.stack)-1]
	in.stack = in.stack[:len(in.stack)-1]
	p := part{kind: partCase, mod: top.mod, sub: in.finish(top.parts)}
	if text, ok := p.sub.constant(); ok {
		p = part{kind: partText, text: string(applyCase(top.mod, []byte(text)))}
	}
	// \u waits for the first character of what follows: nothing has followed.
	if p.kind == partText && p.text == "" {
		return
	}
	in.add(p)
}

// finish flushes what is pending and joins neighbouring texts.
func (in *interpolator) finish(parts template) template {
	if len(in.text) > 0 {
		parts = append(parts, part{kind: partText, text: string(in.text)})
		in.text = nil
	}
	var out template
	for _, p := range parts {
		if n := len(out); n > 0 && p.kind == partText && out[n-1].kind == partText {
			out[n-1].text += p.text
			continue
		}
		out = append(out, p)
	}
	return out
}

func (in *interpolator) rest() string { return in.src[in.pos:] }

func (in *interpolator) run() error {
	inClass := false
	for in.pos < len(in.src) {
		c := in.src[in.pos]
		switch {
		case c == '\\':
			if err := in.backslash(); err != nil {
				return err
			}
			continue
		case c == '$':
			if err := in.dollar(); err != nil {
				return err
			}
			continue
		case c == '@':
			if err := in.array(); err != nil {
				return err
			}
		case in.at == inPattern && strings.HasPrefix(in.rest(), "(?#"):
			end := strings.IndexByte(in.rest(), ')')
			if end < 0 {
				end = len(in.rest()) - 1
			}
			in.text = append(in.text, in.rest()[:end+1]...)
			in.pos += end + 1
			continue
		case in.at == inPattern && in.extended && c == '#' && !inClass:
			end := strings.IndexByte(in.rest(), '\n')
			if end < 0 {
				end = len(in.rest())
			}
			in.text = append(in.text, in.rest()[:end]...)
			in.pos += end
			continue
		case c == '[':
			inClass = true
		case c == ']':
			inClass = false
		}
		in.text = append(in.text, c)
		in.pos++
	}
	return nil
}

// backslash reads one escape.
func (in *interpolator) backslash() error {
	rest := in.rest()
	if len(rest) == 1 {
		in.text = append(in.text, '\\')
		in.pos++
		return nil
	}
	c := rest[1]
	if in.at == inReplacement && '1' <= c && c <= '9' && (len(rest) == 2 || rest[2] < '0' || rest[2] > '9') {
		// \1 is $1 here, even to the trap of $1[0].
		if err := noSubscript("$"+rest[1:2], rest[2:]); err != nil {
			return err
		}
		in.put(part{kind: partGroup, num: int(c - '0')})
		in.pos += 2
		return nil
	}
	if strings.IndexByte("lLuUEQF", c) >= 0 {
		in.caseOperator(c)
		return nil
	}
	if in.at == inPattern {
		in.text = append(in.text, '\\', c)
		in.pos += 2
		return nil
	}
	switch {
	case c == 'b':
		in.text = append(in.text, '\b')
		in.pos += 2
	case c == 'N':
		v, n, err := perllex.UnicodeName(rest[2:])
		if err != nil {
			return err
		}
		in.text = perllex.AppendChar(in.text, v)
		in.pos += 2 + n
		in.unicode = in.unicode || v >= 0x80
	default:
		v, n, err := perllex.CharEscape(rest)
		if err != nil {
			return err
		}
		in.text = perllex.AppendChar(in.text, v)
		in.pos += n
	}
	return nil
}

// caseOperator reads \L and its kin. \L and \U replace each other; \u and \l
// reach to the first character that follows, whatever stands between.
func (in *interpolator) caseOperator(c byte) {
	rest := in.rest()
	in.pos += 2
	if strings.HasPrefix(rest, `\L\u`) || strings.HasPrefix(rest, `\U\l`) { // taken as \u\L, \l\U
		in.push(rest[3])
		in.pos += 2
	}
	switch c {
	case 'E':
		for len(in.stack) > 1 {
			mod := in.stack[len(in.stack)-1].mod
			in.pop()
			if mod != 'u' && mod != 'l' {
				break
			}
		}
		return
	case 'L', 'U', 'F':
		for in.caseOpen() {
			in.pop()
		}
	}
	in.push(c)
}

func (in *interpolator) caseOpen() bool {
	for _, f := range in.stack {
		if f.mod == 'L' || f.mod == 'U' || f.mod == 'F' {
			return true
		}
	}
	return false
}
