package mailtest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parser reads the parts of one reply, keeping the first error.
type parser struct {
	text     string
	literals [][]byte
	err      error
}

// literally skips s if it comes next.
func (p *parser) literally(s string) bool {
	rest, ok := strings.CutPrefix(p.text, s)
	if ok {
		p.text = rest
	}
	return ok
}

func (p *parser) fail(what string) {
	if p.err == nil {
		p.err = fmt.Errorf("expected %s at %.60q", what, p.text)
	}
}

// word reads up to a space or a parenthesis.
func (p *parser) word() string {
	end := strings.IndexAny(p.text, " ()")
	if end < 0 {
		end = len(p.text)
	}
	w := p.text[:end]
	p.text = p.text[end:]
	if w == "" {
		p.fail("a word")
	}
	return w
}

func (p *parser) number() uint64 {
	n, err := strconv.ParseUint(p.word(), 10, 64)
	if err != nil && p.err == nil {
		p.err = err
	}
	return n
}

// list reads a parenthesised list of words.
func (p *parser) list() []string {
	if !p.literally("(") {
		p.fail("a list")
		return nil
	}
	inside, rest, ok := strings.Cut(p.text, ")")
	if !ok {
		p.fail("the end of a list")
		return nil
	}
	p.text = rest
	return strings.Fields(inside)
}

// bytes reads what str reads. A literal is not copied: it may be large.
func (p *parser) bytes() []byte {
	if p.literally("{") {
		return p.literal()
	}
	return []byte(p.str())
}

// literal reads a literal behind its "{".
func (p *parser) literal() []byte {
	_, rest, ok := strings.Cut(p.text, "}")
	if !ok || len(p.literals) == 0 {
		if p.err == nil {
			p.err = errors.New("a literal is missing")
		}
		return nil
	}
	p.text = rest
	l := p.literals[0]
	p.literals = p.literals[1:]
	return l
}

// str reads an atom, a quoted string or a literal; NIL is "".
func (p *parser) str() string {
	switch {
	case p.literally(`"`):
		var out strings.Builder
		for i := 0; i < len(p.text); i++ {
			switch p.text[i] {
			case '"':
				p.text = p.text[i+1:]
				return out.String()
			case '\\':
				if i++; i < len(p.text) {
					out.WriteByte(p.text[i])
				}
			default:
				out.WriteByte(p.text[i])
			}
		}
		p.fail("the end of a string")
		return ""
	case p.literally("{"):
		return string(p.literal())
	}
	end := strings.IndexAny(p.text, " )")
	if end < 0 {
		end = len(p.text)
	}
	w := p.text[:end]
	p.text = p.text[end:]
	if w == "NIL" {
		return ""
	}
	return w
}
